/** Access control: what the rest of the program may use. */
import type { Method } from "../rest/method.ts";
import { domainMethods } from "./api/domain-methods.ts";
import { factorMethods } from "./api/factor-methods.ts";
import { aclMethods, groupMethods, roleMethods } from "./api/group-methods.ts";
import { loginMethods } from "./api/login-methods.ts";
import type { AccessMethodDeps } from "./api/shared.ts";
import { userMethods } from "./api/user-methods.ts";

export { AlreadyInPoolError, RealmNotBuiltError, UnknownPoolError } from "./access-errors.ts";
export { AccessService } from "./access-service.ts";
export { ADMINISTRATOR, generatePassword, makeAdministrator } from "./administrator.ts";
export { type PoolMemberRow, type PoolMethodDeps, poolMethods } from "./api/pool-methods.ts";
export type { AccessMethodDeps } from "./api/shared.ts";
export { ensureKeys } from "./keys.ts";
export { PasswordLogin } from "./password-login.ts";
export { evaluatePermission } from "./permission-check.ts";
export { UserChanges } from "./user-changes.ts";

export function accessMethods(deps: AccessMethodDeps): Method[] {
  return [
    ...loginMethods(deps),
    ...userMethods(deps),
    ...factorMethods(deps),
    ...groupMethods(deps),
    ...roleMethods(deps),
    ...aclMethods(deps),
    ...domainMethods(deps),
  ];
}
