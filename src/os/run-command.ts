/**
 * The one way to run a program to its end: an argument vector, a limit, an optional signal. Never a shell string.
 * The child leads a process group of its own, so that the limit ends its children too.
 */
import { spawn } from "node:child_process";
import { QuorateError } from "../errors/quorate-error.ts";

export interface RunOptions {
  /** Milliseconds until SIGKILL to the whole group. Required: everything that waits has a limit. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  readonly env?: Record<string, string | undefined>;
  /** Called for each complete line of either stream, without its newline. */
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
  /** Bytes kept of each stream; the rest is dropped (but still goes to `onLine`). Default 16 MiB. */
  readonly maxBytes?: number;
}

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class CommandFailedError extends QuorateError {
  readonly code = "command-failed";
  readonly argv: readonly string[];
  /** null when a signal ended it. */
  readonly exitCode: number | null;
  readonly stderr: string;

  constructor(argv: readonly string[], exitCode: number | null, stderr: string, why: string, options?: ErrorOptions) {
    super(`command '${argv.join(" ")}' failed: ${why}`, options);
    this.argv = argv;
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

const DEFAULT_MAX_BYTES = 16 << 20;
/** A process that waits for a device cannot even be killed. */
const KILL_TIMEOUT_MS = 5_000;
/** A timer of more milliseconds than 31 bits hold fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Runs `argv` and waits for its end.
 * @returns the result of exit code 0.
 * @throws CommandFailedError for any other exit, a signal, the limit, or a program that cannot be started.
 */
export async function runCommand(argv: readonly string[], options: RunOptions): Promise<CommandResult> {
  const result = await runToExit(argv, options);
  if (result.exitCode !== 0) {
    throw new CommandFailedError(
      argv,
      result.exitCode,
      result.stderr,
      lastLine(result.stderr) ?? `exit code ${result.exitCode}`,
    );
  }
  return result;
}

/** Like {@link runCommand}, but any exit code is a result. */
export function runToExit(argv: readonly string[], options: RunOptions): Promise<CommandResult> {
  const [program, ...args] = argv;
  if (program === undefined) throw new TypeError("runCommand: empty argv");
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ? { ...process.env, ...options.env } : process.env,
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      detached: true,
    });
    const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    const stdout = new StreamKeeper(maxBytes, options.onLine && ((line) => options.onLine?.(line, "stdout")));
    const stderr = new StreamKeeper(maxBytes, options.onLine && ((line) => options.onLine?.(line, "stderr")));
    let stoppedBy: string | undefined;
    let undying: NodeJS.Timeout | undefined;
    const stop = (why: string): void => {
      stoppedBy ??= why;
      if (child.pid !== undefined) killGroup(child.pid, "SIGKILL");
      // What has left the group may hold the pipes open for as long as it likes.
      child.stdout?.destroy();
      child.stderr?.destroy();
      undying ??= setTimeout(() => {
        settle();
        reject(new CommandFailedError(argv, null, stderr.text(), `${why}, and it does not end`));
      }, KILL_TIMEOUT_MS);
    };
    const timer = setTimeout(() => stop("got timeout"), Math.min(options.timeoutMs, LONGEST_TIMER_MS));
    const onAbort = (): void => stop("interrupted");
    if (options.signal?.aborted) onAbort();
    options.signal?.addEventListener("abort", onAbort, { once: true });
    const settle = (): void => {
      clearTimeout(timer);
      clearTimeout(undying);
      options.signal?.removeEventListener("abort", onAbort);
    };
    child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk));
    if (child.stdin) {
      // A program that does not read all of its input closes the pipe; its exit code tells the rest.
      child.stdin.on("error", () => {});
      child.stdin.end(options.input);
    }
    child.on("error", (cause) => {
      settle();
      reject(new CommandFailedError(argv, null, "", cause.message, { cause }));
    });
    child.on("close", (exitCode, signal) => {
      settle();
      stdout.end();
      stderr.end();
      if (stoppedBy !== undefined) reject(new CommandFailedError(argv, null, stderr.text(), stoppedBy));
      else if (exitCode === null) reject(new CommandFailedError(argv, null, stderr.text(), `got signal ${signal}`));
      else resolve({ exitCode, stdout: stdout.text(), stderr: stderr.text() });
    });
  });
}

/** Signals the process group of `pid`; a group that is gone already is fine. */
export function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

class StreamKeeper {
  readonly #chunks: Buffer[] = [];
  readonly #maxBytes: number;
  readonly #onLine: ((line: string) => void) | undefined;
  #kept = 0;
  #partial = "";

  constructor(maxBytes: number, onLine: ((line: string) => void) | undefined) {
    this.#maxBytes = maxBytes;
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    if (this.#kept < this.#maxBytes) {
      this.#chunks.push(chunk);
      this.#kept += chunk.length;
    }
    if (!this.#onLine) return;
    const lines = (this.#partial + chunk.toString("utf8")).split("\n");
    this.#partial = lines.pop() ?? "";
    for (const line of lines) this.#onLine(line);
  }

  end(): void {
    if (this.#partial !== "") this.#onLine?.(this.#partial);
    this.#partial = "";
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}

function lastLine(text: string): string | undefined {
  return text.trimEnd().split("\n").at(-1) || undefined;
}
