/**
 * Keeps a storage that hangs from taking the daemon with it. Whether a directory answers is asked by a killable child;
 * only then does this process touch it, and work that is overdue closes the storage until it comes back.
 */
import type { BoundedChildren, ChildAnswer } from "../os/bounded-children.ts";
import { StorageError, StorageHangsError } from "./errors.ts";
import type { StorageStatus } from "./port.ts";

export interface GuardOptions {
  readonly children: BoundedChildren;
  /** Milliseconds on a monotonic clock. */
  readonly nowMs: () => number;
  readonly probeTimeoutMs?: number;
  readonly workTimeoutMs?: number;
}

/** What a directory said of itself. */
export type DirectoryProbe =
  | { readonly kind: "present"; readonly status: StorageStatus }
  | { readonly kind: "absent"; readonly reason: string }
  | { readonly kind: "silent" };

const PROBE_TIMEOUT_MS = 2_000;
/** Reading or changing names; copying data has its own limits. */
const WORK_TIMEOUT_MS = 20_000;
/** An answer is good for as long: a burst of calls asks once. */
const ANSWER_GOOD_MS = 1_000;

export class StorageGuard {
  readonly #children: BoundedChildren;
  readonly #nowMs: () => number;
  readonly #probeTimeoutMs: number;
  readonly #workTimeoutMs: number;
  readonly #answers = new Map<
    string,
    { readonly path: string; readonly atMs: number; readonly probe: Promise<DirectoryProbe> }
  >();
  /** Storages with work that did not end in time, and how much. */
  readonly #overdue = new Map<string, number>();

  constructor({ children, nowMs, probeTimeoutMs, workTimeoutMs }: GuardOptions) {
    this.#children = children;
    this.#nowMs = nowMs;
    this.#probeTimeoutMs = probeTimeoutMs ?? PROBE_TIMEOUT_MS;
    this.#workTimeoutMs = workTimeoutMs ?? WORK_TIMEOUT_MS;
  }

  /** Asks the directory for its space, within the probe's limit. Rejects only when no child can be started. */
  probe(storage: string, path: string): Promise<DirectoryProbe> {
    const now = this.#nowMs();
    const known = this.#answers.get(storage);
    if (known?.path === path && now - known.atMs < ANSWER_GOOD_MS) return known.probe;
    // `/.` makes anything but a directory an error.
    const argv = ["stat", "-f", "-c", "%S %b %f %a", `${path}/.`];
    const probe = this.#children.run(storage, argv, this.#probeTimeoutMs).then(readProbe);
    this.#answers.set(storage, { path, atMs: now, probe });
    return probe;
  }

  /** After a change that the last answer cannot know. */
  forget(storage: string): void {
    this.#answers.delete(storage);
  }

  /**
   * Work of this process on the storage, which has just answered a probe.
   * @throws StorageHangsError when it takes too long, or earlier work still does.
   */
  async work<T>(storage: string, what: string, work: () => Promise<T>): Promise<T> {
    if (this.#overdue.has(storage)) throw new StorageHangsError(storage, "earlier work has not ended");
    const running = work();
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#countOverdue(storage, running);
        reject(new StorageHangsError(storage, what));
      }, this.#workTimeoutMs);
    });
    try {
      return await Promise.race([running, limit]);
    } finally {
      clearTimeout(timer);
    }
  }

  #countOverdue(storage: string, running: Promise<unknown>): void {
    this.#overdue.set(storage, (this.#overdue.get(storage) ?? 0) + 1);
    const settle = (): void => {
      const left = (this.#overdue.get(storage) ?? 1) - 1;
      if (left > 0) this.#overdue.set(storage, left);
      else this.#overdue.delete(storage);
    };
    // Its outcome has no reader any more; the caller was told that the storage hangs.
    running.then(settle, settle);
  }
}

function readProbe(answer: ChildAnswer): DirectoryProbe {
  switch (answer.kind) {
    case "silent":
      return { kind: "silent" };
    case "not-started":
      throw new StorageError(`cannot run stat: ${answer.reason}`);
    case "exited": {
      if (answer.exitCode !== 0) return { kind: "absent", reason: answer.stderr.trim() };
      const [blockSize = 0, blocks = 0, free = 0, avail = 0] = answer.stdout.trim().split(" ").map(Number);
      const total = blocks * blockSize;
      const status = { total, used: (blocks - free) * blockSize, avail: avail * blockSize, active: total > 0 };
      return { kind: "present", status };
    }
    default:
      return answer satisfies never;
  }
}
