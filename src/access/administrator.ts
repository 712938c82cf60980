/** The account that a new node's first visitor logs in with: a fresh machine's root often has no password. */
import { randomInt } from "node:crypto";
import type { ClusterFs } from "../cfs/port.ts";
import type { Logger } from "../log/logger.ts";
import { hashPassword } from "../os/crypt.ts";
import { splitUserid } from "./names.ts";
import { ADMINISTRATOR_ROLE } from "./privileges.ts";
import { ShadowFile } from "./secret-files.ts";
import { UserChanges } from "./user-changes.ts";
import { newUser } from "./user-config.ts";

export const ADMINISTRATOR = "admin@pve";
/** No letters that look alike. */
const ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789";
const PASSWORD_LENGTH = 20;

/** A password for it that people can type. */
export function generatePassword(): string {
  return Array.from({ length: PASSWORD_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
}

/**
 * Makes `admin@pve` with this password and all rights. May be repeated with the same password after it was cut off: the
 * password is there before the account.
 */
export async function makeAdministrator(cfs: ClusterFs, log: Logger, password: string): Promise<void> {
  await new ShadowFile(cfs).set(splitUserid(ADMINISTRATOR)?.user ?? "", await hashPassword(password));
  await new UserChanges({ cfs, log }).change(({ users, acl }) => {
    if (!users.has(ADMINISTRATOR)) users.set(ADMINISTRATOR, newUser({ comment: "Made at the first start" }));
    acl.users.set(ADMINISTRATOR, new Map([[ADMINISTRATOR_ROLE, true]]));
  });
}
