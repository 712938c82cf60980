/** Reads user.cfg: one record a line, fields separated by colons. */
import { aclPathParts, normalizeAclPath } from "./acl-path.ts";
import { isGroupid, isPoolid, isRoleid, isStorageid, isUserid, ROOT_USER, splitList, splitTokenid } from "./names.ts";
import { BUILT_IN_ROLES, isPrivilege } from "./privileges.ts";
import { aclNodeAt, ensurePool, newAclNode, newUser, type RoleGrants, type UserConfig } from "./user-config.ts";

export const USER_CONFIG = "user.cfg";

export interface ParsedUserConfig {
  readonly config: UserConfig;
  /** One line for each thing that is wrong. */
  readonly warnings: readonly string[];
  /** Those of {@link warnings} whose thing was left out, so that a rewritten file is without it. */
  readonly dropped: readonly string[];
}

/** @param isKept what is wrong stays in the file when it is written. */
type Warn = (text: string, isKept?: "kept") => void;
type RecordParser = (config: UserConfig, fields: readonly string[], warn: Warn) => void;

const RECORDS: Readonly<Record<string, RecordParser>> = {
  user: parseUser,
  token: parseToken,
  group: parseGroup,
  pool: parsePool,
  role: parseRole,
  acl: parseAcl,
};

export function parseUserConfig(text: string): ParsedUserConfig {
  const config: UserConfig = {
    users: new Map(),
    groups: new Map(),
    pools: new Map(),
    roles: new Map([...BUILT_IN_ROLES].map(([role, privileges]) => [role, new Set(privileges)])),
    acl: newAclNode(),
    poolByVmid: new Map(),
  };
  const warnings: string[] = [];
  const dropped: string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const trimmed = trim(line);
    if (trimmed === "") continue;
    const [type = "", ...fields] = trimmed.split(":").map(trim);
    const parse = Object.hasOwn(RECORDS, type) ? RECORDS[type] : undefined;
    const warn: Warn = (why, isKept) => {
      const warning = `file ${USER_CONFIG} line ${index + 1} - ${why}`;
      warnings.push(warning);
      if (isKept === undefined) dropped.push(warning);
    };
    if (parse === undefined) warn(`unknown record '${type}'`);
    else parse(config, fields, warn);
  }
  // A line that names a built-in role has no effect.
  for (const [role, privileges] of BUILT_IN_ROLES) config.roles.set(role, new Set(privileges));
  if (!config.users.has(ROOT_USER)) config.users.set(ROOT_USER, newUser());
  return { config, warnings, dropped };
}

const trim = (text: string): string => text.replace(/^[ \t\r\f\v]+|[ \t\r\f\v]+$/g, "");
const isTrue = (text: string): boolean => text !== "" && text !== "0";
/** The text `0` counts as empty, as everywhere in these files. */
const textOf = (field: string): string => (field === "0" ? "" : field);

/** Epoch seconds; empty is 0. Undefined when it is no number. */
function parseExpire(field: string): number | undefined {
  if (field === "") return 0;
  const seconds = /^[0-9]+$/.test(field) ? Number(field) : Number.NaN;
  return Number.isSafeInteger(seconds) ? seconds : undefined;
}

