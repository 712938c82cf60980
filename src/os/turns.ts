/** Some at a time, some more that wait, and nobody beyond. */
import { QuorateError } from "../errors/quorate-error.ts";

export class TooManyWaitingError extends QuorateError {
  readonly code = "too-many-waiting";
}

export interface TurnsOptions {
  readonly maxRunning: number;
  readonly maxWaiting: number;
  /** What cannot be done when too many wait: "cannot ask PAM". */
  readonly refusal: string;
}

export class Turns {
  readonly #options: TurnsOptions;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** @throws TooManyWaitingError, and what `work` throws. The turn lasts until `work` has ended. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    await this.#enter();
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    const { maxRunning, maxWaiting, refusal } = this.#options;
    if (this.#running >= maxRunning) {
      if (this.#waiting.length >= maxWaiting) throw new TooManyWaitingError(`${refusal}: too many at once`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      return;
    }
    this.#running += 1;
  }

  #leave(): void {
    const next = this.#waiting.shift();
    // The place goes straight to the next one, so that nobody slips in between.
    if (next !== undefined) next();
    else this.#running -= 1;
  }
}
