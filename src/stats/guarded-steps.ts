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

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Runs `work` for at most `limitMs`; never rejects. A failure is logged here, once. */
  async run(name: string, limitMs: number, work: () => Promise<void>): Promise<StepOutcome> {
    if (this.#overdue.has(name)) return "still-running";
    const running: Promise<StepOutcome> = work().then(
      () => "done",
      (error: unknown) => {
        this.#log.error({ step: name, err: error }, `${name} error: ${messageOf(error)}`);
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
