/**
 * Starts tasks. A start answers as soon as a process has the task; how many of them work at a time is limited, the
 * others wait inside their task. Nothing here is needed for a task to go on: when this process is killed, its
 * workers finish, and their outcome is recorded by whoever looks next.
 */
import { appendFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ClusterFs } from "../cfs/port.ts";
import { messageOf } from "../errors/quorate-error.ts";
import type { Logger } from "../log/logger.ts";
import { encodeLayoutOptions, LAYOUT_ENV, type Layout } from "../os/layout.ts";
import { TaskBroadcast } from "./broadcast.ts";
import type { TaskSpec, Tasks } from "./port.ts";
import { Slots } from "./slots.ts";
import { MAX_BOOTING, type QueuedWorker, type SpareWorker, SpareWorkers, WorkerStartError } from "./spare-workers.ts";
import { stopTask } from "./stop.ts";
import { TaskStore } from "./task-store.ts";
import { formatUpid, upidSafeId } from "./upid.ts";
import { isFromWorker, type RunMessage, TASK_TABLE_ENV } from "./worker-messages.ts";

export interface TaskLauncherOptions {
  readonly layout: Layout;
  readonly cfs: ClusterFs;
  readonly log: Logger;
  /** How many tasks may work at a time; asked at each start. */
  readonly maxWorkers: () => number | Promise<number>;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** Entry module of a worker. Default: the one of this release. */
  readonly workerModule?: string;
  /** Module that exports `createTaskTable`. Default: this release's tasks. */
  readonly tableModule?: string;
  /** Workers that wait while nothing is to do: 1 in a daemon, 0 (the default) in a command. */
  readonly idleWorkers?: number;
  /** Program named in the cluster log. Default `pvedaemon`. */
  readonly tag?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Tasks that never wait for a slot: they mostly wait themselves (consoles, other tasks, a guest that takes its time to
 * shut down), or they are what ends such waiting.
 */
const UNLIMITED_TYPES: ReadonlySet<string> = new Set([
  ...["vncproxy", "vncshell", "spiceproxy", "spiceshell", "termproxy"],
  ...["startall", "stopall", "suspendall", "migrateall"],
  ...["qmstop", "qmshutdown", "qmreboot", "qmreset", "qmsuspend", "qmresume", "qmpause"],
  ...["vzstop", "vzshutdown", "vzreboot", "vzsuspend", "vzresume"],
  ...["srvstart", "srvstop", "srvrestart", "srvreload"],
]);

const HERE = import.meta.dirname;
const ACKNOWLEDGE_TIMEOUT_MS = 30_000;
const LAST_MESSAGE_TIMEOUT_MS = 1_000;

export class TaskLauncher implements Tasks {
  readonly store: TaskStore;
  readonly broadcast: TaskBroadcast;
  readonly #options: TaskLauncherOptions;
  readonly #spares: SpareWorkers;
  readonly #slots = new Slots();
  readonly #boots = new Slots();
  readonly #working = new Map<string, Promise<void>>();

