/**
 * What pvestatd is given: the cluster file system over root's socket, the guests, the storages, the list of tasks. Of
 * the guests only what watches them, so that the daemon does not carry everything that starts them.
 */
import { join } from "node:path";
import { CachedFiles } from "../cfs/cached-files.ts";
import { connectClusterFs } from "../cfs/ipc/client.ts";
import { VmWatch } from "../guests/qemu/watch.ts";
import type { Logger } from "../log/logger.ts";
import { releaseInfo } from "../node/release-info.ts";
import type { Layout } from "../os/layout.ts";
import { NodeStorages } from "../storage/node-storages.ts";
import { releaseId } from "../supervisor/release.ts";
import { TaskBroadcast } from "../tasks/broadcast.ts";
import { TaskStore } from "../tasks/task-store.ts";
import type { StatusServices } from "./pvestatd.ts";

const PROJECT_DIR = join(import.meta.dirname, "../..");

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
  const vms = new VmWatch({ layout, cfs, files, log });
  let isForced = true;
  cfs.watch((event) => {
    if (event.kind === "resync") isForced = true;
  });
  return {
    cfs,
    guests: vms,
    balloon: vms,
    cpuFlags: vms,
    release: releaseInfo(releaseId(PROJECT_DIR)),
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
