/** Stops a node completely: guests, tasks, daemons, mount. Works without a supervisor too. */
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { clearStaleMount } from "../../cfs/fuse/mount.ts";
import { messageOf } from "../../errors/quorate-error.ts";
import type { Layout } from "../../os/layout.ts";
import { isProcessAlive, signalProcess } from "../../os/process-identity.ts";
import { killGroup } from "../../os/run-command.ts";
import { askSupervisor, NoSupervisorError } from "../../supervisor/control.ts";
import { DAEMON_STOP_MS, daemonSpecs, stopOrder } from "../../supervisor/daemon-specs.ts";
import { PidFiles } from "../../supervisor/pid-files.ts";
import { stopTask, TaskStore } from "../../tasks/index.ts";
import { runningGuests, stopAllGuests } from "./stop-guests.ts";

type Say = (text: string) => void;

const STOP_TIMEOUT_MS = 120_000;
const POLL_MS = 20;

export async function stopNode(layout: Layout, options: { guestTimeoutS: number; say: Say }): Promise<void> {
  const { say, guestTimeoutS } = options;
  const pidFiles = new PidFiles(layout.quorateRun);
  const names = ["supervisor", ...stopOrder(allSpecs(layout)).map(({ name }) => name)];
  const guests = runningGuests(layout);
  if (guests.length === 0 && !names.some((name) => pidFiles.live(name) !== undefined)) {
    say(`No node runs below ${layout.root}.`);
    await unmountLeftOver(layout);
    return;
  }
  try {
    if (guests.length > 0) await ensureFileSystem(layout, say);
    await stopAllGuests(layout, guestTimeoutS, say);
  } catch (error) {
    // The rest is stopped all the same; nobody but their owner should cut the power of guests that cannot be asked.
    say(`cannot stop the guests: ${messageOf(error)}`);
  }
  await stopRunningTasks(layout, say);
  await stopDaemons(layout, say);
  // Until then clients could start more.
  await stopRunningTasks(layout, say);
  for (const { vmid, pid } of runningGuests(layout)) say(`guest ${vmid} goes on as process ${pid}`);
  say("The node is stopped.");
}

/** Guests are known by their configs: without pmxcfs and who would start it again, the node is started once more. */
async function ensureFileSystem(layout: Layout, say: Say): Promise<void> {
  const pidFiles = new PidFiles(layout.quorateRun);
  if (["supervisor", "pmxcfs"].some((name) => pidFiles.live(name) !== undefined)) return;
  say("pmxcfs does not run: starting the node, to stop its guests in order");
  const { bringUp } = await import("./up.ts");
  await bringUp({ layout, port: undefined, say, stop: new AbortController() });
}

/** Daemons only: guests and tasks go on. */
export async function stopDaemons(layout: Layout, say: Say): Promise<void> {
  const pidFiles = new PidFiles(layout.quorateRun);
  const supervisor = pidFiles.live("supervisor");
  try {
    await askSupervisor(
      layout.supervisorSocket,
      { command: "stop" },
      {
        timeoutMs: STOP_TIMEOUT_MS,
        onProgress: (value) => "stopped" in value && say(`stopped ${String(value.stopped)}`),
      },
    );
    if (supervisor !== undefined) await ended(supervisor.pid, supervisor.startTicks, DAEMON_STOP_MS);
  } catch (error) {
    if (!(error instanceof NoSupervisorError)) throw error;
    // It was killed: its daemons are stopped one by one, by their pid files.
    for (const spec of stopOrder(allSpecs(layout))) await stopByPidFile(pidFiles, spec.name, spec.stopTimeoutMs, say);
  }
  pidFiles.remove("supervisor");
  rmSync(layout.supervisorSocket, { force: true });
  await unmountLeftOver(layout);
}

function allSpecs(layout: Layout): ReturnType<typeof daemonSpecs> {
  return daemonSpecs({ layout, node: "", releaseDir: "", hasRrdcached: true });
}

async function stopByPidFile(pidFiles: PidFiles, name: string, timeoutMs: number, say: Say): Promise<void> {
  const record = pidFiles.live(name);
  pidFiles.remove(name);
  if (record === undefined) return;
  signalProcess(record.pid, "SIGTERM");
  if (!(await ended(record.pid, record.startTicks, timeoutMs))) {
    killGroup(record.pid, "SIGKILL");
    await ended(record.pid, record.startTicks, timeoutMs);
  }
  say(`stopped ${name}`);
}

/** All at once: those that wait for their turn are gone before the end of another one gives it to them. */
async function stopRunningTasks(layout: Layout, say: Say): Promise<void> {
  const store = new TaskStore(layout);
  const stops = store.running().map(({ upid }) => stopTask(store, upid));
  for (const stop of await Promise.allSettled(stops)) if (stop.status === "rejected") say(messageOf(stop.reason));
}

/** The mount of a pmxcfs that was killed. One that lives, and is none of ours to end, is left alone. */
async function unmountLeftOver({ etcPve, quorateRun }: Layout): Promise<void> {
  if (new PidFiles(quorateRun).live("pmxcfs") === undefined) await clearStaleMount(etcPve);
}

async function ended(pid: number, startTicks: number, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (isProcessAlive(pid, startTicks)) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}
