/** Storages: what the rest of the program may use. */
import type { Method } from "../rest/method.ts";
import { configMethods } from "./api/config-methods.ts";
import { contentMethods } from "./api/content-methods.ts";
import { downloadMethods } from "./api/download-methods.ts";
import type { StorageMethodDeps } from "./api/method-deps.ts";
import { nodeMethods } from "./api/node-methods.ts";
import { pruneMethods } from "./api/prune-methods.ts";
import { uploadMethod } from "./api/upload-method.ts";

export type { StorageMethodDeps } from "./api/method-deps.ts";
export { bandwidthLimit, type LimitFacts, type LimitQuestion } from "./bandwidth-limit.ts";
export { StorageError, StorageHangsError, StorageTypeNotBuiltError } from "./errors.ts";
export { NodeStorages, type NodeStoragesDeps } from "./node-storages.ts";
export { type StorageTaskDeps, storageTasks } from "./tasks.ts";
export { checkVolumeAccess, type VolumeAccessQuestion } from "./volume-access.ts";
export { matchVolumeId, splitVolumeId } from "./volume-names.ts";

export function storageMethods(deps: StorageMethodDeps): Method[] {
  return [
    ...configMethods(deps),
    ...nodeMethods(deps),
    ...contentMethods(deps),
    ...pruneMethods(deps),
    uploadMethod(deps),
    ...downloadMethods(deps),
  ];
}
