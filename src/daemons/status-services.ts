/** What pvestatd is given: the cluster file system over root's socket, the storages, the list of tasks. */
import { CachedFiles } from "../cfs/cached-files.ts";
import { connectClusterFs } from "../cfs/ipc/client.ts";
import type { Logger } from "../log/logger.ts";
import type { Layout } from "../os/layout.ts";
import { NodeStorages } from "../storage/index.ts";
import { TaskBroadcast } from "../tasks/broadcast.ts";
import { TaskStore } from "../tasks/task-store.ts";
import type { StatusServices } from "./pvestatd.ts";

export function createStatusServices({
  layout,
  log,
}: {
  readonly layout: Layout;
  readonly log: Logger;
}): StatusServices {
  const cfs = connectClusterFs({ socketPath: layout.cfsSocket, nodeName: layout.nodeName, log });
  const files = new CachedFiles(cfs);
  const store = new TaskStore(layout);
  store.prepare();
  const tasks = new TaskBroadcast({ store, cfs, log, tag: "pvestatd" });
  let isForced = true;
  cfs.watch((event) => {
    if (event.kind === "resync") isForced = true;
  });
  return {
    cfs,
    storages: new NodeStorages({ cfs, files, layout, log }),
    async refreshTaskList() {
      // A cluster file system that was restarted has forgotten the list.
      const options = { isForced };
      isForced = false;
      await tasks.refresh(options);
    },
    async close() {
      files.close();
      await cfs.close();
    },
  };
}
