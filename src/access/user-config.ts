/**
 * user.cfg as data: users with their tokens, groups, pools, roles, and the tree of rights. `parseUserConfig` never
 * fails: what it cannot read it leaves out and tells as a warning. `printUserConfig` (its own file) writes it back.
 */

export interface TokenRecord {
  /** Epoch seconds, 0 = never. */
  expire: number;
  /** Whether the token has only rights of its own (cut by its owner's). */
  privsep: boolean;
  comment: string;
}

export interface UserRecord {
  enable: boolean;
  /** Epoch seconds, 0 = never. */
  expire: number;
  firstname: string;
  lastname: string;
  email: string;
  comment: string;
  /** Reference to second factors in an old format, or `x` when the factors file has some. */
  keys: string;
  readonly tokens: Map<string, TokenRecord>;
}

export interface GroupRecord {
  comment: string;
  /** Names that are no users (any more) included. */
  readonly members: Set<string>;
}

export interface PoolRecord {
  comment: string;
  readonly vmids: Set<number>;
  readonly storages: Set<string>;
}

/** Roles of one subject on one path → whether they propagate to paths below. */
export type RoleGrants = Map<string, boolean>;

export interface AclNode {
  readonly children: Map<string, AclNode>;
  readonly users: Map<string, RoleGrants>;
  readonly groups: Map<string, RoleGrants>;
  readonly tokens: Map<string, RoleGrants>;
}

export type AclSubjectKind = "users" | "groups" | "tokens";

export interface UserConfig {
  readonly users: Map<string, UserRecord>;
  readonly groups: Map<string, GroupRecord>;
  readonly pools: Map<string, PoolRecord>;
  /** Built-in ones included. */
  readonly roles: Map<string, Set<string>>;
  readonly acl: AclNode;
  readonly poolByVmid: Map<number, string>;
}

export function newAclNode(): AclNode {
  return { children: new Map(), users: new Map(), groups: new Map(), tokens: new Map() };
}

export function newUser(fields: Partial<Omit<UserRecord, "tokens">> = {}): UserRecord {
  return {
    enable: true,
    expire: 0,
    firstname: "",
    lastname: "",
    email: "",
    comment: "",
    keys: "",
    tokens: new Map(),
    ...fields,
  };
}

/** The node of a normalised path, made with its parents when it is not there. */
export function aclNodeAt(root: AclNode, parts: readonly string[]): AclNode {
  let node = root;
  for (const part of parts) {
    let child = node.children.get(part);
    if (child === undefined) {
      child = newAclNode();
      node.children.set(part, child);
    }
    node = child;
  }
  return node;
}

/** Every node with its path, parents first, children in byte order. */
export function* walkAcl(node: AclNode, path = "/"): Generator<{ path: string; node: AclNode }> {
  yield { path, node };
  const names = [...node.children.keys()].sort();
  for (const name of names) {
    const child = node.children.get(name);
    if (child !== undefined) yield* walkAcl(child, path === "/" ? `/${name}` : `${path}/${name}`);
  }
}

/** Makes a pool and the parents that it lacks. */
export function ensurePool(config: UserConfig, poolid: string): PoolRecord {
  const slash = poolid.lastIndexOf("/");
  if (slash > 0) ensurePool(config, poolid.slice(0, slash));
  let pool = config.pools.get(poolid);
  if (pool === undefined) {
    pool = { comment: "", vmids: new Set(), storages: new Set() };
    config.pools.set(poolid, pool);
  }
  return pool;
}
