/**
 * Starts a process that will run one task. It leads a session of its own and writes to a file, so neither a terminal
 * nor the end of its parent disturbs it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, rmSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";

export interface TaskProcessOptions {
  /** Path of the worker's entry module. */
  readonly workerModule: string;
  /** Standard output and error are appended here. */
  readonly logFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The process's title replaces its arguments and may not be longer than they are: this leaves room for a UPID. */
const TITLE_ROOM = "task worker".padEnd(240);

export function spawnTaskProcess({ workerModule, logFile, env }: TaskProcessOptions): ChildProcess {
  const fd = openSync(logFile, "a", 0o640);
  try {
    return spawn(process.execPath, workerArguments(workerModule), {
      cwd: "/",
      env: { ...process.env, ...env },
      stdio: ["ignore", fd, fd, "ipc"],
      detached: true,
      serialization: "advanced",
    });
  } finally {
    closeSync(fd);
  }
}

function workerArguments(workerModule: string): string[] {
  return [...process.execArgv, workerModule, TITLE_ROOM];
}

export interface QueuedTaskProcess {
  readonly process: ChildProcess;
  /** Writes what the worker reads from its standard input, once it runs: once, before `begin`. @throws when the disk is full. */
  give(order: string): void;
  /** Ends the process: no task comes after all. */
  abandon(): void;
  /** The worker takes over the process. */
  begin(): void;
}

export interface QueuedTaskOptions extends TaskProcessOptions {
  /** Written to standard output when the process is asked to end before its worker began. */
  readonly lastWords: string;
  /** Its lock is what the process waits for, and keeps while it works, when nobody is left to say when it may begin. */
  readonly orphanLock: string | undefined;
}

/**
 * Holds a process and its start time for a worker that comes later: a shell waits for a line on descriptor 4, and then
 * becomes the worker. Its end without a line means that the parent is gone: as many wait then as before, and all of them
 * at once would be more than the machine can carry. The worker does not hand the lock's descriptor on to its programs.
 */
const WAIT_SCRIPT = [
  `trap 'echo "$QUORATE_LAST_WORDS"; exit 1' TERM INT HUP`,
  `if ! read -r _ <&4 && [ "$QUORATE_ORPHAN_LOCK" ]; then exec 9>>"$QUORATE_ORPHAN_LOCK" && flock 9; fi`,
  "trap - TERM INT HUP",
  "unset QUORATE_LAST_WORDS QUORATE_ORPHAN_LOCK",
  'exec "$@" 4<&-',
].join("\n");

/** Cheap to have by the hundred: a worker takes a hundred times as much memory and as long to start. */
export function spawnQueuedTaskProcess(options: QueuedTaskOptions): QueuedTaskProcess {
  const { workerModule, logFile, env, lastWords, orphanLock } = options;
  const orderFile = `${logFile}.order`;
  const forChild: number[] = [];
  let orderIn: number | undefined;
  const close = (): void => {
    if (orderIn !== undefined) closeSync(orderIn);
    orderIn = undefined;
  };
  try {
    const log = openSync(logFile, "a", 0o640);
    forChild.push(log);
    orderIn = openSync(orderFile, "wx", 0o600);
    const order = openSync(orderFile, "r");
    forChild.push(order);
    // Only the two of us know it from now on, and it goes with us.
    rmSync(orderFile);
    const argv = [
      "-c",
      WAIT_SCRIPT,
      "task that waits for its turn",
      process.execPath,
      ...workerArguments(workerModule),
    ];
    const child = spawn("/bin/sh", argv, {
      cwd: "/",
      env: { ...process.env, ...env, QUORATE_LAST_WORDS: lastWords, QUORATE_ORPHAN_LOCK: orphanLock },
      stdio: [order, log, log, "ipc", "pipe"],
      detached: true,
      serialization: "advanced",
    });
    // A process that could not be had has no streams; its error event tells why.
    const gate = child.pid === undefined ? undefined : child.stdio[4];
    // A process that has ended is told by its exit event.
    if (gate instanceof Socket) gate.on("error", () => {});
    return {
      process: child,
      give(order) {
        if (orderIn !== undefined) writeFileSync(orderIn, order);
        close();
      },
      abandon() {
        child.kill("SIGKILL");
        close();
      },
      begin() {
        if (gate instanceof Socket) gate.end("\n", () => gate.destroy());
      },
    };
  } catch (error) {
    close();
    rmSync(orderFile, { force: true });
    throw error;
  } finally {
    for (const fd of forChild) closeSync(fd);
  }
}
