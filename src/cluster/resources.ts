/**
 * The cluster's nodes, guests, storages and pools as one list, from what the nodes broadcast: every row is as old as
 * the broadcast that it comes from, and says so (`at`, epoch seconds) where an event stream carries it.
 */
import type { AccessView } from "../access/port.ts";
import type { ClusterFs, GuestEntry } from "../cfs/port.ts";

/** What storages a node has, by the configuration. */
export interface StorageFact {
  readonly storage: string;
  readonly type: string;
  readonly content: ReadonlySet<string>;
  readonly isShared: boolean;
  readonly isEnabled: boolean;
  /** Absent: all nodes. */
  readonly nodes?: ReadonlySet<string>;
}

export interface ResourceDeps {
  readonly cfs: ClusterFs;
  readonly storages: () => Promise<readonly StorageFact[]>;
}

export type ResourceRow = Record<string, unknown> & { readonly id: string; readonly type: string };

/** Broadcasts that are older say nothing about now. */
const STALE_S = 120;
const GUEST_PROPERTIES = ["name", "hostname", "tags", "lock", "template", "memory", "cores", "sockets"] as const;

export class ClusterResources {
  readonly #deps: ResourceDeps;

  constructor(deps: ResourceDeps) {
    this.#deps = deps;
  }

  /** Every row, whoever asks. @param now epoch seconds. */
  async rows(now: number): Promise<ResourceRow[]> {
    const { cfs } = this.#deps;
    const [rrd, info, guests, properties, storages] = await Promise.all([
      cfs.rrd(),
      cfs.info(),
      cfs.guests(),
      cfs.guestProperties(GUEST_PROPERTIES),
      this.#deps.storages(),
    ]);
    const members = info.cluster?.members ?? [{ name: info.nodeName, id: 0, online: true }];
    const online = new Set(members.filter((member) => member.online).map(({ name }) => name));
    const nodes = members.map(({ name }) => nodeRow(name, online.has(name), rrd.get(`pve-node-9.0/${name}`), now));
    const guestRows = [...guests.values()].map((guest) =>
      guestRow(
        guest,
        properties.get(guest.vmid) ?? {},
        online.has(guest.node) ? rrd.get(`pve-vm-9.0/${guest.vmid}`) : undefined,
        now,
        online.has(guest.node),
      ),
    );
    const storageRows = members.flatMap(({ name }) =>
      storages
        .filter(({ isEnabled, nodes: only }) => isEnabled && (only === undefined || only.has(name)))
        .map((storage) =>
          storageRow(
            storage,
            name,
            online.has(name) ? rrd.get(`pve-storage-9.0/${name}/${storage.storage}`) : undefined,
            now,
          ),
        ),
    );
    return [...guestRows, ...nodes, ...storageRows];
  }

  /** What somebody may see, with pools. */
  async visible(view: AccessView, authid: string, now: number, type?: string): Promise<ResourceRow[]> {
    const rows = (await this.rows(now)).map((row) => withPool(row, view));
    const seen = rows.filter((row) => maySee(row, view, authid));
    return seen.filter((row) => type === undefined || kindOf(row) === type);
  }
}

function kindOf({ type }: ResourceRow): string {
  return type === "qemu" || type === "lxc" || type === "openvz" ? "vm" : type;
}

function withPool(row: ResourceRow, view: AccessView): ResourceRow {
  const pool = kindOf(row) === "vm" ? view.poolOfGuest(Number(row.vmid)) : undefined;
  return pool === undefined ? row : { ...row, pool };
}

function maySee(row: ResourceRow, view: AccessView, authid: string): boolean {
  switch (kindOf(row)) {
    case "vm":
      return view.has(authid, `/vms/${row.vmid}`, ["VM.Audit"]);
    case "storage":
      return view.has(authid, `/storage/${row.storage}`, ["Datastore.Audit", "Datastore.AllocateSpace"], true);
    default:
      // `/nodes` tells everybody which nodes there are; here are only those whose figures the caller may see.
      return view.has(authid, `/nodes/${row.node}`, ["Sys.Audit"]);
  }
}

