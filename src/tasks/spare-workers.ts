/**
 * Processes that wait for the one task they will run. Those that wait while nothing is to do have all handlers loaded: a
 * task starts in milliseconds. Others are started when they are needed, a few at a time, so that they do not hold up the
 * daemon. A task that may not work yet gets a process that only holds its place.
 */
import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { QuorateError } from "../errors/quorate-error.ts";
import type { Logger } from "../log/logger.ts";
import { processStartTicks } from "../os/process-identity.ts";
import { type QueuedTaskProcess, spawnQueuedTaskProcess, spawnTaskProcess } from "../os/task-process.ts";
import { INTERRUPTED, lastLineOfStatus } from "./outcome.ts";
import { isFromWorker, ORDER_ENV, SPARE_LOG_ENV, type ToWorker } from "./worker-messages.ts";

export interface SpareWorker {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly startTicks: number;
  /** Its standard output; the taker renames it. */
  readonly logFile: string;
}

/** It gets its task with `give` and works when it may `begin`, or when this process has ended. */
export interface QueuedWorker extends SpareWorker, QueuedTaskProcess {}

export class WorkerStartError extends QuorateError {
  readonly code = "task-worker-start";
}

export interface SpareWorkersOptions {
  readonly workerModule: string;
  /** Where the logs of waiting workers lie; on the file system of the task logs. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
  /** Workers that wait while there is nothing to do. */
  readonly idleCount: number;
}

/** Started at the same time: more of them make the daemon's loop wait (each start blocks it for about 10 ms). */
export const MAX_BOOTING = 3;
const BOOT_TIMEOUT_MS = 30_000;
const SPARE_LOG = /^\.spare-(\d+)-(\d+)-\d+(?:\.order)?$/;

interface Waiter {
  readonly resolve: (worker: SpareWorker) => void;
  readonly reject: (error: Error) => void;
}

export class SpareWorkers {
  readonly #options: SpareWorkersOptions;
  readonly #ready: SpareWorker[] = [];
  readonly #booting = new Set<ChildProcess>();
  readonly #waiters: Waiter[] = [];
  #count = 0;
  #isClosed = false;

  constructor(options: SpareWorkersOptions) {
    this.#options = options;
  }

  /** Starts the idle workers, and removes what workers of ended daemons left. */
  warmUp(): void {
    this.#removeStaleLogs();
    this.#fill();
  }

  /** Whether a process waits for a task. */
  get hasReady(): boolean {
    return this.#ready.length > 0;
  }

