/**
 * Nodes, guests and storages as the interface knows them. Rows come from the server as it sends them; here they become
 * typed, each with the moment of its figures.
 */
export type GuestKind = "qemu" | "lxc";

export interface NodeResource {
  readonly kind: "node";
  readonly id: string;
  readonly name: string;
  readonly isOnline: boolean;
  /** Epoch seconds on the server's clock. */
  readonly at: number;
  /** A share of all cores. */
  readonly cpu: number | undefined;
  readonly cores: number | undefined;
  readonly memory: number | undefined;
  readonly memoryTotal: number | undefined;
  readonly disk: number | undefined;
  readonly diskTotal: number | undefined;
  readonly uptime: number | undefined;
}

export interface GuestResource {
  readonly kind: "guest";
  readonly id: string;
  readonly guestKind: GuestKind;
  readonly vmid: number;
  readonly name: string;
  readonly node: string;
  /** As the node said last: `running`, `stopped`, `paused`, …. */
  readonly status: string;
  readonly lock: string | undefined;
  readonly tags: readonly string[];
  readonly pool: string | undefined;
  readonly isTemplate: boolean;
  readonly at: number;
  readonly cpu: number | undefined;
  readonly cores: number | undefined;
  readonly memory: number | undefined;
  readonly memoryTotal: number | undefined;
  readonly diskTotal: number | undefined;
  readonly uptime: number | undefined;
}

export interface StorageResource {
  readonly kind: "storage";
  readonly id: string;
  readonly name: string;
  readonly node: string;
  readonly type: string;
  readonly content: readonly string[];
  readonly isShared: boolean;
  readonly isAvailable: boolean;
  readonly at: number;
  readonly used: number | undefined;
  readonly total: number | undefined;
}

export type Resource = NodeResource | GuestResource | StorageResource;

export interface Inventory {
  readonly nodes: ReadonlyMap<string, NodeResource>;
  readonly guests: ReadonlyMap<number, GuestResource>;
  readonly storages: ReadonlyMap<string, StorageResource>;
  /** False until the first rows are there. */
  readonly isLoaded: boolean;
}

export const emptyInventory: Inventory = {
  nodes: new Map(),
  guests: new Map(),
  storages: new Map(),
  isLoaded: false,
};

type Row = Readonly<Record<string, unknown>>;

function text(row: Row, key: string): string | undefined {
  const value = row[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function number(row: Row, key: string): number | undefined {
  const value = row[key];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function list(value: string | undefined): readonly string[] {
  return value === undefined ? [] : value.split(/[;, ]+/).filter((item) => item !== "");
}

/**
 * @param arrivedAt epoch seconds on the server's clock; the age of rows that do not tell theirs.
 * @returns undefined for rows of kinds that are not shown.
 */
export function parseRow(value: unknown, arrivedAt: number): Resource | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const row = value as Row;
  const id = text(row, "id");
  const node = text(row, "node");
  if (id === undefined || node === undefined) return undefined;
  const at = number(row, "at") ?? arrivedAt;
  switch (row.type) {
    case "node":
      return {
        kind: "node",
        id,
        name: node,
        isOnline: row.status === "online",
        at,
        cpu: number(row, "cpu"),
        cores: number(row, "maxcpu"),
        memory: number(row, "mem"),
        memoryTotal: number(row, "maxmem"),
        disk: number(row, "disk"),
        diskTotal: number(row, "maxdisk"),
        uptime: number(row, "uptime"),
      };
    case "qemu":
    case "lxc": {
      const vmid = number(row, "vmid");
      if (vmid === undefined) return undefined;
      return {
        kind: "guest",
        id,
        guestKind: row.type,
        vmid,
        name: text(row, "name") ?? String(vmid),
        node,
        status: text(row, "status") ?? "unknown",
        lock: text(row, "lock"),
        tags: list(text(row, "tags")),
        pool: text(row, "pool"),
        isTemplate: row.template === 1,
        at,
        cpu: number(row, "cpu"),
        cores: number(row, "maxcpu"),
        memory: number(row, "mem"),
        memoryTotal: number(row, "maxmem"),
        diskTotal: number(row, "maxdisk"),
        uptime: number(row, "uptime"),
      };
    }
    case "storage":
      return {
        kind: "storage",
        id,
        name: text(row, "storage") ?? id,
        node,
        type: text(row, "plugintype") ?? "",
        content: list(text(row, "content")),
        isShared: row.shared === 1,
        isAvailable: row.status === "available",
        at,
        used: number(row, "disk"),
        total: number(row, "maxdisk"),
      };
    default:
      return undefined;
  }
}

/** Puts changed rows in; with `isWhole` what is not among them goes. */
export function withRows(
  inventory: Inventory,
  rows: readonly unknown[],
  { arrivedAt, isWhole }: { readonly arrivedAt: number; readonly isWhole: boolean },
): Inventory {
  const nodes = new Map(isWhole ? [] : inventory.nodes);
  const guests = new Map(isWhole ? [] : inventory.guests);
  const storages = new Map(isWhole ? [] : inventory.storages);
  for (const row of rows) {
    const resource = parseRow(row, arrivedAt);
    switch (resource?.kind) {
      case undefined:
        break;
      case "node":
        nodes.set(resource.name, resource);
        break;
      case "guest":
        guests.set(resource.vmid, resource);
        break;
      case "storage":
        storages.set(resource.id, resource);
        break;
      default:
        resource satisfies undefined;
    }
  }
  return { nodes, guests, storages, isLoaded: true };
}

export function withoutIds(inventory: Inventory, ids: readonly string[]): Inventory {
  const gone = new Set(ids);
  const keep = <K, V extends { readonly id: string }>(map: ReadonlyMap<K, V>): ReadonlyMap<K, V> =>
    new Map([...map].filter(([, { id }]) => !gone.has(id)));
  return {
    nodes: keep(inventory.nodes),
    guests: keep(inventory.guests),
    storages: keep(inventory.storages),
    isLoaded: inventory.isLoaded,
  };
}
