/**
 * Loads every module of a release once so that the compile cache holds them all, and writes the cache. A module that is
 * missing there costs each process that loads it the type stripper: 11 MB that never come back.
 */
import { readdirSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { LAYOUT_ENV } from "../os/layout.ts";

const source = join(import.meta.dirname, "..");

/** Modules that do something when they are loaded: entries of processes and threads. */
function isEntry(path: string): boolean {
  return /^(daemons\/|cli\/quorate\.ts$)/.test(path) || /-(child|thread|worker|program)\.ts$/.test(path);
}

const modules = readdirSync(source, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => relative(source, join(entry.parentPath, entry.name)))
  .sort();

const load = (path: string): Promise<unknown> => import(pathToFileURL(join(source, path)).href);

process.on("exit", () => flushCompileCache());
for (const path of modules) if (!isEntry(path)) await load(path);
await load("daemons/services.ts");
flushCompileCache();

// Entries are compiled before they find that nobody has told them what to do. The command line's own is compiled by its
// first use, this one is running.
delete process.env[LAYOUT_ENV];
const skipped = new Set(["cli/quorate.ts", "daemons/warm-modules.ts", "daemons/services.ts"]);
for (const path of modules) {
  // That they refuse to run like this is what makes loading them safe.
  if (isEntry(path) && !skipped.has(path)) await load(path).catch(() => {});
}
process.exit(0);
