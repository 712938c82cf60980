/** Users, groups, roles, realms, pools, second factors. */

import { byPattern, byTest, type FormatCheck, oneOfWords } from "./format.ts";
import { PRIVILEGES } from "./privileges.ts";

const REALM = "[A-Za-z][A-Za-z0-9.\\-_]+";
const USER = new RegExp(`^[^\\s:/]+@${REALM}$`);
const MAX_USERID_CHARS = 64;
const MAX_POOL_LEVELS = 3;

const userid: FormatCheck = (value) => {
  const length = [...value].length;
  if (length < 3) return `user name '${value}' is too short`;
  if (length > MAX_USERID_CHARS) return `user name '${value}' is too long (${length} > ${MAX_USERID_CHARS})`;
  return USER.test(value) ? undefined : `value '${value}' does not look like a valid user name`;
};

const poolid: FormatCheck = (value) => {
  if (value.split("/").length > MAX_POOL_LEVELS) {
    return `pool name '${value}' nested too deeply (max levels = ${MAX_POOL_LEVELS})`;
  }
  return /^[A-Za-z0-9.\-_]+(?:\/[A-Za-z0-9.\-_]+)*$/.test(value)
    ? undefined
    : `pool name '${value}' contains invalid characters`;
};

const TFA_SECRETS = [/^v2-0x[0-9a-fA-F]{16,128}$/, /^v2-[A-Z2-7=]{16,128}$/, /^(?:[A-Z2-7=]{16}|[A-Fa-f0-9]{40})$/];

export const accessFormats = {
  "ldap-simple-attr": byPattern(/^[a-zA-Z0-9]+$/, "value '{v}' does not look like a simple ldap attribute name"),
  "pve-groupid": byPattern(/^[A-Za-z0-9.\-_]+$/, "group name '{v}' contains invalid characters"),
  "pve-poolid": poolid,
  "pve-priv": oneOfWords(PRIVILEGES, "invalid privilege '{v}'"),
  "pve-realm": byPattern(new RegExp(`^${REALM}$`), "value does not look like a valid realm"),
  "pve-roleid": byPattern(/^[A-Za-z0-9.\-_]+$/, "role name '{v}' contains invalid characters"),
  "pve-tfa-secret": byTest((v) => TFA_SECRETS.some((form) => form.test(v)), "unable to decode TFA secret"),
  "pve-tokenid": byPattern(
    new RegExp(`^[^\\s:/]+@${REALM}!${REALM}$`),
    "value '{v}' does not look like a valid token ID",
  ),
  "pve-userid": userid,
} satisfies Record<string, FormatCheck>;
