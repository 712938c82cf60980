/** Runs the cycle every ten seconds, never two at once, until it is stopped. */
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../log/logger.ts";

export interface StatusLoopDeps {
  readonly cycle: { run(): Promise<void> };
  readonly log: Logger;
  /** Milliseconds on a monotonic clock. */
  readonly nowMs: () => number;
  readonly intervalMs?: number;
}

const INTERVAL_MS = 10_000;
const SLOW_MS = 5_000;

export class StatusLoop {
  readonly #deps: StatusLoopDeps;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(deps: StatusLoopDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends after the cycle that runs, if one does. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { cycle, log, nowMs, intervalMs = INTERVAL_MS } = this.#deps;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const startedMs = nowMs();
      await cycle.run();
      const tookMs = nowMs() - startedMs;
      if (tookMs > SLOW_MS) log.info({ tookMs }, `status update time (${(tookMs / 1000).toFixed(3)} seconds)`);
      // Aborted: the loop ends.
      await delay(Math.max(intervalMs - tookMs, 0), undefined, { signal }).catch(() => {});
    }
  }
}
