/** Whether the built web interface is older than its sources. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const NOT_SOURCES = new Set(["dist", "node_modules", "e2e"]);

/** @param built a file that each build writes. A release has no sources: nothing is newer there. */
export function isStale(web: string, built: string): boolean {
  return newest(web) > statSync(built).mtimeMs;
}

function newest(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  const names = readdirSync(path).filter((name) => !NOT_SOURCES.has(name));
  return Math.max(0, ...names.map((name) => newest(join(path, name))));
}