  constructor(options: TaskLauncherOptions) {
    const { layout, cfs, log } = options;
    this.#options = options;
    this.store = new TaskStore(layout);
    this.broadcast = new TaskBroadcast({ store: this.store, cfs, log, tag: options.tag ?? "pvedaemon" });
    const tableModule = options.tableModule ?? join(HERE, "../daemons/task-services.ts");
    this.#spares = new SpareWorkers({
      workerModule: options.workerModule ?? join(HERE, "../daemons/task-worker.ts"),
      directory: layout.taskDir,
      env: {
        ...options.env,
        [LAYOUT_ENV]: encodeLayoutOptions(layout),
        [TASK_TABLE_ENV]: pathToFileURL(tableModule).href,
      },
      log,
      idleCount: options.idleWorkers ?? 0,
    });
  }

  /** Makes the directories, starts the idle workers and records what ended while nobody looked. */
  async open(): Promise<void> {
    this.store.prepare();
    this.#spares.warmUp();
    await this.broadcast.refresh({ isForced: true });
  }

  /** Ends the idle workers. Tasks go on. */
  close(): void {
    this.#spares.close();
  }

  async start(spec: TaskSpec): Promise<string> {
    this.store.prepare();
    const limit = UNLIMITED_TYPES.has(spec.type) ? undefined : await this.#options.maxWorkers();
    // What need not wait for others to end waits for others to boot, unless a process is there for it.
    if (limit === undefined && this.#spares.hasReady) return await this.#startNow(spec);
    const isLimited = limit !== undefined;
    const turn = this.#turnOf(isLimited ? this.#slots : this.#boots, limit ?? MAX_BOOTING);
    const options = { turn, leavesWhen: isLimited ? "ended" : "started" } as const;
    if (turn.hasCome) return await this.#startNow(spec, options);
    return await this.#startLater(spec, { ...options, limit });
  }

  #turnOf(slots: Slots, limit: number): Turn {
    const { promise, resolve } = Promise.withResolvers<void>();
    const hasCome = slots.enter(limit, resolve);
    let hasLeft = false;
    return {
      hasCome,
      come: promise,
      leave() {
        if (hasLeft) return;
        hasLeft = true;
        if (!slots.forget(resolve)) slots.leave();
      },
    };
  }

  async #startNow(spec: TaskSpec, options?: TurnOptions): Promise<string> {
    let worker: SpareWorker;
    try {
      worker = await this.#spares.take();
    } catch (error) {
      options?.turn.leave();
      throw error;
    }
    const exited = leaveInTime(worker, options);
    const upid = await this.#enter(spec, worker);
    await this.#handOver(spec, upid, worker, exited);
    this.#told(upid, spec, exited);
    return upid;
  }

  /** The task has its process, which becomes a worker when it is the task's turn. */
  async #startLater(spec: TaskSpec, options: TurnOptions & { readonly limit: number | undefined }): Promise<string> {
    const { turn, limit } = options;
    let worker: QueuedWorker;
    try {
      worker = this.#spares.queue(limit);
    } catch (error) {
      turn.leave();
      throw error;
    }
    const exited = leaveInTime(worker, options);
    try {
      if (limit !== undefined) {
        appendFileSync(worker.logFile, `waiting for other tasks to end (at most ${limit} work at a time)\n`);
      }
      const upid = await this.#enter(spec, worker);
      worker.give(JSON.stringify(orderOf(spec, upid)));
      void turn.come.then(() => worker.begin());
      this.#told(upid, spec, exited);
      return upid;
    } catch (error) {
      // With its end its place becomes free.
      worker.abandon();
      rmSync(worker.logFile, { force: true });
      throw error;
    }
  }

  /** Gives the task its name and its place in the list. A worker without a task ends. */
  async #enter(spec: TaskSpec, worker: SpareWorker): Promise<string> {
    let log = worker.logFile;
    try {
      const upid = this.#nameTask(spec, worker);
      log = this.store.logPathOf(upid);
      await this.store.add(upid);
      return upid;
    } catch (error) {
      worker.process.kill("SIGKILL");
      rmSync(log, { force: true });
      throw error;
    }
  }

  #told(upid: string, spec: TaskSpec, exited: Promise<void>): void {
    const finished = exited
      .then(() => this.broadcast.refresh())
      .catch((error: unknown) => {
        // The statistics daemon records it within its next cycle.
        this.#options.log.warn({ upid, error: messageOf(error) }, "end of task not recorded yet");
      })
      .finally(() => this.#working.delete(upid));
    this.#working.set(upid, finished);
    void this.broadcast.started(upid, spec.authid);
    this.#refreshSoon();
  }

  /** Resolves when the task has ended and this is recorded; at once for a task that this process did not start. */
  async ended(upid: string): Promise<void> {
    await this.#working.get(upid);
  }

  /** @see stopTask */
  async stop(upid: string): Promise<void> {
    await stopTask(this.store, upid);
    await this.broadcast.refresh();
  }

  #nameTask(spec: TaskSpec, worker: SpareWorker): string {
    const starttime = Math.floor((this.#options.now ?? Date.now)() / 1000);
    const upid = formatUpid({
      node: this.#options.layout.nodeName,
      pid: worker.pid,
      pstart: worker.startTicks,
      starttime,
      type: spec.type,
      id: upidSafeId(spec.id ?? ""),
      authid: spec.authid,
    });
    this.store.adopt(worker.logFile);
    renameSync(worker.logFile, this.store.logPathOf(upid));
    return upid;
  }

  /** Gives the task to its worker and waits until the worker has it. */
  async #handOver(spec: TaskSpec, upid: string, { process: child }: SpareWorker, exited: Promise<void>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new WorkerStartError(`cannot start task ${upid}: its worker did not answer`));
    }, ACKNOWLEDGE_TIMEOUT_MS);
    child.on("message", (answer: unknown) => {
      if (isFromWorker(answer) && answer.kind === "started") resolve();
    });
    void exited.then(() => reject(new WorkerStartError(`cannot start task ${upid}: its worker ended`)));
    // A worker that died meanwhile is told by its exit event.
    if (child.connected) child.send(orderOf(spec, upid), () => {});
    await promise.finally(() => clearTimeout(timer));
  }

  #refreshSoon(): void {
    this.broadcast.refresh().catch((error: unknown) => {
      this.#options.log.warn({ error: messageOf(error) }, "task list not recorded");
    });
  }
}

/** The place of a task in a queue. */
interface Turn {
  /** It need not wait. */
  readonly hasCome: boolean;
  readonly come: Promise<void>;
  /** Lets the next one in. Nothing happens the second time. */
  leave(): void;
}

interface TurnOptions {
  readonly turn: Turn;
  /** When the next one may come in: when the worker has its task, or when the task has ended. */
  readonly leavesWhen: "started" | "ended";
}

/** @returns resolves when the worker has ended, and its place is free. */
async function leaveInTime(worker: SpareWorker, options: TurnOptions | undefined): Promise<void> {
  if (options?.leavesWhen === "started") {
    worker.process.on("message", (message: unknown) => {
      if (isFromWorker(message) && message.kind === "started") options.turn.leave();
    });
  }
  await exitOf(worker);
  options?.turn.leave();
}

function orderOf({ type, authid, args }: TaskSpec, upid: string): RunMessage {
  return { kind: "run", upid, type, authid, args };
}

/** Resolves when the process is gone and all that it said has been read: its channel ends after that. */
function exitOf({ process: child }: SpareWorker): Promise<void> {
  return new Promise((resolve) => {
    child.once("exit", () => {
      if (!child.connected) {
        resolve();
        return;
      }
      const timer = setTimeout(finish, LAST_MESSAGE_TIMEOUT_MS);
      function finish(): void {
        clearTimeout(timer);
        child.off("disconnect", finish);
        resolve();
      }
      child.once("disconnect", finish);
    });
  });
}
