/**
 * Starts a process that will run one task. It leads a session of its own and writes to a file, so neither a terminal
 * nor the end of its parent disturbs it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
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
  /** Writes what the worker reads from its standard input, once it runs. To be called once, before `begin`. */
  give(order: string): void;
  /** The worker takes over the process. */
  begin(): void;
}

export interface QueuedTaskOptions extends TaskProcessOptions {
  /** Written to standard output when the process is asked to end before its worker began. */
  readonly lastWords: string;
}

/**
 * Holds a process and its start time for a worker that comes later: a shell waits until descriptor 4 ends, because it
 * may begin or because its parent is gone, and then becomes the worker.
 */
const WAIT_SCRIPT = [
  `trap 'echo "$QUORATE_LAST_WORDS"; exit 1' TERM INT HUP`,
  "read -r _ <&4",
  "trap - TERM INT HUP",
  "unset QUORATE_LAST_WORDS",
  'exec "$@" 4<&-',
].join("\n");

/** Cheap to have by the hundred: a worker takes a hundred times as much memory and as long to start. */
export function spawnQueuedTaskProcess(options: QueuedTaskOptions): QueuedTaskProcess {
  const { workerModule, logFile, env, lastWords } = options;
  const orderFile = `${logFile}.order`;
  const log = openSync(logFile, "a", 0o640);
  const orderIn = openSync(orderFile, "wx", 0o600);
  const orderOut = openSync(orderFile, "r");
  // Only the two of us know it from now on, and it goes with us.
  rmSync(orderFile);
  try {
    const argv = [
      "-c",
      WAIT_SCRIPT,
      "task that waits for its turn",
      process.execPath,
      ...workerArguments(workerModule),
    ];
    const child = spawn("/bin/sh", argv, {
      cwd: "/",
      env: { ...process.env, ...env, QUORATE_LAST_WORDS: lastWords },
      stdio: [orderOut, log, log, "ipc", "pipe"],
      detached: true,
      serialization: "advanced",
    });
    const gate = child.stdio[4];
    // A process that has ended is told by its exit event.
    if (gate instanceof Socket) gate.on("error", () => {});
    return {
      process: child,
      give(order) {
        try {
          writeSync(orderIn, order);
        } finally {
          closeSync(orderIn);
        }
      },
      begin() {
        if (gate instanceof Socket) gate.destroy();
      },
    };
  } catch (error) {
    closeSync(orderIn);
    throw error;
  } finally {
    closeSync(log);
    closeSync(orderOut);
  }
}
