/** Counts tasks at work; those above the limit wait in the order in which they came. */
export class Slots {
  #used = 0;
  readonly #waiting: (() => void)[] = [];

  /** @returns true when the caller may go on now; else `go` is called once it may. */
  enter(limit: number, go: () => void): boolean {
    if (this.#used < limit) {
      this.#used += 1;
      return true;
    }
    this.#waiting.push(go);
    return false;
  }

  /** Of a caller that got a slot. */
  leave(): void {
    const next = this.#waiting.shift();
    // The slot goes straight to the next one.
    if (next !== undefined) next();
    else this.#used -= 1;
  }

  /** Of a caller that still waits. @returns false when it did not wait any more. */
  forget(go: () => void): boolean {
    const place = this.#waiting.indexOf(go);
    if (place < 0) return false;
    this.#waiting.splice(place, 1);
    return true;
  }
}
