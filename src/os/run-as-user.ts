/** Runs a short program to its end as another user, waiting for it. */
import { spawnSync } from "node:child_process";
import type { AccountIds } from "./account-ids.ts";
import { CommandFailedError } from "./run-command.ts";

export interface RunAsOptions {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly user?: AccountIds;
}

/** @throws CommandFailedError for any end but exit code 0. */
export function runAsUser({ argv, env, timeoutMs, user }: RunAsOptions): void {
  const [program, ...args] = argv;
  if (program === undefined) throw new TypeError("runAsUser: empty argv");
  const { status, stderr, error } = spawnSync(program, args, {
    cwd: "/",
    env: { PATH: process.env.PATH, ...env },
    timeout: timeoutMs,
    killSignal: "SIGKILL",
    encoding: "utf8",
    ...user,
  });
  if (status === 0) return;
  const why = error?.message ?? (reasonIn(stderr) || `exit code ${status}`);
  throw new CommandFailedError(argv, status, stderr, why, error === undefined ? {} : { cause: error });
}

/** The line that says what went wrong: of an uncaught error the one with its message, else the last one. */
function reasonIn(stderr: string): string | undefined {
  const lines = stderr.trimEnd().split("\n");
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1);
}
