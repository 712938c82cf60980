/**
 * Compiles a release's modules once, so that no daemon starts slowly or keeps the compiler's memory. www-data gets a
 * cache of its own that it cannot write afterwards: code that it could change must never be run.
 */
import { chownSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { accountIds } from "../../os/account-ids.ts";
import { encodeLayoutOptions, LAYOUT_ENV, type Layout } from "../../os/layout.ts";
import { runAsUser } from "../../os/run-as-user.ts";
import { NODE_FLAGS } from "../../supervisor/daemon-specs.ts";
import type { ReleasePaths } from "../../supervisor/release.ts";

const WARM_TIMEOUT_MS = 60_000;

export function warmCompileCache(layout: Layout, release: ReleasePaths): void {
  const mark = join(layout.quorateCache, `warm-${release.id}`);
  if (existsSync(mark)) return;
  for (const name of readdirSync(layout.quorateCache)) {
    if (name.startsWith("warm-")) rmSync(join(layout.quorateCache, name));
  }
  warm(layout, release, join(layout.quorateCache, "compile"));
  const www = layout.dropsPrivileges ? accountIds("www-data") : undefined;
  if (www !== undefined) {
    const directory = join(layout.quorateCache, "compile-www");
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    chownSync(directory, www.uid, www.gid);
    warm(layout, release, directory, www);
    ownTree(directory);
  }
  writeFileSync(mark, "");
}

function warm(layout: Layout, release: ReleasePaths, cache: string, user?: { uid: number; gid: number }): void {
  runAsUser({
    argv: [release.node, ...NODE_FLAGS, join(release.directory, "src/daemons/warm-modules.ts")],
    env: { NODE_COMPILE_CACHE: cache, [LAYOUT_ENV]: encodeLayoutOptions(layout) },
    timeoutMs: WARM_TIMEOUT_MS,
    ...(user === undefined ? {} : { user }),
  });
}

function ownTree(path: string): void {
  chownSync(path, 0, 0);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) ownTree(child);
    else chownSync(child, 0, 0);
  }
}
