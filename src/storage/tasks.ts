/** The storage's work that runs in tasks. */
import type { TaskTable } from "../tasks/port.ts";
import { type DownloadRequest, download } from "./download.ts";
import type { NodeStorages } from "./node-storages.ts";
import { type PruneRequest, prune } from "./prune-storage.ts";
import { storeUpload, type UploadRequest } from "./store-upload.ts";

export interface StorageTaskDeps {
  readonly storages: NodeStorages;
}

export function storageTasks({ storages }: StorageTaskDeps): TaskTable {
  return {
    imgcopy: (args: UploadRequest, task) => storeUpload(storages, args, task),
    download: (args: DownloadRequest, task) => download(storages, args, task),
    imgdel: async ({ volid }: { readonly volid: string }, task) => {
      await storages.free(volid);
      task.log(`Removed volume '${volid}'`);
    },
    prunebackups: (args: PruneRequest, task) => prune(storages, args, (line) => task.log(line)),
  };
}
