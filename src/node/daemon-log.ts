/**
 * The daemons' own logs as one, for nodes whose machine keeps no journal for them: lines as a system log has them, in
 * the order of time. Pure, but for reading the files.
 */
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";

export interface DaemonLogEntry {
  /** Epoch milliseconds. */
  readonly time: number;
  readonly program: string;
  readonly pid: number;
  /** syslog(3): 0 emergency … 7 debug. */
  readonly priority: number;
  readonly text: string;
}

const PRIORITIES: Readonly<Record<string, number>> = { fatal: 2, error: 3, warn: 4, info: 6, debug: 7, trace: 7 };
const HIDDEN: ReadonlySet<string> = new Set(["level", "time", "pid", "hostname", "name", "msg", "err"]);
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** @returns undefined for lines that are none of our logger's. */
export function parseDaemonLine(line: string): DaemonLogEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // A crash's stack, or the output of a program: it belongs to no point in time.
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const record: Record<string, unknown> = { ...value };
  const time = Date.parse(String(record.time));
  if (!Number.isFinite(time)) return undefined;
  const fields = Object.entries(record)
    .filter(([key]) => !HIDDEN.has(key))
    .map(([key, field]) => `${key}=${typeof field === "string" ? field : JSON.stringify(field)}`);
  const reason =
    typeof record.err === "object" && record.err !== null && "message" in record.err ? record.err.message : "";
  const text = [String(record.msg ?? ""), ...(reason ? [`(${String(reason)})`] : []), ...fields].join(" ");
  return {
    time,
    program: String(record.name ?? "quorate"),
    pid: Number(record.pid ?? 0),
    priority: PRIORITIES[String(record.level)] ?? 6,
    text: text.replace(/\s+/g, " "),
  };
}

/** Every entry of every daemon, oldest first; of each file the older part that was kept too. */
export async function readDaemonLogs(directory: string): Promise<DaemonLogEntry[]> {
  const names = (await readdir(directory)).filter((name) => /\.log(\.1)?$/.test(name));
  const texts = await Promise.all(names.map((name) => readTail(join(directory, name))));
  return texts
    .flatMap((text) => text.split("\n").flatMap((line) => parseDaemonLine(line) ?? []))
    .sort((a, b) => a.time - b.time);
}

/** More of one file is not looked through. */
const TAIL_BYTES = 4 << 20;

/** The end of a file. Its first line may be cut, and is then no entry. */
async function readTail(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const { bytesRead } = await file.read(tail, 0, tail.length, size - tail.length);
    return tail.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** `Nov 25 06:00:01 n1 pvedaemon[4711]: listening`, in local time. */
export function syslogLine({ time, program, pid, text }: DaemonLogEntry, host: string): string {
  const at = new Date(time);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${MONTHS[at.getMonth()]} ${two(at.getDate())}`;
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `${day} ${clock} ${host} ${program}${pid > 0 ? `[${pid}]` : ""}: ${text}`;
}

/** `2026-11-25`, `2026-11-25 06:00` or with seconds, in local time → epoch milliseconds. */
export function parseLogTime(text: string): number {
  return Date.parse(text.length === 10 ? `${text}T00:00:00` : text.replace(" ", "T"));
}