/** A field of a broadcast; `U` and empty are unknown. */
function number(fields: readonly string[] | undefined, index: number): number | undefined {
  const text = fields?.[index];
  const value = text === undefined || text === "" || text === "U" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

function isFresh(at: number | undefined, now: number): at is number {
  return at !== undefined && now - at < STALE_S;
}

function defined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Fields: uptime, subscription level, time, load, cpus, cpu, iowait, memory total and used, swap ×2, root total and used. */
function nodeRow(node: string, isOnline: boolean, fields: readonly string[] | undefined, now: number): ResourceRow {
  const at = number(fields, 2);
  const base = { id: `node/${node}`, type: "node", node, status: isOnline ? "online" : "offline" };
  if (!isOnline || !isFresh(at, now)) return { ...base, status: isOnline ? "unknown" : "offline" };
  return {
    ...base,
    level: fields?.[1] ?? "",
    ...defined({
      uptime: number(fields, 0),
      maxcpu: number(fields, 4),
      cpu: number(fields, 5),
      maxmem: number(fields, 7),
      mem: number(fields, 8),
      maxdisk: number(fields, 11),
      disk: number(fields, 12),
      at,
    }),
  };
}

/** Fields: uptime, name, status, template, time, cpus, cpu, memory max and used, disk max and used, net in/out, disk read/write, host memory. */
function guestRow(
  { vmid, node, type }: GuestEntry,
  properties: Readonly<Record<string, string>>,
  fields: readonly string[] | undefined,
  now: number,
  isOnline: boolean,
): ResourceRow {
  const at = number(fields, 4);
  const name = properties.name ?? properties.hostname ?? fields?.[1] ?? `${type === "qemu" ? "VM" : "CT"} ${vmid}`;
  const base = {
    id: `${type}/${vmid}`,
    type,
    vmid,
    node,
    name,
    template: Number(properties.template ?? 0) ? 1 : 0,
    ...defined({ tags: properties.tags, lock: properties.lock }),
  };
  // A new guest is not measured before the next cycle: its sizes are in its config, and it does not run yet.
  if (!isFresh(at, now)) {
    return {
      ...base,
      status: isOnline && fields === undefined ? "stopped" : "unknown",
      ...sizes(properties),
      uptime: 0,
      cpu: 0,
      mem: 0,
      disk: 0,
    };
  }
  const status = fields?.[2] ?? "unknown";
  return {
    ...base,
    status: status === "stopped" ? "stopped" : status === "unknown" ? "unknown" : "running",
    ...defined({
      uptime: number(fields, 0),
      maxcpu: number(fields, 5),
      cpu: number(fields, 6) ?? 0,
      maxmem: number(fields, 7),
      mem: number(fields, 8) ?? 0,
      maxdisk: number(fields, 9),
      disk: number(fields, 10) ?? 0,
      netin: number(fields, 11) ?? 0,
      netout: number(fields, 12) ?? 0,
      diskread: number(fields, 13) ?? 0,
      diskwrite: number(fields, 14) ?? 0,
      memhost: number(fields, 15),
      at,
    }),
  };
}

const DEFAULT_MEMORY_MIB = 512;
const MIB = 1 << 20;

function sizes({ memory, cores, sockets }: Readonly<Record<string, string>>): Record<string, number> {
  const mib = Number(/^(?:current=)?(\d+)/.exec(memory ?? "")?.[1] ?? DEFAULT_MEMORY_MIB);
  return { maxcpu: Number(cores ?? 1) * Number(sockets ?? 1), maxmem: mib * MIB, maxdisk: 0 };
}

/** Fields: time, total, used. */
function storageRow(
  { storage, type, content, isShared }: StorageFact,
  node: string,
  fields: readonly string[] | undefined,
  now: number,
): ResourceRow {
  const at = number(fields, 0);
  const base = {
    id: `storage/${node}/${storage}`,
    type: "storage",
    storage,
    node,
    plugintype: type,
    content: [...content].sort().join(","),
    shared: isShared ? 1 : 0,
  };
  if (!isFresh(at, now)) return { ...base, status: "unknown" };
  return { ...base, status: "available", ...defined({ maxdisk: number(fields, 1), disk: number(fields, 2), at }) };
}