  /** @throws WorkerStartError when a worker ends before it is ready or is not ready in time. */
  take(): Promise<SpareWorker> {
    const { promise, resolve, reject } = Promise.withResolvers<SpareWorker>();
    if (this.#isClosed) reject(new WorkerStartError("cannot start a task: the daemon is stopping"));
    const ready = this.#isClosed ? undefined : this.#ready.shift();
    if (ready !== undefined) {
      // Its end is waited for like that of any other task.
      ready.process.ref();
      ready.process.channel?.ref();
      resolve(ready);
    } else if (!this.#isClosed) this.#waiters.push({ resolve, reject });
    // After the caller's turn: handing out the waiting worker comes before starting its successor.
    setImmediate(() => this.#fill());
    return promise;
  }

  /**
   * A process for a task that may not work yet.
   * @param limit how many of them work at a time when this process is gone. Default: all.
   * @throws WorkerStartError when there cannot be one.
   */
  queue(limit?: number): QueuedWorker {
    if (this.#isClosed) throw new WorkerStartError("cannot start a task: the daemon is stopping");
    const logFile = this.#newLog();
    try {
      return this.#queueProcess(logFile, limit);
    } catch (error) {
      rmSync(logFile, { force: true });
      throw error;
    }
  }

  #queueProcess(logFile: string, limit: number | undefined): QueuedWorker {
    const { workerModule, directory, env, log } = this.#options;
    const queued = spawnQueuedTaskProcess({
      workerModule,
      logFile,
      env: { ...env, [ORDER_ENV]: "stdin" },
      lastWords: lastLineOfStatus(INTERRUPTED),
      orphanLock: limit === undefined ? undefined : join(directory, `.turn-${this.#count % limit}`),
    });
    const { process: child } = queued;
    child.on("error", (error) => log.debug({ error: error.message }, "task worker channel"));
    const startTicks = child.pid === undefined ? undefined : processStartTicks(child.pid);
    if (child.pid === undefined || startTicks === undefined) {
      queued.abandon();
      throw new WorkerStartError("cannot start a task: no process can be had for it");
    }
    return { ...queued, pid: child.pid, startTicks, logFile };
  }

  /** Ends the waiting workers; those that run a task go on. */
  close(): void {
    this.#isClosed = true;
    for (const { reject } of this.#waiters.splice(0)) {
      reject(new WorkerStartError("cannot start a task: the daemon is stopping"));
    }
    for (const worker of this.#ready.splice(0)) worker.process.disconnect();
    for (const child of this.#booting) child.kill("SIGKILL");
  }

  #fill(): void {
    if (this.#isClosed) return;
    const wanted = this.#waiters.length + this.#options.idleCount - this.#ready.length - this.#booting.size;
    const room = MAX_BOOTING - this.#booting.size;
    for (let started = 0; started < Math.min(wanted, room); started += 1) this.#boot();
  }

  #boot(): void {
    const logFile = this.#newLog();
    const child = spawnTaskProcess({
      workerModule: this.#options.workerModule,
      logFile,
      env: { ...this.#options.env, [SPARE_LOG_ENV]: logFile },
    });
    this.#booting.add(child);
    const fail = (reason: string, cause?: unknown): void => {
      settle();
      child.kill("SIGKILL");
      rmSync(logFile, { force: true });
      this.#onBootFailure(new WorkerStartError(`cannot start a task worker: ${reason}`, { cause }));
    };
    const timer = setTimeout(() => fail(`not ready within ${BOOT_TIMEOUT_MS} ms`), BOOT_TIMEOUT_MS);
    const onExit = (code: number | null, signal: string | null): void => {
      fail(`it ended with ${signal ?? `exit code ${code}`}`, readTail(logFile));
    };
    const onError = (error: Error): void => fail(error.message, error);
    const onMessage = (message: unknown): void => {
      if (!isFromWorker(message) || message.kind !== "ready") return;
      settle();
      const startTicks = child.pid === undefined ? undefined : processStartTicks(child.pid);
      if (child.pid === undefined || startTicks === undefined) {
        this.#onBootFailure(new WorkerStartError("cannot start a task worker: it ended at once"));
        return;
      }
      this.#onReady({ process: child, pid: child.pid, startTicks, logFile });
    };
    const settle = (): void => {
      clearTimeout(timer);
      this.#booting.delete(child);
      child.off("exit", onExit).off("error", onError).off("message", onMessage);
      // A failed kill or send of a dead process is told by its exit event too.
      child.on("error", (error) => this.#options.log.debug({ error: error.message }, "task worker channel"));
    };
    child.on("exit", onExit).on("error", onError).on("message", onMessage);
  }

  /** The name of a log whose task is not known yet; it tells whose it is. */
  #newLog(): string {
    this.#count += 1;
    const parentTicks = processStartTicks(process.pid) ?? 0;
    return join(this.#options.directory, `.spare-${process.pid}-${parentTicks}-${this.#count}`);
  }

  #onReady(worker: SpareWorker): void {
    if (this.#isClosed) {
      worker.process.disconnect();
      return;
    }
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      waiter.resolve(worker);
    } else {
      this.#keepWarm(worker);
      this.#ready.push(worker);
    }
    this.#fill();
  }

  /** Has it load its handlers while there is time. */
  #keepWarm(worker: SpareWorker): void {
    const child = worker.process;
    let isWarm = false;
    child.on("message", (message: unknown) => {
      if (isFromWorker(message) && message.kind === "warm") isWarm = true;
    });
    child.send({ kind: "warm" } satisfies ToWorker, () => {});
    // A waiting worker keeps neither this process alive nor its place once it has died.
    child.unref();
    child.channel?.unref();
    child.once("exit", (code, signal) => {
      const place = this.#ready.indexOf(worker);
      if (place < 0) return;
      this.#ready.splice(place, 1);
      const output = readTail(worker.logFile);
      rmSync(worker.logFile, { force: true });
      if (isWarm) {
        this.#options.log.warn({ pid: worker.pid }, "waiting task worker ended, starting another");
        this.#fill();
      } else {
        const reason = `it ended with ${signal ?? `exit code ${code}`} while it loaded its handlers`;
        this.#onBootFailure(new WorkerStartError(`cannot start a task worker: ${reason}`, { cause: output }));
      }
    });
  }

  /** One waiter gets the error; without waiters nothing is tried again until the next task, so a broken release does not spin. */
  #onBootFailure(error: WorkerStartError): void {
    if (this.#isClosed) return;
    const waiter = this.#waiters.shift();
    if (waiter === undefined) {
      this.#options.log.error({ error: error.message, output: error.cause }, "no task worker waits");
      return;
    }
    waiter.reject(error);
    this.#fill();
  }

  #removeStaleLogs(): void {
    for (const name of readdirSync(this.#options.directory)) {
      const match = SPARE_LOG.exec(name);
      if (match === null || processStartTicks(Number(match[1])) === Number(match[2])) continue;
      rmSync(join(this.#options.directory, name), { force: true });
    }
  }
}

/** What a worker that could not start said. */
function readTail(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").slice(-2000);
  } catch (error) {
    // The file is removed with its worker; the exit code has been told already.
    return error instanceof Error ? error.message : undefined;
  }
}
