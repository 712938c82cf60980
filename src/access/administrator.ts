/** The account that a new node's first visitor logs in with: a fresh machine's root often has no password. */
import { randomInt } from "node:crypto";
import type { ClusterFs } from "../cfs/port.ts";
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

/**
 * Makes `admin@pve` with all rights, unless a user of that name exists.
 * @returns the generated password, or undefined when nothing was made.
 */
export async function ensureAdministrator(cfs: ClusterFs): Promise<string | undefined> {
  const password = Array.from({ length: PASSWORD_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
  const isNew = await new UserChanges(cfs).change(({ users, acl }) => {
    if (users.has(ADMINISTRATOR)) return false;
    users.set(ADMINISTRATOR, newUser({ comment: "Made at the first start" }));
    acl.users.set(ADMINISTRATOR, new Map([[ADMINISTRATOR_ROLE, true]]));
    return true;
  });
  if (!isNew) return undefined;
  await new ShadowFile(cfs).set(splitUserid(ADMINISTRATOR)?.user ?? "", hashPassword(password));
  return password;
}
