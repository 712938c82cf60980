/**
 * Starts a process that will run one task. It leads a session of its own and writes to a file, so neither a terminal
 * nor the end of its parent disturbs it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

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
    return spawn(process.execPath, [...process.execArgv, workerModule, TITLE_ROOM], {
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
