/** The columns of the guests table: how each sorts and what it is in a CSV file. */
import type { GuestState } from "../store/freshness.ts";
import type { GuestResource } from "../store/resources.ts";
import type { MessageKey } from "../text/t.ts";

export interface GuestRow {
  readonly guest: GuestResource;
  readonly state: GuestState;
}

export interface Column {
  readonly id: string;
  readonly label: MessageKey;
  readonly isNumber?: boolean;
  /** Left out on narrow screens. */
  readonly isWide?: boolean;
  readonly sortBy: (row: GuestRow) => number | string | undefined;
  readonly text: (row: GuestRow) => string | number | undefined;
}

const live = ({ state }: GuestRow, value: number | undefined): number | undefined =>
  state === "running" || state === "busy" ? value : undefined;

function memoryShare(row: GuestRow): number | undefined {
  const { memory, memoryTotal } = row.guest;
  const used = live(row, memory);
  return used === undefined || memoryTotal === undefined || memoryTotal === 0 ? undefined : used / memoryTotal;
}

export const COLUMNS: readonly Column[] = [
  { id: "state", label: "column.state", sortBy: ({ state }) => state, text: ({ state }) => state },
  { id: "id", label: "column.id", isNumber: true, sortBy: ({ guest }) => guest.vmid, text: ({ guest }) => guest.vmid },
  {
    id: "name",
    label: "column.name-tags",
    sortBy: ({ guest }) => guest.name.toLowerCase(),
    text: ({ guest }) => guest.name,
  },
  { id: "node", label: "column.node", sortBy: ({ guest }) => guest.node, text: ({ guest }) => guest.node },
  {
    id: "cpu",
    label: "column.cpu",
    sortBy: (row) => live(row, row.guest.cpu),
    text: (row) => live(row, row.guest.cpu),
  },
  { id: "memory", label: "column.memory", sortBy: memoryShare, text: memoryShare },
  {
    id: "ram",
    label: "column.ram",
    isNumber: true,
    sortBy: ({ guest }) => guest.memoryTotal,
    text: ({ guest }) => guest.memoryTotal,
  },
  {
    id: "cores",
    label: "column.cores",
    isNumber: true,
    isWide: true,
    sortBy: ({ guest }) => guest.cores,
    text: ({ guest }) => guest.cores,
  },
  {
    id: "disk",
    label: "column.disk",
    isNumber: true,
    isWide: true,
    sortBy: ({ guest }) => guest.diskTotal,
    text: ({ guest }) => guest.diskTotal,
  },
  {
    id: "pool",
    label: "column.pool",
    isWide: true,
    sortBy: ({ guest }) => guest.pool,
    text: ({ guest }) => guest.pool,
  },
  {
    id: "uptime",
    label: "column.uptime",
    isNumber: true,
    isWide: true,
    sortBy: (row) => live(row, row.guest.uptime),
    text: (row) => live(row, row.guest.uptime),
  },
];

export const DEFAULT_COLUMNS: readonly string[] = [
  "state",
  "id",
  "name",
  "node",
  "cpu",
  "memory",
  "ram",
  "disk",
  "uptime",
];

export interface SortKey {
  readonly column: string;
  readonly isDescending: boolean;
}

/** `-cpu,name` */
export function parseSort(text: string | undefined): readonly SortKey[] {
  const keys = (text ?? "")
    .split(",")
    .map((part) => ({ column: part.replace(/^-/, ""), isDescending: part.startsWith("-") }));
  const known = keys.filter(({ column }) => COLUMNS.some(({ id }) => id === column));
  return known.length > 0 ? known : [{ column: "id", isDescending: false }];
}

export function printSort(keys: readonly SortKey[]): string | undefined {
  const text = keys.map(({ column, isDescending }) => (isDescending ? `-${column}` : column)).join(",");
  return text === "id" ? undefined : text;
}

/** What is unknown comes last in either direction; equal ones are in the order of their ids. */
export function sortRows(rows: readonly GuestRow[], keys: readonly SortKey[]): readonly GuestRow[] {
  const sorters = keys.flatMap(({ column, isDescending }) => {
    const found = COLUMNS.find(({ id }) => id === column);
    return found === undefined ? [] : [{ sortBy: found.sortBy, sign: isDescending ? -1 : 1 }];
  });
  return [...rows].sort((a, b) => {
    for (const { sortBy, sign } of sorters) {
      const left = sortBy(a);
      const right = sortBy(b);
      if (left === right) continue;
      if (left === undefined) return 1;
      if (right === undefined) return -1;
      const order =
        typeof left === "string" && typeof right === "string"
          ? left.localeCompare(right, "en", { numeric: true })
          : left < right
            ? -1
            : 1;
      if (order !== 0) return order * sign;
    }
    return a.guest.vmid - b.guest.vmid;
  });
}

/** A click on a heading: sorts by it, then the other way round. With `isAdded` the other keys stay. */
export function nextSort(keys: readonly SortKey[], column: string, isAdded: boolean): readonly SortKey[] {
  const known = keys.find((key) => key.column === column);
  const next: SortKey = { column, isDescending: known === undefined ? false : !known.isDescending };
  if (!isAdded) return [next];
  return known === undefined ? [...keys, next] : keys.map((key) => (key.column === column ? next : key));
}

export function guestsCsv(rows: readonly GuestRow[], columns: readonly Column[]): string {
  const cell = (value: string | number | undefined): string => {
    const text = value === undefined ? "" : String(value);
    // A leading sign would be run as a formula by spreadsheets.
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const head = [...columns.map(({ id }) => id), "tags"].join(",");
  const lines = rows.map((row) =>
    [...columns.map(({ text }) => cell(text(row))), cell(row.guest.tags.join(" "))].join(","),
  );
  return [head, ...lines, ""].join("\n");
}
