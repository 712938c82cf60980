/** Changes to user.cfg: under its cluster lock, from the file as it is then, written only if nobody else did. */
import { logDropped } from "../cfs/config-warnings.ts";
import type { ClusterFs } from "../cfs/port.ts";
import type { Logger } from "../log/logger.ts";
import { AlreadyInPoolError, UnknownPoolError } from "./access-errors.ts";
import { aclPathParts } from "./acl-path.ts";
import { parseUserConfig, USER_CONFIG } from "./parse-user-config.ts";
import type { AccessRecords } from "./port.ts";
import { printUserConfig } from "./print-user-config.ts";
import { type AclNode, type AclSubjectKind, type UserConfig, walkAcl } from "./user-config.ts";

const LOCK = "file-user_cfg";

export class UserChanges implements AccessRecords {
  readonly #cfs: ClusterFs;
  readonly #log: Logger;

  constructor({ cfs, log }: { readonly cfs: ClusterFs; readonly log: Logger }) {
    this.#cfs = cfs;
    this.#log = log;
  }

  /** Nothing is written when `edit` throws. */
  async change<T>(edit: (config: UserConfig) => T): Promise<T> {
    return await this.#cfs.lock(LOCK, async () => {
      const file = await this.#cfs.read(USER_CONFIG);
      const before = file?.data.toString("utf8") ?? "";
      const { config, dropped } = parseUserConfig(before);
      const result = edit(config);
      const after = printUserConfig(config);
      if (after === before) return result;
      await this.#cfs.write(USER_CONFIG, after, { ifDigest: file?.digest ?? null });
      logDropped(this.#log, dropped);
      return result;
    });
  }

  async addGuestToPool(vmid: number, poolid: string): Promise<void> {
    await this.change(({ pools, poolByVmid }) => {
      const pool = pools.get(poolid);
      if (pool === undefined) throw new UnknownPoolError(poolid);
      const other = poolByVmid.get(vmid);
      if (other !== undefined && other !== poolid) throw new AlreadyInPoolError(vmid, other);
      pool.vmids.add(vmid);
    });
  }

  async forgetGuest(vmid: number): Promise<void> {
    await this.change((config) => {
      for (const { vmids } of config.pools.values()) vmids.delete(vmid);
      dropAclPath(config.acl, `/vms/${vmid}`);
    });
  }

  async forgetStorage(storage: string): Promise<void> {
    await this.change((config) => {
      for (const { storages } of config.pools.values()) storages.delete(storage);
      dropAclPath(config.acl, `/storage/${storage}`);
    });
  }
}

/** Removes everything that is granted on a path and below it. */
export function dropAclPath(root: AclNode, path: string): void {
  const parts = aclPathParts(path);
  const last = parts.pop();
  let node: AclNode | undefined = root;
  for (const part of parts) node = node?.children.get(part);
  if (last !== undefined) node?.children.delete(last);
}

/** Removes what is granted to one user, group or token, everywhere. */
export function dropAclSubject(root: AclNode, kind: AclSubjectKind, name: string): void {
  for (const { node } of walkAcl(root)) node[kind].delete(name);
}

export function dropAclRole(root: AclNode, role: string): void {
  for (const { node } of walkAcl(root)) {
    for (const kind of ["users", "groups", "tokens"] as const) {
      for (const [name, grants] of node[kind]) if (grants.delete(role) && grants.size === 0) node[kind].delete(name);
    }
  }
}
