/** Retention on a real storage: the plan for what lies there, and carrying it out. */
import { messageOf } from "../errors/quorate-error.ts";
import { StorageError } from "./errors.ts";
import type { Storages } from "./port.ts";
import { type PruneRules, type PruneVerdict, planPruning } from "./prune.ts";

export interface PruneRequest {
  readonly storage: string;
  readonly rules: PruneRules;
  readonly type?: "qemu" | "lxc";
  readonly vmid?: number;
}

export async function planOf(storages: Storages, request: PruneRequest): Promise<PruneVerdict[]> {
  const { storage, rules, type, vmid } = request;
  const listed = await storages.list(storage, { content: "backup", ...(vmid === undefined ? {} : { vmid }) });
  const backups = listed
    .filter(({ subtype }) => type === undefined || subtype === type)
    .map(({ volid, ctime, vmid: owner, protected: isProtected }) => ({
      volid,
      ctime: ctime ?? 0,
      ...(owner === undefined ? {} : { vmid: owner }),
      isProtected: isProtected === 1,
    }));
  return planPruning(backups, rules);
}

/** @throws StorageError when a backup could not be removed; the others are removed all the same. */
export async function prune(storages: Storages, request: PruneRequest, log: (line: string) => void): Promise<void> {
  let hasFailed = false;
  for (const { volid, mark } of await planOf(storages, request)) {
    if (mark !== "remove") continue;
    log(`removing backup '${volid}'`);
    try {
      await storages.free(volid);
    } catch (error) {
      log(messageOf(error));
      hasFailed = true;
    }
  }
  if (hasFailed) throw new StorageError("error pruning backups - check log");
}
