/**
 * Steps of a cycle that fail, or hang, each for itself. A step that is overdue is left behind; until it ends, later
 * cycles pass it over, so nothing piles up.
 */
import { messageOf } from "../errors/quorate-error.ts";
import type { Logger } from "../log/logger.ts";

export type StepOutcome = "done" | "failed" | "overdue" | "still-running";

export class GuardedSteps {
  readonly #log: Logger;
  readonly #overdue = new Set<string>();
  /** What each failing step last said: the same failure again is not news. */
  readonly #failing = new Map<string, string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Runs `work` for at most `limitMs`; never rejects. A failure is logged here, once until it changes or passes. */
  async run(name: string, limitMs: number, work: () => Promise<void>): Promise<StepOutcome> {
    if (this.#overdue.has(name)) return "still-running";
    const running: Promise<StepOutcome> = work().then(
      () => {
        if (this.#failing.delete(name)) this.#log.info({ step: name }, `${name} works again`);
        return "done";
      },
      (error: unknown) => {
        const text = `${name} error: ${messageOf(error)}`;
        if (this.#failing.get(name) !== text) this.#log.error({ step: name, err: error }, text);
        this.#failing.set(name, text);
        return "failed";
      },
    );
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<StepOutcome>((resolve) => {
      timer = setTimeout(() => resolve("overdue"), limitMs);
    });
    const outcome = await Promise.race([running, limit]);
    clearTimeout(timer);
    if (outcome === "overdue") {
      this.#overdue.add(name);
      this.#log.error({ step: name, limitMs }, `${name} error: no end within ${limitMs} ms`);
      void running.then(() => this.#overdue.delete(name));
    }
    return outcome;
  }
}
