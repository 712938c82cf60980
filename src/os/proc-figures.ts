/** Readers of the kernel's own counters: `/proc` and `/sys`. Parsing is pure; reading never waits for a device. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** Clock ticks since boot (proc_stat(5)), all cpus together. */
export interface CpuTimes {
  readonly user: number;
  readonly nice: number;
  readonly system: number;
  readonly idle: number;
  readonly iowait: number;
  readonly irq: number;
  readonly softirq: number;
  readonly steal: number;
  readonly cpuCount: number;
}

export interface MemoryFigures {
  readonly totalBytes: number;
  readonly availableBytes: number;
  readonly freeBytes: number;
  readonly swapTotalBytes: number;
  readonly swapFreeBytes: number;
}

/** Share of the last ten seconds in which some or all tasks waited, in percent. */
export interface Pressure {
  readonly some: number;
  readonly full: number;
}

export interface InterfaceCounters {
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** @throws TypeError when the text has no `cpu` line. */
export function parseCpuTimes(text: string): CpuTimes {
  const lines = text.split("\n");
  const all = lines.find((line) => line.startsWith("cpu "));
  if (all === undefined) throw new TypeError("/proc/stat has no line 'cpu'");
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = all
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const cpuCount = lines.filter((line) => /^cpu\d/.test(line)).length;
  return { user, nice, system, idle, iowait, irq, softirq, steal, cpuCount };
}

export interface CpuUse {
  /** Fraction of all cpus at work, 0…1. */
  readonly busy: number;
  readonly iowait: number;
}

/** @returns undefined when no time has passed between the two. */
export function cpuUseBetween(before: CpuTimes, after: CpuTimes): CpuUse | undefined {
  const busyOf = (t: CpuTimes): number => t.user + t.nice + t.system + t.irq + t.softirq + t.steal;
  const totalOf = (t: CpuTimes): number => busyOf(t) + t.idle + t.iowait;
  const total = totalOf(after) - totalOf(before);
  if (total <= 0) return undefined;
  // The kernel's idle and iowait counters may step back a little.
  const share = (ticks: number): number => Math.min(Math.max(ticks / total, 0), 1);
  return { busy: share(busyOf(after) - busyOf(before)), iowait: share(after.iowait - before.iowait) };
}

export function parseMemory(text: string): MemoryFigures {
  const kib = new Map<string, number>();
  for (const [, name, value] of text.matchAll(/^(\w+):\s+(\d+) kB$/gm)) {
    if (name !== undefined) kib.set(name, Number(value));
  }
  const bytes = (name: string): number => (kib.get(name) ?? 0) * 1024;
  return {
    totalBytes: bytes("MemTotal"),
    availableBytes: bytes("MemAvailable"),
    freeBytes: bytes("MemFree"),
    swapTotalBytes: bytes("SwapTotal"),
    swapFreeBytes: bytes("SwapFree"),
  };
}

export function parsePressure(text: string): Pressure {
  const average = (kind: string): number => Number(new RegExp(`^${kind} avg10=([\\d.]+)`, "m").exec(text)?.[1] ?? 0);
  return { some: average("some"), full: average("full") };
}

/** Counters by interface (`/proc/net/dev`). */
export function parseInterfaceCounters(text: string): Map<string, InterfaceCounters> {
  const counters = new Map<string, InterfaceCounters>();
  for (const line of text.split("\n")) {
    const [, name, rest] = /^\s*(\S+?):\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || rest === undefined) continue;
    const fields = rest.split(/\s+/).map(Number);
    counters.set(name, { receivedBytes: fields[0] ?? 0, sentBytes: fields[8] ?? 0 });
  }
  return counters;
}

export async function readCpuTimes(): Promise<CpuTimes> {
  return parseCpuTimes(await readFile("/proc/stat", "latin1"));
}

export async function readMemory(): Promise<MemoryFigures> {
  return parseMemory(await readFile("/proc/meminfo", "latin1"));
}

/** @returns undefined where the kernel does not account pressure. */
export async function readPressure(resource: "cpu" | "io" | "memory"): Promise<Pressure | undefined> {
  const text = await readOptional(join("/proc/pressure", resource));
  return text === undefined ? undefined : parsePressure(text);
}

export async function readInterfaceCounters(): Promise<Map<string, InterfaceCounters>> {
  return parseInterfaceCounters(await readFile("/proc/net/dev", "latin1"));
}

/** Interfaces that stand for hardware: bridges, bonds, taps and the like have no device. */
export async function physicalInterfaces(): Promise<string[]> {
  const names = await readdir("/sys/class/net");
  const found: string[] = [];
  for (const name of names) if (await exists(join("/sys/class/net", name, "device"))) found.push(name);
  return found;
}

/** Interfaces that are up. */
export async function activeInterfaces(): Promise<string[]> {
  // The bonding driver has a plain file among them.
  const entries = (await readdir("/sys/class/net", { withFileTypes: true })).filter((entry) => !entry.isFile());
  const found: string[] = [];
  for (const { name } of entries) {
    const flags = await readOptional(join("/sys/class/net", name, "flags"));
    // netdevice(7): IFF_UP.
    if ((Number(flags?.trim()) & 1) === 1) found.push(name);
  }
  return found;
}

/** Seconds since boot. */
export async function readUptimeSeconds(): Promise<number> {
  return Number((await readFile("/proc/uptime", "latin1")).split(" ")[0]);
}

export async function readLoadAverage(): Promise<[number, number, number]> {
  const [one = 0, five = 0, fifteen = 0] = (await readFile("/proc/loadavg", "latin1")).split(" ").map(Number);
  return [one, five, fifteen];
}

/** What ZFS keeps in its own cache; 0 without ZFS. */
export async function readArcBytes(): Promise<number> {
  const text = await readOptional("/proc/spl/kstat/zfs/arcstats");
  return Number(/^size\s+\d+\s+(\d+)$/m.exec(text ?? "")?.[1] ?? 0);
}

/** 2 where the unified hierarchy is mounted. */
export async function cgroupMode(): Promise<1 | 2> {
  return (await exists("/sys/fs/cgroup/cgroup.controllers")) ? 2 : 1;
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "latin1");
  } catch (error) {
    // Not in this kernel, or built in and turned off (EOPNOTSUPP).
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isAbsence(error)) return false;
    throw error;
  }
}

function isAbsence(error: unknown): boolean {
  return error instanceof Error && "code" in error && ["ENOENT", "ENOTDIR", "EOPNOTSUPP"].includes(String(error.code));
}