/** Undoes `%3A`; what is no UTF-8 afterwards shows as replacement characters. */
export function decodeField(field: string): string {
  const text = textOf(field);
  if (!text.includes("%")) return text;
  const bytes = text.replace(/%([0-9A-Fa-f]{2})|[^\0-\xff]|[\x80-\xff]/g, (found, hex: string | undefined) =>
    hex === undefined ? Buffer.from(found).toString("latin1") : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return textOf(Buffer.from(bytes, "latin1").toString("utf8"));
}

function parseUser(config: UserConfig, fields: readonly string[], warn: Warn): void {
  const [
    userid = "",
    enable = "",
    expireField = "",
    firstname = "",
    lastname = "",
    email = "",
    comment = "",
    keys = "",
  ] = fields;
  const expire = parseExpire(expireField);
  if (!isUserid(userid)) {
    warn(`invalid user name '${userid}'`);
    return;
  }
  if (expire === undefined) {
    warn(`user '${userid}': expiration date '${expireField}' is not a number`);
    return;
  }
  config.users.set(
    userid,
    newUser({
      enable: isTrue(enable),
      expire,
      firstname: decodeField(firstname),
      lastname: decodeField(lastname),
      email: textOf(email),
      comment: decodeField(comment),
      keys: textOf(keys),
    }),
  );
}

function parseToken(config: UserConfig, fields: readonly string[], warn: Warn): void {
  const [tokenid = "", expireField = "", privsep = "", comment = ""] = fields;
  const name = splitTokenid(tokenid);
  const expire = parseExpire(expireField);
  if (name === undefined) {
    warn(`invalid token '${tokenid}'`);
    return;
  }
  const owner = config.users.get(name.userid);
  if (owner === undefined) {
    warn(`token '${tokenid}': no such user`);
    return;
  }
  if (expire === undefined) {
    warn(`token '${tokenid}': expiration date '${expireField}' is not a number`);
    return;
  }
  const before = owner.tokens.get(name.subid);
  owner.tokens.set(name.subid, {
    expire,
    privsep: isTrue(privsep),
    comment: decodeField(comment) || (before?.comment ?? ""),
  });
}

function parseGroup(config: UserConfig, fields: readonly string[], warn: Warn): void {
  const [groupid = "", members = "", comment = ""] = fields;
  if (!isGroupid(groupid)) {
    warn(`invalid group name '${groupid}'`);
    return;
  }
  let group = config.groups.get(groupid);
  if (group === undefined) {
    group = { comment: "", members: new Set() };
    config.groups.set(groupid, group);
  }
  group.comment = decodeField(comment);
  for (const member of splitList(members)) {
    if (!isUserid(member)) {
      warn(`group '${groupid}': invalid user name '${member}'`);
      continue;
    }
    if (!config.users.has(member)) warn(`group '${groupid}': no such user '${member}'`, "kept");
    group.members.add(member);
  }
}

function parsePool(config: UserConfig, fields: readonly string[], warn: Warn): void {
  const [poolid = "", comment = "", vmids = "", storages = ""] = fields;
  if (!isPoolid(poolid)) {
    warn(`invalid pool name '${poolid}'`);
    return;
  }
  const pool = ensurePool(config, poolid);
  pool.comment = decodeField(comment) || pool.comment;
  for (const text of splitList(vmids)) {
    const vmid = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(vmid)) {
      warn(`pool '${poolid}': invalid vmid '${text}'`);
      continue;
    }
    const other = config.poolByVmid.get(vmid);
    if (other !== undefined) {
      warn(`pool '${poolid}': vmid ${vmid} is already in pool '${other}'`);
      continue;
    }
    config.poolByVmid.set(vmid, poolid);
    pool.vmids.add(vmid);
  }
  for (const storage of splitList(storages)) {
    if (isStorageid(storage)) pool.storages.add(storage);
    else warn(`pool '${poolid}': invalid storage '${storage}'`);
  }
}

function parseRole(config: UserConfig, fields: readonly string[], warn: Warn): void {
  const [roleid = "", privileges = ""] = fields;
  if (!isRoleid(roleid)) {
    warn(`invalid role name '${roleid}'`);
    return;
  }
  const role = config.roles.get(roleid) ?? new Set();
  config.roles.set(roleid, role);
  for (const privilege of splitList(privileges)) {
    if (isPrivilege(privilege)) role.add(privilege);
    else warn(`role '${roleid}': unknown privilege '${privilege}'`);
  }
}

function parseAcl(config: UserConfig, fields: readonly string[], warn: Warn): void {
  const [propagateField = "", pathField = "", subjects = "", roleList = ""] = fields;
  const path = normalizeAclPath(pathField);
  if (path === undefined) {
    warn(`invalid ACL path '${pathField}'`);
    return;
  }
  const roles: string[] = [];
  for (const role of splitList(roleList)) {
    if (!isRoleid(role)) warn(`acl '${path}': invalid role name '${role}'`);
    else if (!config.roles.has(role)) warn(`acl '${path}': unknown role '${role}'`);
    else roles.push(role);
  }
  for (const subject of splitList(subjects)) {
    const target = grantsOf(config, path, subject, warn);
    if (target === undefined) continue;
    for (const role of roles) target().set(role, isTrue(propagateField));
  }
}

/** Where the roles of an acl subject are kept, made on first use; undefined when the subject is left out. */
function grantsOf(config: UserConfig, path: string, subject: string, warn: Warn): (() => RoleGrants) | undefined {
  const inMap = (kind: "users" | "groups" | "tokens", name: string) => (): RoleGrants => {
    const entries = aclNodeAt(config.acl, aclPathParts(path))[kind];
    const grants = entries.get(name) ?? new Map();
    entries.set(name, grants);
    return grants;
  };
  if (subject.startsWith("@")) {
    const group = subject.slice(1);
    if (!isGroupid(group)) return void warn(`acl '${path}': invalid group name '${group}'`);
    if (!config.groups.has(group)) warn(`acl '${path}': unknown group '${group}'`, "kept");
    return inMap("groups", group);
  }
  if (isUserid(subject)) {
    if (!config.users.has(subject) && subject !== ROOT_USER) warn(`acl '${path}': unknown user '${subject}'`, "kept");
    return inMap("users", subject);
  }
  const token = splitTokenid(subject);
  if (token === undefined) return void warn(`acl '${path}': invalid user or token '${subject}'`);
  if (!config.users.get(token.userid)?.tokens.has(token.subid)) {
    return void warn(`acl '${path}': unknown token '${subject}'`);
  }
  return inMap("tokens", subject);
}
