/**
 * Which roles and privileges a user or token has on a path. Pure; the view keeps what it has computed, since the same
 * questions come with every request.
 */
import { aclPathParts, normalizeAclPath } from "./acl-path.ts";
import { ownerOf, ROOT_USER, splitTokenid } from "./names.ts";
import type { AccessView, PoolMembers } from "./port.ts";
import { ADMINISTRATOR_ROLE, NO_ACCESS_ROLE, PRIVILEGES } from "./privileges.ts";
import { type AclNode, type RoleGrants, type UserConfig, walkAcl } from "./user-config.ts";

/** Role or privilege → whether it propagates to paths below. */
export type Held = ReadonlyMap<string, boolean>;

const NOTHING: Held = new Map();
/** Answers kept per view. Paths come from requests, so their number has a limit. */
const MAX_REMEMBERED = 20_000;

export class UserConfigView implements AccessView {
  readonly config: UserConfig;
  readonly #remembered = new Map<string, Held>();
  readonly #poolIds: readonly string[];
  #aclPaths: readonly string[] | undefined;

  constructor(config: UserConfig) {
    this.config = config;
    this.#poolIds = [...config.pools.keys()].sort();
  }

  privileges(authid: string, path: string): Held {
    const key = `${authid}\0${path}`;
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    const held = this.#privileges(authid, normalizeAclPath(path) ?? path);
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(key, held);
    return held;
  }

  has(authid: string, path: string, privs: readonly string[], any = false): boolean {
    if (authid === ROOT_USER) return true;
    const held = this.privileges(authid, path);
    return any ? privs.some((priv) => held.has(priv)) : privs.every((priv) => held.has(priv));
  }

  isActive(authid: string, now: number): boolean {
    const user = this.config.users.get(ownerOf(authid));
    if (user === undefined || !user.enable || isExpired(user.expire, now)) return false;
    const name = splitTokenid(authid);
    if (name === undefined) return true;
    const token = user.tokens.get(name.subid);
    return token !== undefined && !isExpired(token.expire, now);
  }

  poolOfGuest(vmid: number): string | undefined {
    return this.config.poolByVmid.get(vmid);
  }

  aclPaths(): readonly string[] {
    this.#aclPaths ??= [...walkAcl(this.config.acl)].map(({ path }) => path);
    return this.#aclPaths;
  }

  hasUser(userid: string): boolean {
    return this.config.users.has(userid);
  }

  groupMembers(groupid: string): ReadonlySet<string> | undefined {
    return this.config.groups.get(groupid)?.members;
  }

  groupIds(): readonly string[] {
    return [...this.config.groups.keys()];
  }

  poolMembers(poolid: string): PoolMembers | undefined {
    return this.config.pools.get(poolid);
  }

  /** Direct roles of a user or token, pools not regarded; of a token without separation those of its owner. */
  roles(authid: string, path: string): Held {
    if (authid === ROOT_USER) return new Map([[ADMINISTRATOR_ROLE, true]]);
    const token = splitTokenid(authid);
    if (token !== undefined) {
      const record = this.config.users.get(token.userid)?.tokens.get(token.subid);
      if (record === undefined) return NOTHING;
      if (!record.privsep) return this.roles(token.userid, path);
    }
    return this.#walk(authid, aclPathParts(path));
  }

  #walk(authid: string, parts: readonly string[]): Held {
    let current: Held = NOTHING;
    let node: AclNode | undefined = this.config.acl;
    for (let depth = 0; node !== undefined; depth += 1) {
      const isLast = depth === parts.length;
      const found = this.#match(node, authid, isLast);
      if (found.size > 0) current = found;
      if (isLast) break;
      node = node.children.get(parts[depth] ?? "");
    }
    return current.has(NO_ACCESS_ROLE) ? new Map([[NO_ACCESS_ROLE, current.get(NO_ACCESS_ROLE) ?? false]]) : current;
  }

  /** The first kind of entry that says something here: for the token, the user, the groups. */
  #match(node: AclNode, authid: string, isLast: boolean): Held {
    const token = applicable(node.tokens.get(authid), isLast);
    if (token.size > 0) return token;
    const user = applicable(node.users.get(authid), isLast);
    if (user.size > 0) return user;
    const union = new Map<string, boolean>();
    for (const [groupid, grants] of node.groups) {
      if (!this.config.groups.get(groupid)?.members.has(authid)) continue;
      for (const [role, propagates] of applicable(grants, isLast)) {
        union.set(role, (union.get(role) ?? false) || propagates);
      }
    }
    return union;
  }

  #privileges(authid: string, path: string): Held {
    const token = splitTokenid(authid);
    const record = token && this.config.users.get(token.userid)?.tokens.get(token.subid);
    if (token !== undefined && record === undefined) return NOTHING;
    if (token !== undefined && !record?.privsep) return this.privileges(token.userid, path);
    const own = this.#privilegesOf(this.#rolesWithPools(authid, path));
    // root's tokens are limited by nothing but their own entries.
    if (token === undefined || token.userid === ROOT_USER) return own;
    const owners = this.privileges(token.userid, path);
    const both = new Map<string, boolean>();
    for (const [priv, propagates] of own) {
      const ownersPropagates = owners.get(priv);
      if (ownersPropagates !== undefined) both.set(priv, propagates && ownersPropagates);
    }
    return both;
  }

  /** A pool's roles hold on its members themselves, and never propagate. */
  #rolesWithPools(authid: string, path: string): Held {
    const direct = this.roles(authid, path);
    if (authid === ROOT_USER || direct.has(NO_ACCESS_ROLE)) return direct;
    const [top, name, ...below] = aclPathParts(path);
    if (name === undefined || below.length > 0 || (top !== "vms" && top !== "storage")) return direct;
    const all = new Map(direct);
    for (const poolid of this.#poolIds) {
      const pool = this.config.pools.get(poolid);
      const isMember = top === "vms" ? pool?.vmids.has(Number(name)) : pool?.storages.has(name);
      if (isMember !== true) continue;
      const roles = this.roles(authid, `/pool/${poolid}`);
      if (roles.has(NO_ACCESS_ROLE)) return new Map([[NO_ACCESS_ROLE, false]]);
      for (const role of roles.keys()) if (!all.has(role)) all.set(role, false);
    }
    return all;
  }

  #privilegesOf(roles: Held): Held {
    const held = new Map<string, boolean>();
    for (const [role, propagates] of roles) {
      for (const priv of this.config.roles.get(role) ?? []) held.set(priv, (held.get(priv) ?? false) || propagates);
    }
    return held;
  }
}

