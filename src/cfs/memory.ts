/** A `ClusterFs` in memory, for tests: the real tree with all its rules, without mount, database or socket. */
import { silentLogger } from "../log/logger.ts";
import { SingleMemberGroup } from "./group.ts";
import { localClusterFs } from "./local.ts";
import type { ClusterFs } from "./port.ts";
import { Replica } from "./replica.ts";
import { memoryStore } from "./store/port.ts";
import { execute, type Operation } from "./tree/operation.ts";
import { canonicalPath, parentPath } from "./tree/paths.ts";
import { Tree } from "./tree/tree.ts";

export interface MemoryClusterFsOptions {
  readonly nodeName: string;
  /** Path → text. Missing directories are made; the node's own exist anyway. */
  readonly files?: Readonly<Record<string, string>>;
  /** As on everyone's socket: private files are refused. */
  readonly isReadOnly?: boolean;
}

export function memoryClusterFs({ nodeName, files = {}, isReadOnly = false }: MemoryClusterFsOptions): ClusterFs {
  const tree = new Tree();
  for (const directory of ["qemu-server", "lxc", "priv"]) makeDirectories(tree, `nodes/${nodeName}/${directory}`);
  makeDirectories(tree, "priv/lock");
  for (const [asked, text] of Object.entries(files)) {
    const path = canonicalPath(asked, nodeName);
    makeDirectories(tree, parentPath(path));
    must(tree, { kind: "create", path });
    must(tree, { kind: "write", path, offset: 0, data: Buffer.from(text, "utf8"), truncate: true });
  }
  const replica = new Replica({
    nodeName,
    tree,
    store: memoryStore,
    group: new SingleMemberGroup(nodeName),
    clock: { now: () => Math.floor(Date.now() / 1000), monotonic: () => performance.now() / 1000 },
    log: silentLogger,
    pid: process.pid,
  });
  return localClusterFs(replica, { isReadOnly });
}

function makeDirectories(tree: Tree, path: string): void {
  if (path === "" || tree.lookup(path) !== undefined) return;
  makeDirectories(tree, parentPath(path));
  must(tree, { kind: "mkdir", path });
}

function must(tree: Tree, operation: Operation): void {
  const change = execute(tree, operation, { writer: 0, time: Math.floor(Date.now() / 1000) });
  if (typeof change === "string") throw new Error(`cannot ${operation.kind} ${operation.path}: ${change}`);
  if (change !== undefined) tree.apply(change);
}
