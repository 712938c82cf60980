/** A node's storages in a fresh directory. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CachedFiles } from "../cfs/cached-files.ts";
import { memoryClusterFs } from "../cfs/memory.ts";
import type { ClusterFs } from "../cfs/port.ts";
import { type Logger, silentLogger } from "../log/logger.ts";
import { BoundedChildren } from "../os/bounded-children.ts";
import { makeLayout } from "../os/layout.ts";
import { NodeStorages } from "./node-storages.ts";

export interface StorageRoom {
  readonly root: string;
  readonly cfs: ClusterFs;
  /** Cluster locks that were taken, in order. */
  readonly locks: string[];
  /** Text of storage.cfg. */
  config(): Promise<string | undefined>;
  readonly storages: NodeStorages;
  readonly children: BoundedChildren;
  /** A path below the room. */
  at(path: string): string;
  /** Replaces storage.cfg; `<root>` stands for the room. */
  configure(text: string): Promise<void>;
  close(): void;
}

export function makeStorageRoom(
  options: { log?: Logger; probeTimeoutMs?: number; workTimeoutMs?: number } = {},
): StorageRoom {
  const root = mkdtempSync(join(tmpdir(), "quorate-storage-"));
  const cfs = memoryClusterFs({ nodeName: "n1" });
  const locks: string[] = [];
  const lock = cfs.lock.bind(cfs);
  cfs.lock = (id, work, limits) => {
    locks.push(id);
    return lock(id, work, limits);
  };
  const files = new CachedFiles(cfs);
  const children = new BoundedChildren();
  const { log = silentLogger, ...limits } = options;
  const layout = makeLayout({ root, nodeName: "n1", isRootUser: false });
  return {
    root,
    cfs,
    locks,
    config: async () => (await cfs.read("storage.cfg"))?.data.toString("utf8"),
    children,
    storages: new NodeStorages({ cfs, files, layout, log, children, ...limits }),
    at: (path) => join(root, path),
    configure: (text) => cfs.write("storage.cfg", text.replaceAll("<root>", root)),
    close: () => {
      files.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
