/** Parameters that many storage methods have. */
import { parameterError } from "../../rest/errors.ts";
import { matchVolumeId } from "../volume-names.ts";

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

/** Without the keys that have no value: absent parameters are not passed on. */
export function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
