/** Stopping a task: its process group is asked to end, and killed when it does not. */
import { setTimeout as delay } from "node:timers/promises";
import { descendantsOf, isProcessAlive, signalProcess } from "../os/process-identity.ts";
import { killGroup } from "../os/run-command.ts";
import { appendLastLine, readLogEnd } from "./log-file.ts";
import { INTERRUPTED } from "./outcome.ts";
import type { TaskStore } from "./task-store.ts";
import { parseUpid } from "./upid.ts";

const GRACE_MS = 5_000;
const KILL_MS = 5_000;
const POLL_MS = 20;

/** Returns when the task's process is gone. A task that has ended already is left as it is. */
export async function stopTask(store: TaskStore, upid: string): Promise<void> {
  const parsed = parseUpid(upid);
  if (parsed === undefined) throw new RangeError(`cannot stop '${upid}': not a task id`);
  const isAlive = (): boolean => isProcessAlive(parsed.pid, parsed.pstart);
  if (!isAlive()) return;
  killGroup(parsed.pid, "SIGTERM");
  if (!(await endsWithin(isAlive, GRACE_MS))) {
    // Commands that the task runs lead groups of their own; nobody would end them any more.
    const commands = descendantsOf(parsed.pid);
    killGroup(parsed.pid, "SIGKILL");
    for (const pid of commands) signalProcess(pid, "SIGKILL");
    if (!(await endsWithin(isAlive, KILL_MS))) {
      throw new Error(`cannot stop task ${upid}: process ${parsed.pid} does not end (waiting for a device?)`);
    }
  }
  const path = store.logPathOf(upid);
  const end = readLogEnd(path);
  if (end !== undefined && end.status === undefined) appendLastLine(path, INTERRUPTED);
}

/** Another process's end gives no event to a process that is not its parent, so it is looked at. */
async function endsWithin(isAlive: () => boolean, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (isAlive()) {
    if (performance.now() >= deadline) return false;
    await delay(POLL_MS);
  }
  return true;
}
