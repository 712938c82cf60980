/**
 * The process of one task. It waits for its task, loads the handlers, runs it and ends; it never runs a second one,
 * since its pid and start time are the task's name. Standard output and error are the task's log.
 */
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { ClusterFs } from "../cfs/port.ts";
import { messageOf } from "../errors/quorate-error.ts";
import type { Logger } from "../log/logger.ts";
import { decodeLayout, LAYOUT_ENV, type Layout } from "../os/layout.ts";
import { releaseMemoryAfterStart } from "../os/memory.ts";
import type { TaskTable } from "../tasks/port.ts";
import { runTask } from "../tasks/run-task.ts";
import {
  type FromWorker,
  isToWorker,
  ORDER_ENV,
  type RunMessage,
  SPARE_LOG_ENV,
  TASK_TABLE_ENV,
} from "../tasks/worker-messages.ts";

/** What the module named by `QUORATE_TASK_TABLE` exports. */
export interface TaskTableModule {
  createTaskTable(layout: Layout, log: Logger): TaskServices | Promise<TaskServices>;
}

export interface TaskServices {
  readonly table: TaskTable;
  readonly cfs: ClusterFs;
  close(): Promise<void>;
}

const CLOSE_TIMEOUT_MS = 2_000;
/** A burst of tasks takes its workers sooner. */
const SETTLE_MS = 1_000;

const layout = decodeLayout(process.env[LAYOUT_ENV]);
const log = workerLogger(layout, {});
const tableUrl = process.env[TASK_TABLE_ENV];
if (tableUrl === undefined) throw new Error(`${TASK_TABLE_ENV} is missing: task workers are started by the daemons`);
let loading: Promise<TaskServices> | undefined;

function load(): Promise<TaskServices> {
  loading ??= import(tableUrl ?? "").then((module: unknown) =>
    // The module's contract is the interface above.
    (module as TaskTableModule).createTaskTable(layout, log),
  );
  return loading;
}

const abort = new AbortController();
let current: RunMessage | undefined;

process.on("message", (message: unknown) => {
  if (!isToWorker(message)) return;
  if (message.kind === "warm") void warm();
  else if (current === undefined) void work(message);
});
process.on("disconnect", () => {
  if (current === undefined) quitUnused();
});
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, interrupt);
process.on("uncaughtException", (error) => failAtOnce(error));
process.on("unhandledRejection", (reason) => failAtOnce(reason));
process.title = `task worker of ${layout.nodeName}`;
if (process.env[ORDER_ENV] === undefined) void tell({ kind: "ready" });
else workAsOrdered();

function interrupt(): void {
  if (current === undefined) quitUnused();
  abort.abort(new Error("received interrupt"));
}

function quitUnused(): never {
  const log = process.env[SPARE_LOG_ENV];
  if (log !== undefined) rmSync(log, { force: true });
  process.exit(0);
}

/** The task is known since before this process waited for its turn. */
function workAsOrdered(): void {
  const order = readFileSync(0, "utf8");
  // Whoever wanted to give the task ended before it did: nobody knows of it.
  if (order === "") quitUnused();
  const message: unknown = JSON.parse(order);
  if (isToWorker(message) && message.kind === "run") void work(message);
  else failAtOnce(new Error("the order on standard input is no task"));
}

async function warm(): Promise<void> {
  try {
    await load();
  } catch (error) {
    // A task that came meanwhile meets the same error itself.
    if (current === undefined) failAtOnce(error);
    return;
  }
  if (current !== undefined) return;
  process.title = `task worker of ${layout.nodeName}, ready`;
  await tell({ kind: "warm" });
  releaseMemoryAfterStart(log, SETTLE_MS, () => current === undefined);
}

/** @returns whether it has left this process: false when the daemon is gone. */
function tell(message: FromWorker): Promise<boolean> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve(false);
    else process.send(message, (error: Error | null) => resolve(error === null));
  });
}

async function work(message: RunMessage): Promise<void> {
  current = message;
  process.title = `task ${message.upid}`;
  // It may end at once, and then what has not left this process yet would never arrive.
  await tell({ kind: "started" });
  const status = await runTask({
    message,
    table: async () => (await load()).table,
    signal: abort.signal,
    write: (line) => writeSync(1, `${line}\n`),
  });
  await leave(message);
  process.exit(status === "OK" || status.startsWith("WARNINGS: ") ? 0 : 1);
}

/** An unexpected error anywhere in the process is the task's error: what it left undone is unknown. */
function failAtOnce(reason: unknown): void {
  log.error({ upid: current?.upid, error: reason instanceof Error ? reason.stack : String(reason) }, "task crashed");
  if (current === undefined) writeSync(2, `${reason instanceof Error ? reason.stack : String(reason)}\n`);
  else writeSync(1, `TASK ERROR: ${messageOf(reason).replace(/\s+/g, " ").trim()}\n`);
  process.exit(1);
}

async function leave(message: RunMessage): Promise<void> {
  const timer = setTimeout(() => {
    log.warn({ upid: message.upid }, "connections of the task did not close in time");
    process.exit(1);
  }, CLOSE_TIMEOUT_MS);
  try {
    if (loading === undefined) return;
    const services = await load();
    if (!(await tell({ kind: "ending" }))) {
      // The daemon that started this task is gone, and with it the one who would have recorded the end.
      // Loaded only now: in a burst of tasks each module costs fifty times.
      const [{ TaskBroadcast }, { TaskStore }] = await Promise.all([
        import("../tasks/broadcast.ts"),
        import("../tasks/task-store.ts"),
      ]);
      const store = new TaskStore(layout);
      await new TaskBroadcast({ store, cfs: services.cfs, log, tag: "pvedaemon" }).refresh({ ending: message.upid });
    }
    await services.close();
  } catch (error) {
    log.warn({ upid: message.upid, error: messageOf(error) }, "task ended, but not cleanly");
  } finally {
    clearTimeout(timer);
  }
}

/** Standard output is the task's log, so the worker's own log is a file. */
function workerLogger({ quorateLogDir }: Layout, fields: object): Logger {
  const line = (level: string, more: object, text: string): void => {
    const entry = { time: new Date().toISOString(), level, pid: process.pid, ...fields, ...more, msg: text };
    try {
      mkdirSync(quorateLogDir, { recursive: true });
      appendFileSync(join(quorateLogDir, "task-worker.log"), `${JSON.stringify(entry)}\n`, { mode: 0o640 });
    } catch {
      // A full disk: it must not end a task, and its own log lies there too.
    }
  };
  return {
    error: (more, text) => line("error", more, text),
    warn: (more, text) => line("warn", more, text),
    info: (more, text) => line("info", more, text),
    debug: () => {},
    child: (more) => workerLogger({ quorateLogDir } as Layout, { ...fields, ...more }),
  };
}
