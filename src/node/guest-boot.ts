/** Starts the node's guests at boot and stops them at shutdown: the tasks `startall` and `stopall`. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterFs } from "../cfs/port.ts";
import { messageOf } from "../errors/quorate-error.ts";
import type { Guests } from "../guests/port.ts";
import type { TaskContext, TaskTable } from "../tasks/port.ts";
import { type BootGuest, parseStartup, startGroups, stopGroups } from "./boot-order.ts";
import { nodeConfigPath, parseNodeConfig } from "./node-config.ts";

export interface GuestBootDeps {
  readonly cfs: ClusterFs;
  readonly guests: Guests;
  /** How many guests start or stop at a time when the call does not say. */
  readonly maxWorkers: () => Promise<number>;
}

export interface StartAllArgs {
  /** Guests that are not to start at boot too. */
  readonly force?: boolean;
  /** Only these. */
  readonly vmids?: readonly number[];
  readonly maxWorkers?: number;
}

export interface StopAllArgs {
  readonly vmids?: readonly number[];
  readonly timeoutS?: number;
  readonly forceStop?: boolean;
  readonly maxWorkers?: number;
}

const QUORUM_TIMEOUT_MS = 60_000;
const QUORUM_POLL_MS = 1_000;
const DEFAULT_VM_DELAY_S = 3;
const DEFAULT_STOP_TIMEOUT_S = 180;
const PROPERTIES = ["onboot", "startup", "template"] as const;

interface LocalGuest extends BootGuest {
  readonly type: "qemu" | "lxc";
}

export function guestBootTasks(deps: GuestBootDeps): TaskTable {
  return {
    startall: (args: StartAllArgs, task: TaskContext) => startAll(deps, args, task),
    stopall: (args: StopAllArgs, task: TaskContext) => stopAll(deps, args, task),
  };
}

async function localGuests(
  { cfs, guests }: GuestBootDeps,
  vmids: readonly number[] | undefined,
): Promise<(LocalGuest & { isRunning: boolean })[]> {
  const [status, properties] = await Promise.all([guests.status(), cfs.guestProperties(PROPERTIES)]);
  return status
    .filter(({ vmid, template }) => !template && (vmids === undefined || vmids.includes(vmid)))
    .map(({ vmid, type, template, status: state }) => {
      const values = properties.get(vmid) ?? {};
      return {
        vmid,
        type,
        template,
        onboot: values.onboot === "1",
        startup: values.startup,
        isRunning: state === "running",
      };
    });
}

async function startAll(
  deps: GuestBootDeps,
  { force, vmids, maxWorkers }: StartAllArgs,
  task: TaskContext,
): Promise<void> {
  await waitForQuorum(deps.cfs, task);
  const chosen = (await localGuests(deps, vmids)).filter(({ onboot }) => onboot || force === true);
  const limit = maxWorkers ?? (await deps.maxWorkers());
  if (force !== true && vmids === undefined) await delayOfNode(deps.cfs, task);
  for (const group of startGroups(chosen)) {
    await inParallel(group, limit, task, async (guest) => {
      if (guest.isRunning) return;
      task.log(`Starting ${label(guest)}`);
      try {
        await deps.guests.start(guest.vmid, { log: (line) => task.log(line) });
      } catch (error) {
        task.warn(`Starting ${label(guest)} failed: ${messageOf(error)}`);
        return;
      }
      const { up } = parseStartup(guest.startup);
      if (up !== undefined) task.log(`Waiting for ${up} seconds (startup delay)`);
      await sleep((up ?? (guest.type === "qemu" ? DEFAULT_VM_DELAY_S : 0)) * 1000, undefined, { signal: task.signal });
    });
  }
}

/** A node may be told to give others (its storage, its network) time before its first guest starts. */
async function delayOfNode(cfs: ClusterFs, task: TaskContext): Promise<void> {
  const config = parseNodeConfig(await cfs.read(nodeConfigPath(cfs.nodeName)));
  const seconds = Number(config["startall-onboot-delay"] ?? 0);
  if (seconds === 0) return;
  task.log(`Waiting for ${seconds} seconds before the first guest`);
  await sleep(seconds * 1000, undefined, { signal: task.signal });
}

async function stopAll(deps: GuestBootDeps, args: StopAllArgs, task: TaskContext): Promise<void> {
  const running = (await localGuests(deps, args.vmids)).filter(({ isRunning }) => isRunning);
  const limit = args.maxWorkers ?? (await deps.maxWorkers());
  for (const group of stopGroups(running)) {
    await inParallel(group, limit, task, async (guest) => {
      const timeoutS = parseStartup(guest.startup).down ?? args.timeoutS ?? DEFAULT_STOP_TIMEOUT_S;
      task.log(`Stopping ${label(guest)} (timeout = ${timeoutS} seconds)`);
      try {
        await deps.guests.shutdown(guest.vmid, {
          timeoutMs: timeoutS * 1000,
          forceStop: args.forceStop ?? true,
          log: (line) => task.log(line),
        });
      } catch (error) {
        task.warn(`Stopping ${label(guest)} failed: ${messageOf(error)}`);
      }
    });
  }
  task.log("all VMs and CTs stopped");
}

function label({ type, vmid }: LocalGuest): string {
  return `${type === "qemu" ? "VM" : "CT"} ${vmid}`;
}

async function waitForQuorum(cfs: ClusterFs, task: TaskContext): Promise<void> {
  if ((await cfs.info()).isQuorate) return;
  task.log("waiting for quorum ...");
  const deadline = performance.now() + QUORUM_TIMEOUT_MS;
  while (!(await cfs.info()).isQuorate) {
    if (performance.now() > deadline) throw new Error("no quorum");
    await sleep(QUORUM_POLL_MS, undefined, { signal: task.signal });
  }
  task.log("got quorum");
}

async function inParallel<G>(
  items: readonly G[],
  limit: number,
  task: TaskContext,
  work: (item: G) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const next = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      task.signal.throwIfAborted();
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, next));
}
