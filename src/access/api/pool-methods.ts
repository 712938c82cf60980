/** `/pools`: named sets of guests and storages. */
import { ApiError, parameterError } from "../../rest/errors.ts";
import { type CallContext, defineMethod, type Method } from "../../rest/method.ts";
import { AccessRecordError, AlreadyInPoolError, UnknownPoolError } from "../access-errors.ts";
import { compareBytes, splitList } from "../names.ts";
import { dropAclPath } from "../user-changes.ts";
import type { PoolRecord, UserConfig } from "../user-config.ts";
import { type AccessMethodDeps, COMMENT, NOTHING } from "./shared.ts";

/** A member as the lists of guests and storages describe it. */
export type PoolMemberRow = Readonly<Record<string, unknown>> & { readonly type: string };

export interface PoolMethodDeps extends Pick<AccessMethodDeps, "access" | "changes"> {
  /** Rows of the cluster's resources for these members. */
  readonly describeMembers: (members: {
    readonly vmids: ReadonlySet<number>;
    readonly storages: ReadonlySet<string>;
  }) => Promise<readonly PoolMemberRow[]>;
}

const POOLID = { type: "string", format: "pve-poolid", description: "Pool name, up to three levels." } as const;
const TYPE = {
  type: "string",
  enum: ["qemu", "lxc", "storage"],
  optional: 1,
  description: "Only members of this kind.",
} as const;
const ALLOCATE = { check: ["perm", "/pool/{poolid}", ["Pool.Allocate"]], extra_checks_in_code: {} } as const;
const MEMBERS = {
  type: "array",
  items: {
    type: "object",
    additionalProperties: 1,
    properties: {
      id: { type: "string" },
      node: { type: "string" },
      storage: { type: "string", optional: 1 },
      type: { type: "string", enum: ["qemu", "lxc", "openvz", "storage"] },
      vmid: { type: "integer", optional: 1 },
    },
  },
} as const;

const CHANGES = {
  poolid: POOLID,
  comment: COMMENT,
  vms: { type: "string", format: "pve-vmid-list", optional: 1, description: "Guests to add or remove." },
  storage: { type: "string", format: "pve-storage-id-list", optional: 1, description: "Storages to add or remove." },
  "allow-move": { type: "boolean", default: 0, optional: 1, description: "Take guests out of their present pool." },
  delete: { type: "boolean", default: 0, optional: 1, description: "Remove instead of add." },
} as const;

interface PoolChange {
  readonly poolid: string;
  readonly comment?: string | undefined;
  readonly vms?: string | undefined;
  readonly storage?: string | undefined;
  readonly "allow-move"?: boolean | undefined;
  readonly delete?: boolean | undefined;
}

