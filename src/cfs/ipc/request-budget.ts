/** How many requests of all clients of a socket may be under way: each may be answered with a whole file. */
export class RequestBudget {
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(size: number) {
    this.#free = size;
  }

  get isSpent(): boolean {
    return this.#free <= 0;
  }

  take(): void {
    this.#free -= 1;
  }

  /** Lets those who wait go on, in the order in which they came, as long as there is something left. */
  give(): void {
    this.#free += 1;
    for (const goOn of this.#waiting) {
      if (this.isSpent) return;
      this.#waiting.delete(goOn);
      goOn();
    }
  }

  /** @param goOn called once; the same one again waits once. */
  whenFree(goOn: () => void): void {
    this.#waiting.add(goOn);
  }

  forget(goOn: () => void): void {
    this.#waiting.delete(goOn);
  }
}