function isExpired(expire: number, now: number): boolean {
  return expire !== 0 && expire <= now;
}

/** Entries that count at a node: all at the path itself, above it only those that propagate. */
function applicable(grants: RoleGrants | undefined, isLast: boolean): Held {
  if (grants === undefined) return NOTHING;
  if (isLast) return grants;
  return new Map([...grants].filter(([, propagates]) => propagates));
}

const DUMPED_PATHS = ["/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms"];

/** What an id may do everywhere: path → privilege → 1 when it propagates. Paths without any privilege are left out. */
export function effectivePermissions(
  view: UserConfigView,
  authid: string,
  onlyPath?: string,
): Record<string, Record<string, 0 | 1>> {
  const members = [...view.config.pools.values()].flatMap(({ vmids, storages }) => [
    ...[...vmids].map((vmid) => `/vms/${vmid}`),
    ...[...storages].map((storage) => `/storage/${storage}`),
  ]);
  const paths = onlyPath === undefined ? new Set([...DUMPED_PATHS, ...view.aclPaths(), ...members]) : [onlyPath];
  const result: Record<string, Record<string, 0 | 1>> = {};
  for (const path of [...paths].sort()) {
    const held = authid === ROOT_USER ? new Map(PRIVILEGES.map((priv) => [priv, true])) : view.privileges(authid, path);
    if (held.size > 0)
      result[path] = Object.fromEntries([...held].sort().map(([priv, propagates]) => [priv, propagates ? 1 : 0]));
  }
  return result;
}

const CAPABILITY_PATHS = ["/", "/nodes", "/access/groups", "/vms", "/storage", "/sdn", "/mapping"];
const CAPABILITIES: Readonly<Record<string, RegExp>> = {
  vms: /^(VM\.|Permissions\.Modify$)/,
  access: /^(User\.|Group\.|Permissions\.Modify$)/,
  storage: /^(Datastore\.|Permissions\.Modify$)/,
  nodes: /^(Sys\.|Permissions\.Modify$)/,
  sdn: /^(SDN\.|Permissions\.Modify$)/,
  mapping: /^(Mapping\.|Permissions\.Modify$)/,
};
const DATACENTER = /^(Sys\.Audit|Sys\.Modify|SDN\..*)$/;

/** The short form of somebody's rights that a login brings: kind → privilege → 1. */
export function capabilities(view: UserConfigView, authid: string): Record<string, Record<string, 1>> {
  const caps: Record<string, Record<string, 1>> = {
    vms: {},
    access: {},
    storage: {},
    nodes: {},
    sdn: {},
    dc: {},
    mapping: {},
  };
  const add = (kind: string, filter: RegExp, held: Iterable<string>): void => {
    const target = caps[kind];
    if (target !== undefined) for (const priv of held) if (filter.test(priv)) target[priv] = 1;
  };
  for (const path of new Set([...CAPABILITY_PATHS, ...view.aclPaths()])) {
    const held = authid === ROOT_USER ? PRIVILEGES : [...view.privileges(authid, path).keys()];
    const top = aclPathParts(path)[0];
    if (top === undefined) add("dc", DATACENTER, held);
    else if (top === "pool") {
      add("vms", /^(VM\.|Permissions\.Modify$)/, held);
      add("storage", /^(Datastore\.|Permissions\.Modify$)/, held);
    } else {
      const filter = CAPABILITIES[top];
      if (filter !== undefined) add(top, filter, held);
    }
  }
  return caps;
}