export function poolMethods(deps: PoolMethodDeps): Method[] {
  const { access, changes } = deps;
  const update = async (params: PoolChange, call: CallContext): Promise<undefined> => {
    await changes.change((config) => updatePool(config, params, call));
    return undefined;
  };
  const remove = async ({ poolid }: { poolid: string }): Promise<undefined> => {
    await changes.change((config) => removePool(config, poolid));
    return undefined;
  };
  const members = async (pool: PoolRecord, type: string | undefined): Promise<readonly PoolMemberRow[]> =>
    (await deps.describeMembers(pool)).filter((row) => type === undefined || row.type === type);
  return [
    defineMethod({
      path: "/pools",
      method: "GET",
      name: "index",
      description: "List pools, or one with its members.",
      permissions: { user: "all", extra_checks_in_code: { privs: ["Pool.Audit"], paths: ["/pool/<pool>"] } },
      parameters: { poolid: { ...POOLID, optional: 1 }, type: { ...TYPE, requires: "poolid" } },
      returns: {
        type: "array",
        items: {
          type: "object",
          properties: { poolid: { type: "string" }, comment: COMMENT, members: { ...MEMBERS, optional: 1 } },
        },
        links: [{ rel: "child", href: "{poolid}" }],
      },
      async handler({ poolid, type }, call) {
        const { config } = await access.view();
        if (poolid === undefined) {
          return [...config.pools]
            .filter(([id]) => call.can(`/pool/${id}`, ["Pool.Audit"]))
            .sort(([a], [b]) => compareBytes(a, b))
            .map(([id, pool]) => describe(id, pool));
        }
        call.check(`/pool/${poolid}`, ["Pool.Audit"]);
        const pool = existing(config, poolid);
        return [{ ...describe(poolid, pool), members: await members(pool, type) }];
      },
    }),
    defineMethod({
      path: "/pools/{poolid}",
      method: "GET",
      name: "read_pool",
      description: "One pool with its members.",
      permissions: { check: ["perm", "/pool/{poolid}", ["Pool.Audit"]] },
      parameters: { poolid: POOLID, type: TYPE },
      returns: { type: "object", additionalProperties: 0, properties: { comment: COMMENT, members: MEMBERS } },
      async handler({ poolid, type }) {
        const pool = existing((await access.view()).config, poolid);
        const { comment } = pool;
        return { members: await members(pool, type), ...(comment === "" ? {} : { comment }) };
      },
    }),
    defineMethod({
      path: "/pools",
      method: "POST",
      name: "create_pool",
      description: "Make a pool.",
      protected: 1,
      permissions: { check: ["perm", "/pool/{poolid}", ["Pool.Allocate"]] },
      parameters: { poolid: POOLID, comment: COMMENT },
      returns: NOTHING,
      async handler({ poolid, comment }) {
        await changes.change(({ pools }) => {
          if (pools.has(poolid)) throw new AccessRecordError(`create pool failed: pool '${poolid}' already exists`);
          const parent = poolid.slice(0, Math.max(0, poolid.lastIndexOf("/")));
          if (parent !== "" && !pools.has(parent))
            throw new AccessRecordError(`create pool failed: parent pool '${parent}' does not exist`);
          pools.set(poolid, { comment: comment ?? "", vmids: new Set(), storages: new Set() });
        });
        return undefined;
      },
    }),
    defineMethod({
      path: "/pools",
      method: "PUT",
      name: "update_pool",
      description: "Change a pool's comment or members.",
      protected: 1,
      permissions: ALLOCATE,
      parameters: CHANGES,
      returns: NOTHING,
      handler: update,
    }),
    defineMethod({
      path: "/pools/{poolid}",
      method: "PUT",
      name: "update_pool_deprecated",
      description: "The same as PUT /pools; names with a slash need that one.",
      protected: 1,
      permissions: ALLOCATE,
      parameters: CHANGES,
      returns: NOTHING,
      handler: update,
    }),
    defineMethod({
      path: "/pools",
      method: "DELETE",
      name: "delete_pool",
      description: "Remove an empty pool.",
      protected: 1,
      permissions: ALLOCATE,
      parameters: { poolid: POOLID },
      returns: NOTHING,
      handler: remove,
    }),
    defineMethod({
      path: "/pools/{poolid}",
      method: "DELETE",
      name: "delete_pool_deprecated",
      description: "The same as DELETE /pools; names with a slash need that one.",
      protected: 1,
      permissions: ALLOCATE,
      parameters: { poolid: POOLID },
      returns: NOTHING,
      handler: remove,
    }),
  ];
}

function describe(poolid: string, { comment }: PoolRecord): Record<string, unknown> {
  return { poolid, ...(comment === "" ? {} : { comment }) };
}

function existing(config: UserConfig, poolid: string): PoolRecord {
  const pool = config.pools.get(poolid);
  if (pool === undefined) throw new UnknownPoolError(poolid);
  return pool;
}

/** Who changes a pool's members also needs a right on each member. */
function updatePool(config: UserConfig, params: PoolChange, call: CallContext): void {
  const pool = existing(config, params.poolid);
  const isRemoval = params.delete === true;
  if (params.comment !== undefined) pool.comment = params.comment;
  for (const text of splitList(params.vms ?? "")) {
    const vmid = Number(text);
    call.check(`/vms/${vmid}`, ["VM.Allocate", "Permissions.Modify"], { any: true });
    const present = config.poolByVmid.get(vmid);
    if (isRemoval) {
      if (present !== params.poolid) throw parameterError({ vms: `VM ${vmid} is not a pool member` });
      pool.vmids.delete(vmid);
    } else if (present === params.poolid) {
      throw parameterError({ vms: `VM ${vmid} is already a pool member` });
    } else {
      if (present !== undefined && params["allow-move"] !== true) throw new AlreadyInPoolError(vmid, present);
      if (present !== undefined) {
        call.check(`/pool/${present}`, ["Pool.Allocate"]);
        config.pools.get(present)?.vmids.delete(vmid);
      }
      pool.vmids.add(vmid);
    }
  }
  for (const storage of splitList(params.storage ?? "")) {
    call.check(`/storage/${storage}`, ["Datastore.Allocate", "Permissions.Modify"], { any: true });
    const isMember = pool.storages.has(storage);
    if (isMember !== isRemoval) {
      throw parameterError({ storage: `Storage '${storage}' is ${isRemoval ? "not" : "already"} a pool member` });
    }
    if (isRemoval) pool.storages.delete(storage);
    else pool.storages.add(storage);
  }
}

function removePool(config: UserConfig, poolid: string): void {
  const { vmids, storages } = existing(config, poolid);
  if (vmids.size > 0) throw new ApiError(500, `pool '${poolid}' is not empty (contains VM ${[...vmids][0]})`);
  if (storages.size > 0)
    throw new ApiError(500, `pool '${poolid}' is not empty (contains storage '${[...storages][0]}')`);
  if ([...config.pools.keys()].some((id) => id.startsWith(`${poolid}/`))) {
    throw new ApiError(500, `pool '${poolid}' is not empty (contains pools)`);
  }
  config.pools.delete(poolid);
  dropAclPath(config.acl, `/pool/${poolid}`);
}
