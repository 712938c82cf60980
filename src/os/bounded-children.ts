/**
 * Short programs that may hang in the kernel: a file system that does not answer puts its caller in a sleep that not
 * even SIGKILL ends. Such a child is left behind and counted; while it is there its key gets no second one, and all
 * keys together get a bounded number. Nothing here ever waits for a child longer than its limit.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { killGroup } from "./run-command.ts";

export type ChildAnswer =
  | { readonly kind: "exited"; readonly exitCode: number | null; readonly stdout: string; readonly stderr: string }
  /** Not within the limit, or an earlier child of the key still hangs, or too many do. */
  | { readonly kind: "silent"; readonly why: "timeout" | "still-hanging" | "too-many-hang" }
  | { readonly kind: "not-started"; readonly reason: string };

const MAX_OUTPUT_BYTES = 64 * 1024;

export class BoundedChildren {
  readonly #maxHanging: number;
  /** Children that were killed and did not end, by key. */
  readonly #hanging = new Map<string, ChildProcess>();

  constructor(options: { readonly maxHanging?: number } = {}) {
    this.#maxHanging = options.maxHanging ?? 16;
  }

  /** Keys whose last child is still there although it was killed. */
  get hangingKeys(): string[] {
    return [...this.#hanging.keys()];
  }

  /** Runs `argv` for at most `timeoutMs`; never rejects. */
  run(key: string, argv: readonly string[], timeoutMs: number): Promise<ChildAnswer> {
    if (this.#hanging.has(key)) return Promise.resolve({ kind: "silent", why: "still-hanging" });
    if (this.#hanging.size >= this.#maxHanging) return Promise.resolve({ kind: "silent", why: "too-many-hang" });
    const [program, ...args] = argv;
    if (program === undefined) throw new TypeError("BoundedChildren.run: empty argv");
    return new Promise((resolve) => {
      const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], detached: true, cwd: "/" });
      const stdout = new Capture(child.stdout);
      const stderr = new Capture(child.stderr);
      const timer = setTimeout(() => {
        this.#leaveBehind(key, child);
        resolve({ kind: "silent", why: "timeout" });
      }, timeoutMs);
      child.once("error", (error) => {
        clearTimeout(timer);
        resolve({ kind: "not-started", reason: error.message });
      });
      child.once("close", (exitCode) => {
        clearTimeout(timer);
        if (this.#hanging.get(key) === child) this.#hanging.delete(key);
        resolve({ kind: "exited", exitCode, stdout: stdout.text(), stderr: stderr.text() });
      });
    });
  }

  /** Kills, and lets this process end without the child if the kernel does not let go of it. */
  #leaveBehind(key: string, child: ChildProcess): void {
    this.#hanging.set(key, child);
    if (child.pid !== undefined) killGroup(child.pid, "SIGKILL");
    child.unref();
    for (const stream of [child.stdout, child.stderr]) stream?.destroy();
    // The pipes are closed on this side, so `close` follows `exit` whenever that comes.
  }
}

class Capture {
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor(stream: NodeJS.ReadableStream | null) {
    stream?.on("data", (chunk: Buffer) => {
      if (this.#size < MAX_OUTPUT_BYTES) this.#chunks.push(chunk);
      this.#size += chunk.length;
    });
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString("utf8");
  }
}
