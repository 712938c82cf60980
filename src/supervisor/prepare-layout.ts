/** Makes the directories of a layout with their owners and modes. Existing ones keep what they have but the mode. */
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { accountIds } from "../os/account-ids.ts";
import type { Layout } from "../os/layout.ts";

interface Directory {
  readonly path: string;
  readonly mode: number;
  /** Owner, in a layout that drops privileges. Default root:root. */
  readonly owner?: "www-data" | "root:www-data";
}

function directoriesOf(layout: Layout): Directory[] {
  const compile = join(layout.quorateCache, "compile");
  return [
    { path: layout.clusterLib, mode: 0o750 },
    { path: layout.clusterRun, mode: 0o750, owner: "root:www-data" },
    { path: layout.pveproxyLogDir, mode: 0o750, owner: "www-data" },
    { path: layout.taskDir, mode: 0o755, owner: "www-data" },
    { path: layout.uploadDir, mode: 0o1777 },
    { path: layout.qemuRun, mode: 0o755 },
    { path: layout.qemuLock, mode: 0o755 },
    ...["", "images", "template/iso", "template/cache", "dump", "snippets", "private"].map((sub) => ({
      path: join(layout.localStorage, sub),
      mode: 0o755,
    })),
    { path: layout.rrdDir, mode: 0o755, owner: "www-data" },
    { path: layout.rrdJournalDir, mode: 0o755, owner: "www-data" },
    // rrdcached and its socket: it runs as www-data and makes pid file and socket itself.
    { path: dirname(layout.rrdcachedSocket), mode: 0o755 },
    { path: layout.quorateRun, mode: 0o755 },
    { path: layout.quorateLib, mode: 0o755 },
    { path: layout.quorateCache, mode: 0o755 },
    { path: compile, mode: 0o700 },
    { path: layout.quorateLogDir, mode: 0o750 },
  ];
}

/** @throws Error naming the path that cannot be made. */
export function prepareLayout(layout: Layout): void {
  const www = layout.dropsPrivileges ? accountIds("www-data") : undefined;
  if (layout.dropsPrivileges && www === undefined) {
    throw new Error("cannot prepare the node: this machine has no account 'www-data'");
  }
  for (const { path, mode, owner } of directoriesOf(layout)) {
    const existed = existsSync(path);
    makeDirectories(path, mode);
    // Shared directories of the machine (/run, /var/tmp) are not ours to change.
    if (existed && layout.isSystem && owner === undefined) continue;
    chmodSync(path, mode);
    if (www === undefined || owner === undefined) continue;
    chownSync(path, owner === "www-data" ? www.uid : 0, www.gid);
  }
}

/**
 * Makes what is missing, one by one: the recursive `mkdirSync` never returns below a directory that takes no entries
 * (`/proc`). `/var/lock` and `/var/run` are links into `/run`, which is empty after a boot where nobody else fills it.
 */
function makeDirectories(path: string, mode: number): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  makeDirectories(parent, mode);
  const isDangling = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  if (isDangling) {
    makeDirectories(resolve(parent, readlinkSync(path)), 0o755);
    return;
  }
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Another start was faster.
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}
