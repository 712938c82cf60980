/**
 * Who a process is, beyond its reusable pid: pid and start time together name one process of this boot. Zombies count
 * as ended, since nothing of them runs any more.
 */
import { readdirSync, readFileSync } from "node:fs";

/** Start time in clock ticks since boot, or undefined when there is no such process or it is a zombie. */
export function processStartTicks(pid: number): number | undefined {
  const stat = readStat(pid);
  return stat === undefined ? undefined : parseStartTicks(stat);
}

function readStat(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch (error) {
    // The process ended before or while it was read (proc(5): ESRCH).
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Children, their children and so on, as they are now. What has made itself independent of its parent is not among them. */
export function descendantsOf(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const child = Number(name);
    const stat = Number.isInteger(child) ? readStat(child) : undefined;
    if (stat === undefined) continue;
    // Field 4 of proc_pid_stat(5): the parent.
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    children.set(parent, [...(children.get(parent) ?? []), child]);
  }
  const found: number[] = [];
  const queue = [pid];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const below = children.get(next) ?? [];
    found.push(...below);
    queue.push(...below);
  }
  return found;
}

/** @returns undefined for zombies and dead processes. */
export function parseStartTicks(stat: string): number | undefined {
  // The command name stands in parentheses and may hold anything, so fields are counted from the last one.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const state = fields[0];
  if (state === "Z" || state === "X" || state === "x") return undefined;
  // Field 22 of proc_pid_stat(5); the first of `fields` is field 3.
  const ticks = Number(fields[19]);
  return Number.isSafeInteger(ticks) ? ticks : undefined;
}

/** Whether the process with this pid and start time still runs. */
export function isProcessAlive(pid: number, startTicks: number): boolean {
  return processStartTicks(pid) === startTicks;
}

/** @returns the arguments; none for a process that has ended. */
export function commandLineOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Signals one process; one that has ended meanwhile is fine. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH");
}
