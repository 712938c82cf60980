/** Decides from the durations of commits whether they are better made inline or on a thread. Pure. */

/** A slower commit is worth the two hand-overs to a thread. */
const SLOW_MS = 1;
/** To the thread: most of so many commits were slow. Short, as every one of them kept all readers waiting. */
const INLINE_WINDOW = 8;
const SLOW_OF_INLINE = 5;
/** Back: hardly any of so many was slow. Long, as a thread is not started for a hiccup. */
const THREAD_WINDOW = 256;
const SLOW_OF_THREAD = 25;
/** Weight of the newest commit in the mean that is shown. */
const WEIGHT = 0.1;

export class DiskSpeed {
  #wantsThread = false;
  #meanMs: number | undefined;
  /** Of the newest commits of the current mode, oldest first: whether they were slow. */
  #recent: boolean[] = [];

  get wantsThread(): boolean {
    return this.#wantsThread;
  }

  /** Absent before the first commit. */
  get meanMs(): number | undefined {
    return this.#meanMs;
  }

  add(ms: number): void {
    this.#meanMs = this.#meanMs === undefined ? ms : this.#meanMs + (ms - this.#meanMs) * WEIGHT;
    this.#recent.push(ms > SLOW_MS);
    const window = this.#wantsThread ? THREAD_WINDOW : INLINE_WINDOW;
    if (this.#recent.length > window) this.#recent.shift();
    const slow = this.#recent.filter(Boolean).length;
    const mustSwitch = this.#wantsThread
      ? this.#recent.length === window && slow <= SLOW_OF_THREAD
      : slow >= SLOW_OF_INLINE;
    if (!mustSwitch) return;
    this.#wantsThread = !this.#wantsThread;
    this.#recent = [];
  }
}
