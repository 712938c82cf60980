/** What the storage methods have in common: parameters, and from domain errors to answers of the API. */
import type { AccessRecords } from "../../access/port.ts";
import type { ClusterFs } from "../../cfs/port.ts";
import type { Logger } from "../../log/logger.ts";
import type { Layout } from "../../os/layout.ts";
import { ApiError, notBuilt, parameterError, permissionError } from "../../rest/errors.ts";
import type { CallContext } from "../../rest/method.ts";
import { SectionDigestError, SectionUpdateError } from "../../section-config/index.ts";
import type { Tasks } from "../../tasks/port.ts";
import { StorageTypeNotBuiltError } from "../errors.ts";
import type { NodeStorages } from "../node-storages.ts";
import type { StorageEntry } from "../port.ts";
import { checkVolumeAccess } from "../volume-access.ts";
import { matchVolumeId } from "../volume-names.ts";

export interface StorageMethodDeps {
  readonly storages: NodeStorages;
  readonly cfs: ClusterFs;
  readonly tasks: Tasks;
  readonly layout: Layout;
  readonly log: Logger;
  /** Waits for a task. @returns its status, or undefined when it still runs after `timeoutMs`. */
  readonly waitForTask?: (upid: string, timeoutMs: number) => Promise<string | undefined>;
  /** Told of storages that are removed. */
  readonly accessRecords?: Pick<AccessRecords, "forgetStorage">;
}

export const NODE = { type: "string", format: "pve-node", description: "Node name." } as const;
export const STORAGE = { type: "string", format: "pve-storage-id", description: "Storage id." } as const;
export const STORAGE_OPTIONAL = { ...STORAGE, optional: 1 } as const;
export const VMID = {
  type: "integer",
  format: "pve-vmid",
  minimum: 100,
  maximum: 999_999_999,
  description: "Guest id.",
} as const;
export const VMID_OPTIONAL = { ...VMID, optional: 1 } as const;

/** Whoever may see or fill a storage. */
export const AUDIT_OR_SPACE = ["Datastore.Audit", "Datastore.AllocateSpace"] as const;
export const STORAGE_VISIBLE = {
  check: ["perm", "/storage/{storage}", AUDIT_OR_SPACE, "any", 1],
} as const;

export function canSee(call: CallContext, storage: string): boolean {
  return call.can(`/storage/${storage}`, AUDIT_OR_SPACE, { any: true });
}

/** The caller's name where the method needs a login. */
export function authidOf(call: CallContext): string {
  if (call.authid === undefined) throw permissionError("user != null");
  return call.authid;
}

/** Runs `work`; what this release does not do becomes 501, a wrong option 400. */
export async function answering<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StorageTypeNotBuiltError) throw new ApiError(501, error.message, undefined, { cause: error });
    if (error instanceof SectionUpdateError) throw parameterError({ [error.parameter]: error.message });
    if (error instanceof SectionDigestError) throw new ApiError(500, error.message, undefined, { cause: error });
    throw error;
  }
}

/** @throws ApiError 501 for types whose plugin is not there. */
export function requireBuilt(deps: StorageMethodDeps, type: string): void {
  if (!deps.storages.isBuilt(type)) throw notBuilt(`storage type '${type}'`);
}

/** `vol` of `…/content/{volume}`: a volume id, or a volname of the storage in the path. */
export function volumeIdOf(storage: string | undefined, volume: string): string {
  const given = matchVolumeId(volume);
  if (given === undefined) {
    if (storage === undefined)
      throw parameterError({ storage: `no storage ID specified - required to resolve volume '${volume}'` });
    return `${storage}:${volume}`;
  }
  if (storage !== undefined && given.storage !== storage) {
    throw parameterError({ volume: `storage ID mismatch (${given.storage} != ${storage})` });
  }
  return volume;
}

/** @throws ApiError 403 when the caller may not use the volume. */
export async function requireVolumeAccess(
  deps: StorageMethodDeps,
  call: CallContext,
  { volid, wanted }: { readonly volid: string; readonly wanted?: string },
): Promise<Awaited<ReturnType<NodeStorages["parse"]>>> {
  const volume = await deps.storages.parse(volid);
  const verdict = checkVolumeAccess(call.access, {
    authid: authidOf(call),
    volid,
    volume,
    ...(wanted === undefined ? {} : { wanted }),
  });
  switch (verdict.kind) {
    case "allowed":
      return volume;
    case "refused":
      throw permissionError(verdict.message);
    case "wrong-content":
      throw new ApiError(500, verdict.message);
    default:
      return verdict satisfies never;
  }
}

export function contentText(entry: StorageEntry): string {
  return entry.content.size === 0 ? "none" : [...entry.content].sort().join(",");
}

/** Without the keys that have no value: absent parameters are not passed on. */
export function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
