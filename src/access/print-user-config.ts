/** Writes user.cfg in its one canonical form: everything sorted by bytes, every record ended by a colon. */
import { compareBytes, ROOT_USER } from "./names.ts";
import { BUILT_IN_ROLES } from "./privileges.ts";
import { type AclNode, newUser, type UserConfig, type UserRecord, walkAcl } from "./user-config.ts";

export function printUserConfig(config: UserConfig): string {
  const users = new Map(config.users);
  if (!users.has(ROOT_USER)) users.set(ROOT_USER, newUser());
  const blocks = [
    sorted(users).flatMap(([userid, user]) => userLines(userid, user)),
    sorted(config.groups).map(([groupid, group]) =>
      record("group", groupid, list(group.members), encodeField(group.comment)),
    ),
    sorted(config.pools).map(([poolid, pool]) =>
      record("pool", poolid, encodeField(pool.comment), list([...pool.vmids].map(String)), list(pool.storages)),
    ),
    sorted(config.roles)
      .filter(([roleid]) => !BUILT_IN_ROLES.has(roleid))
      .map(([roleid, privileges]) => record("role", roleid, list(privileges))),
    [...walkAcl(config.acl)].flatMap(({ path, node }) => aclLines(path, node)),
  ];
  return blocks.map((lines) => lines.join("")).join("\n");
}

const record = (...fields: readonly string[]): string => `${fields.join(":")}:\n`;
const list = (items: Iterable<string>): string => [...items].sort(compareBytes).join(",");
const flag = (value: boolean): string => (value ? "1" : "0");

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => compareBytes(a, b));
}

function userLines(userid: string, user: UserRecord): string[] {
  const { enable, expire, firstname, lastname, email, comment, keys } = user;
  const names = [encodeField(firstname), encodeField(lastname)];
  return [
    record("user", userid, flag(enable), String(expire), ...names, email, encodeField(comment), keys),
    ...sorted(user.tokens).map(([subid, token]) =>
      record("token", `${userid}!${subid}`, String(token.expire), flag(token.privsep), encodeField(token.comment)),
    ),
  ];
}

function aclLines(path: string, node: AclNode): string[] {
  const lines: string[] = [];
  for (const propagate of [false, true]) {
    const subjectsByRoles = new Map<string, string[]>();
    const collect = (subject: string, grants: ReadonlyMap<string, boolean>): void => {
      const roles = list([...grants].filter(([, propagates]) => propagates === propagate).map(([role]) => role));
      if (roles === "") return;
      const subjects = subjectsByRoles.get(roles) ?? [];
      subjects.push(subject);
      subjectsByRoles.set(roles, subjects);
    };
    for (const [group, grants] of node.groups) collect(`@${group}`, grants);
    // Root needs no rights, and a line would suggest that taking it away changes something.
    for (const [user, grants] of node.users) if (user !== ROOT_USER) collect(user, grants);
    for (const [token, grants] of node.tokens) collect(token, grants);
    for (const [roles, subjects] of sorted(subjectsByRoles)) {
      lines.push(record("acl", flag(propagate), path, list(subjects), roles));
    }
  }
  return lines;
}

/** Percent-encodes `%`, `:` and every byte that is not printable ASCII. */
export function encodeField(text: string): string {
  let encoded = "";
  for (const byte of Buffer.from(text, "utf8")) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25 && byte !== 0x3a;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
