/** What the methods of access control share: their ports, parameters and the way errors become answers. */
import type { CachedFiles } from "../../cfs/cached-files.ts";
import type { ClusterFs } from "../../cfs/port.ts";
import type { Logger } from "../../log/logger.ts";
import { ApiError, permissionError } from "../../rest/errors.ts";
import type { CallContext } from "../../rest/method.ts";
import { SectionUpdateError } from "../../section-config/index.ts";
import { RealmNotBuiltError } from "../access-errors.ts";
import type { AccessService } from "../access-service.ts";
import { AuthenticationError } from "../errors.ts";
import { compareBytes } from "../names.ts";
import type { PasswordLogin } from "../password-login.ts";
import type { UserChanges } from "../user-changes.ts";
import type { UserConfig } from "../user-config.ts";

export interface AccessMethodDeps {
  readonly cfs: ClusterFs;
  readonly files: CachedFiles;
  readonly access: AccessService;
  readonly login: PasswordLogin;
  readonly changes: UserChanges;
  readonly log: Logger;
}

export const USERID = {
  type: "string",
  format: "pve-userid",
  maxLength: 64,
  description: "User id, `name@realm`.",
} as const;
export const GROUPID = { type: "string", format: "pve-groupid", description: "Group name." } as const;
export const ROLEID = { type: "string", format: "pve-roleid", description: "Role name." } as const;
export const REALM = { type: "string", format: "pve-realm", maxLength: 32, description: "Realm name." } as const;
export const COMMENT = { type: "string", optional: 1, description: "Free text." } as const;
export const TOKEN_SUBID = {
  type: "string",
  pattern: "(?:[A-Za-z][A-Za-z0-9\\.\\-_]+)",
  description: "The token's name under its user.",
} as const;
export const NOTHING = { type: "null" } as const;

/** Runs `work`; refusals of this room become the answers that clients know. */
export async function answering<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AuthenticationError) throw new ApiError(401, error.message, undefined, { cause: error });
    if (error instanceof RealmNotBuiltError) throw new ApiError(501, error.message, undefined, { cause: error });
    if (error instanceof SectionUpdateError) {
      throw new ApiError(400, "Parameter verification failed.", { [error.parameter]: error.message }, { cause: error });
    }
    throw error;
  }
}

export function callerOf(call: CallContext): { authid: string; userid: string } {
  if (call.authid === undefined || call.userid === undefined) throw permissionError("user != null");
  return { authid: call.authid, userid: call.userid };
}

export function groupsOf(config: UserConfig, userid: string): string[] {
  return [...config.groups]
    .filter(([, { members }]) => members.has(userid))
    .map(([groupid]) => groupid)
    .sort(compareBytes);
}

/** Everybody sees himself; others, who may audit or administer all users or those of one of the user's groups. */
export function mayAudit(config: UserConfig, call: CallContext, userid: string): boolean {
  const may = (path: string): boolean => call.can(path, ["User.Modify", "Sys.Audit"], { any: true });
  return (
    userid === call.authid ||
    may("/access/groups") ||
    groupsOf(config, userid).some((group) => may(`/access/groups/${group}`))
  );
}
