/** Results for people and programs: tables, JSON, YAML. Pure. */

export type OutputFormat = "text" | "json" | "json-pretty" | "yaml";

export const OUTPUT_FORMATS: readonly OutputFormat[] = ["text", "json", "json-pretty", "yaml"];

export interface OutputOptions {
  readonly format: OutputFormat;
  readonly hasBorder: boolean;
  readonly hasHeader: boolean;
  /** Sizes and times in units that people read. */
  readonly isForHumans: boolean;
}

export const DEFAULT_OUTPUT: OutputOptions = { format: "text", hasBorder: true, hasHeader: true, isForHumans: false };

/** The text of a result, with its last newline; empty for no result. */
export function printResult(data: unknown, options: OutputOptions): string {
  if (data === undefined || data === null) return "";
  switch (options.format) {
    case "json":
      return `${JSON.stringify(data)}\n`;
    case "json-pretty":
      return `${JSON.stringify(data, null, 3)}\n`;
    case "yaml":
      return `---\n${printYaml(data, "")}`;
    case "text":
      return printText(data, options);
    default:
      return options.format satisfies never;
  }
}

function printText(data: unknown, options: OutputOptions): string {
  if (Array.isArray(data)) {
    if (data.length === 0) return "";
    if (data.every(isRecord)) return printTable(data, columnsOf(data), options);
    return `${data.map(cellText).join("\n")}\n`;
  }
  if (!isRecord(data)) return `${cellText(data)}\n`;
  const rows = Object.keys(data)
    .sort()
    .map((key) => ({ key, value: data[key] }));
  return printTable(rows, ["key", "value"].map(column), options);
}

export interface Column {
  readonly key: string;
  readonly title: string;
  /** Numbers stand at the right. */
  readonly alignsRight?: boolean;
  readonly render?: (value: unknown, row: Readonly<Record<string, unknown>>) => string;
}

function column(key: string): Column {
  return { key, title: key };
}

function columnsOf(rows: readonly Readonly<Record<string, unknown>>[]): Column[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))].sort().map(column);
}

export function printTable(
  rows: readonly Readonly<Record<string, unknown>>[],
  columns: readonly Column[],
  { hasBorder, hasHeader, isForHumans }: Pick<OutputOptions, "hasBorder" | "hasHeader" | "isForHumans">,
): string {
  const cells = rows.map((row) =>
    columns.map(
      ({ key, render }) => render?.(row[key], row) ?? (isForHumans ? humanText(key, row[key]) : cellText(row[key])),
    ),
  );
  const lines = cells.map((row) => row.map((cell) => cell.split("\n")));
  const widths = columns.map(({ title }, i) =>
    Math.max(
      hasHeader ? title.length : 0,
      ...lines.map((row) => Math.max(...(row[i] ?? [""]).map((line) => line.length))),
    ),
  );
  const pad = (text: string, i: number): string =>
    columns[i]?.alignsRight === true ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0);
  const rule = (left: string, middle: string, right: string): string =>
    `${left}${widths.map((width) => "─".repeat(width + 2)).join(middle)}${right}\n`;
  const print = (row: readonly string[]): string =>
    hasBorder ? `│ ${row.map(pad).join(" │ ")} │\n` : `${row.map(pad).join(" ").trimEnd()}\n`;
  const body = lines.map((row) => {
    const height = Math.max(...row.map((cell) => cell.length));
    return Array.from({ length: height }, (_, at) => print(row.map((cell) => cell[at] ?? ""))).join("");
  });
  const header = hasHeader ? print(columns.map(({ title }) => title)) : "";
  if (!hasBorder) return `${header}${body.join("")}`;
  const under = hasHeader ? rule("╞", "╪", "╡").replaceAll("─", "═") : "";
  return `${rule("┌", "┬", "┐")}${header}${under}${body.join(rule("├", "┼", "┤"))}${rule("└", "┴", "┘")}`;
}

export function cellText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const SIZES = new Set([
  "mem",
  "maxmem",
  "disk",
  "maxdisk",
  "size",
  "used",
  "total",
  "avail",
  "free",
  "netin",
  "netout",
]);
const TIMES = new Set(["starttime", "endtime", "ctime", "time", "expire"]);

function humanText(key: string, value: unknown): string {
  if (typeof value === "number" && SIZES.has(key)) return formatBytes(value);
  if (typeof value === "number" && value > 0 && TIMES.has(key)) {
    return new Date(value * 1000).toISOString().replace("T", " ").slice(0, 19);
  }
  return cellText(value);
}

export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 ? value : value.toFixed(2)} ${units[unit]}`;
}

/** Block style; texts that YAML could take for something else are quoted. */
function printYaml(value: unknown, indent: string): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return `${indent}[]\n`;
    return value.map((item) => `${indent}-${printYamlItem(item, indent)}`).join("");
  }
  if (isRecord(value)) {
    const keys = Object.keys(value).sort();
    if (keys.length === 0) return `${indent}{}\n`;
    return keys.map((key) => `${indent}${yamlScalar(key)}:${printYamlItem(value[key], indent)}`).join("");
  }
  return `${indent}${yamlScalar(value)}\n`;
}

function printYamlItem(value: unknown, indent: string): string {
  const isNested = Array.isArray(value) ? value.length > 0 : isRecord(value) && Object.keys(value).length > 0;
  return isNested ? `\n${printYaml(value, `${indent}  `)}` : ` ${printYaml(value, "")}`;
}

function yamlScalar(value: unknown): string {
  if (value === null || value === undefined) return "~";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = String(value);
  const isPlain = /^[A-Za-z/][\w./@+-]*$/.test(text) && !/^(?:true|false|yes|no|on|off|null|y|n)$/i.test(text);
  // A JSON string is a YAML double-quoted one.
  return isPlain ? text : JSON.stringify(text);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
