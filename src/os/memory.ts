/**
 * Gives memory back to the system after a burst of work: V8 and malloc keep what they once had, so a daemon that was
 * busy for a minute would stay three times as large for days.
 */
import type { Logger } from "../log/logger.ts";

export interface QuietTrimOptions {
  /** Requests since the last trim that make another one worth its 30–40 ms. */
  readonly minRequests?: number;
  /** How long nothing must have happened. */
  readonly quietMs?: number;
  readonly log: Logger;
}

/** Call {@link note} on each request; once it has been quiet for a while after many, memory is trimmed. */
export class QuietTrim {
  readonly #minRequests: number;
  readonly #quietMs: number;
  readonly #log: Logger;
  #requests = 0;
  #seen = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor({ minRequests = 500, quietMs = 5_000, log }: QuietTrimOptions) {
    this.#minRequests = minRequests;
    this.#quietMs = quietMs;
    this.#log = log;
  }

  note(): void {
    this.#requests += 1;
    if (this.#timer === undefined && this.#requests >= this.#minRequests) this.#watch();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #watch(): void {
    this.#seen = this.#requests;
    this.#timer = setTimeout(() => {
      if (this.#requests !== this.#seen) {
        this.#watch();
        return;
      }
      this.#timer = undefined;
      this.#requests = 0;
      releaseMemory().catch((error: unknown) => this.#log.warn({ err: error }, "cannot give memory back"));
    }, this.#quietMs).unref();
  }
}

type Collect = (options: { type: "major"; flavor: "last-resort" }) => void;

/**
 * Gives back, once a start is over, what loading took and left: a third of an idle daemon, which would stay as long as
 * nothing much happens.
 * @param isIdle asked then; while there is work nothing is done.
 */
export function releaseMemoryAfterStart(log: Logger, settleMs: number, isIdle = (): boolean => true): void {
  setTimeout(() => {
    if (isIdle()) releaseMemory().catch((error: unknown) => log.warn({ err: error }, "cannot give memory back"));
  }, settleMs).unref();
}

/** Collects what it can (with `--expose-gc`) and returns freed heap pages to the system. */
export async function releaseMemory(): Promise<void> {
  const collect: unknown = Reflect.get(globalThis, "gc");
  if (typeof collect === "function") (collect as Collect)({ type: "major", flavor: "last-resort" });
  const trim = await loadMallocTrim();
  trim(0);
}

let mallocTrim: Promise<(pad: number) => number> | undefined;

function loadMallocTrim(): Promise<(pad: number) => number> {
  mallocTrim ??= import("koffi").then(({ default: koffi }) => {
    // malloc_trim(3), in glibc; musl has none and needs none.
    const trim = koffi.load(null).func("int malloc_trim(size_t pad)");
    return (pad) => Number(trim(pad));
  });
  return mallocTrim;
}
