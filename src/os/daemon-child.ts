/** Starts long-lived children that outlive their parent: a session of their own, output to a file, an optional IPC channel. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { AccountIds } from "./account-ids.ts";

export interface DaemonChildOptions {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Both streams are appended to it. Opened before privileges are dropped. */
  readonly logFile: string;
  readonly user?: AccountIds;
  /** A channel for `process.send`; its end does not end the child. */
  readonly hasChannel: boolean;
}

/** @throws Error when the log cannot be opened. A program that cannot be started is told by the `error` event. */
export function spawnDaemon({ argv, env, logFile, user, hasChannel }: DaemonChildOptions): ChildProcess {
  const [program, ...args] = argv;
  if (program === undefined) throw new TypeError("spawnDaemon: empty argv");
  const log = openSync(logFile, "a", 0o640);
  try {
    const child = spawn(program, args, {
      cwd: "/",
      env: { ...env },
      detached: true,
      stdio: hasChannel ? ["ignore", log, log, "ipc"] : ["ignore", log, log],
      ...user,
    });
    child.unref();
    child.channel?.unref();
    return child;
  } finally {
    closeSync(log);
  }
}
