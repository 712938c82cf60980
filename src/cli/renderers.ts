/** How the domain tools print their results. Pure. */
import type { RenderOptions } from "./domain-cli.ts";
import { type Column, cellText, printResult, printTable } from "./output.ts";

type Row = Readonly<Record<string, unknown>>;

function rowsOf(data: unknown): Row[] {
  return Array.isArray(data) ? data.filter((row): row is Row => typeof row === "object" && row !== null) : [];
}

function numberAt(row: Row, key: string): number {
  const value = Number(row[key] ?? 0);
  return Number.isFinite(value) ? value : 0;
}

/** A table without borders, as these tools always printed. */
function plainTable(data: unknown, columns: readonly Column[]): string {
  return printTable(rowsOf(data), columns, { hasBorder: false, hasHeader: true, isForHumans: false });
}

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

export function renderGuestList(data: unknown): string {
  const rows = rowsOf(data).toSorted((a, b) => numberAt(a, "vmid") - numberAt(b, "vmid"));
  if (rows.length === 0) return "";
  return plainTable(rows, [
    { key: "vmid", title: "VMID", alignsRight: true },
    { key: "name", title: "NAME                ", render: (name, row) => cellText(name) || `VM ${cellText(row.vmid)}` },
    { key: "status", title: "STATUS    " },
    { key: "maxmem", title: "MEM(MB)   ", render: (_, row) => (numberAt(row, "maxmem") / MIB).toFixed(0) },
    {
      key: "maxdisk",
      title: "BOOTDISK(GB)",
      alignsRight: true,
      render: (_, row) => (numberAt(row, "maxdisk") / GIB).toFixed(2),
    },
    { key: "pid", title: "PID       ", render: (pid) => cellText(pid) || "0" },
  ]);
}

/** `key: value` lines, sorted; a value of several lines is percent-encoded, as in the file. */
export function renderConfig(data: unknown): string {
  if (typeof data !== "object" || data === null) return "";
  return Object.entries(data)
    .filter(([key]) => key !== "digest")
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([key, value]) =>
        `${key}: ${cellText(value).replace(/[\n:%]/g, (char) => (key === "description" ? encodeURIComponent(char) : char))}\n`,
    )
    .join("");
}

/** `cur`, `new` and `del` lines of a pending config. */
export function renderPending(data: unknown): string {
  return rowsOf(data)
    .map((row) => {
      const key = cellText(row.key);
      const lines: string[] = [];
      if (row.value !== undefined) lines.push(`cur ${key}: ${cellText(row.value)}\n`);
      if (row.pending !== undefined) lines.push(`new ${key}: ${cellText(row.pending)}\n`);
      if (row.delete !== undefined) lines.push(`del ${key}\n`);
      return lines.join("");
    })
    .join("");
}

export function renderStatus(data: unknown, { flags }: RenderOptions): string {
  if (typeof data !== "object" || data === null) return "";
  const status = data as Row;
  if (!flags.has("verbose")) return `status: ${cellText(status.status)}\n`;
  return renderConfig(data);
}

export function renderSnapshots(data: unknown): string {
  const rows = rowsOf(data);
  const children = (parent: string | undefined): Row[] =>
    rows.filter((row) => (row.parent === undefined ? undefined : String(row.parent)) === parent);
  const print = (row: Row, depth: number): string => {
    const time = numberAt(row, "snaptime");
    const stamp = time === 0 ? "" : new Date(time * 1000).toISOString().replace("T", " ").slice(0, 19);
    const description = cellText(row.description).split("\n")[0] ?? "";
    const line = `${"  ".repeat(depth)}\`-> ${cellText(row.name).padEnd(22 - 2 * depth)} ${stamp.padEnd(20)} ${description}`;
    return `${line.trimEnd()}\n${children(String(row.name))
      .map((child) => print(child, depth + 1))
      .join("")}`;
  };
  return children(undefined)
    .map((row) => print(row, 0))
    .join("");
}

export function renderStorages(data: unknown): string {
  const kib = (value: unknown): string => String(Math.floor(Number(value ?? 0) / 1024));
  const status = (row: Row): string => (row.enabled === 0 ? "disabled" : row.active === 1 ? "active" : "inactive");
  const share = (row: Row): string => {
    const total = numberAt(row, "total");
    return total === 0 ? "N/A" : `${((numberAt(row, "used") / total) * 100).toFixed(2)}%`;
  };
  const rows = rowsOf(data).toSorted((a, b) => (cellText(a.storage) < cellText(b.storage) ? -1 : 1));
  return plainTable(rows, [
    { key: "storage", title: "Name" },
    { key: "type", title: "Type    ", alignsRight: true },
    { key: "active", title: "Status  ", alignsRight: true, render: (_, row) => status(row) },
    { key: "total", title: "Total (KiB)", alignsRight: true, render: kib },
    { key: "used", title: "Used (KiB)", alignsRight: true, render: kib },
    { key: "avail", title: "Available (KiB)", alignsRight: true, render: kib },
    { key: "share", title: "%", alignsRight: true, render: (_, row) => share(row) },
  ]);
}

export function renderContent(data: unknown): string {
  const rows = rowsOf(data).toSorted((a, b) => (cellText(a.volid) < cellText(b.volid) ? -1 : 1));
  if (rows.length === 0) return "";
  return plainTable(rows, [
    { key: "volid", title: "Volid" },
    { key: "format", title: "Format " },
    { key: "content", title: "Type     " },
    { key: "size", title: "Size", alignsRight: true },
    { key: "vmid", title: "VMID" },
  ]);
}

export function renderLog(data: unknown): string {
  return rowsOf(data)
    .map((row) => `${cellText(row.t)}\n`)
    .join("");
}

/** The permissions of a user: one row for each path. */
export function renderPermissions(data: unknown, options: RenderOptions): string {
  if (typeof data !== "object" || data === null) return "";
  const rows = Object.entries(data)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, privileges]) => {
      const held = typeof privileges === "object" && privileges !== null ? Object.entries(privileges) : [];
      const names = held.map(([name, propagates]) => (propagates === 1 ? `${name} (*)` : name)).sort();
      return { path, permissions: names.join("\n") };
    });
  const columns = [
    { key: "path", title: "ACL path" },
    { key: "permissions", title: "Permissions" },
  ];
  return `${printTable(rows, columns, options)}Permissions marked with '(*)' have the 'propagate' flag set.\n`;
}

export function renderTable(data: unknown, options: RenderOptions): string {
  return printResult(data, options);
}
