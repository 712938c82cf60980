/** Who may see, use and remove what on a storage. */
import { ApiError, permissionError } from "../../rest/errors.ts";
import type { CallContext } from "../../rest/method.ts";
import type { ParsedVolume } from "../port.ts";
import { checkVolumeAccess } from "../volume-access.ts";
import type { StorageMethodDeps } from "./method-deps.ts";

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

/** @throws ApiError 403 when the caller may not use the volume. */
export async function requireVolumeAccess(
  deps: StorageMethodDeps,
  call: CallContext,
  { volid, wanted }: { readonly volid: string; readonly wanted?: string },
): Promise<ParsedVolume> {
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
