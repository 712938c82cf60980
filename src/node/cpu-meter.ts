/**
 * The share of the cpus that is busy now. It lies between two looks at counters; those of the last question serve while
 * they are neither too old to be "now" nor too young to tell anything.
 */
import { type CpuTimes, type CpuUse, cpuUseBetween } from "../os/proc-figures.ts";

const OLDEST_LOOK_MS = 30_000;
const YOUNGEST_LOOK_MS = 1_000;
/** Between two looks for one question: some ticks of the kernel's clock. */
const PAUSE_MS = 250;

export interface CpuMeterDeps {
  readonly read: () => Promise<CpuTimes>;
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

interface Look {
  readonly times: CpuTimes;
  readonly atMs: number;
}

const IDLE: CpuUse = { busy: 0, iowait: 0 };

export class CpuMeter {
  readonly #deps: CpuMeterDeps;
  #last: Look | undefined;
  #use = IDLE;
  /** Questions at the same time have the same answer. */
  #measuring: Promise<CpuUse> | undefined;

  constructor(deps: CpuMeterDeps) {
    this.#deps = deps;
  }

  measure(): Promise<CpuUse> {
    this.#measuring ??= this.#measure().finally(() => {
      this.#measuring = undefined;
    });
    return this.#measuring;
  }

  async #measure(): Promise<CpuUse> {
    const age = this.#last === undefined ? Number.POSITIVE_INFINITY : this.#deps.nowMs() - this.#last.atMs;
    if (age < YOUNGEST_LOOK_MS) return this.#use;
    let before = this.#last;
    if (before === undefined || age > OLDEST_LOOK_MS) {
      before = await this.#look();
      await this.#deps.sleep(PAUSE_MS);
    }
    const after = await this.#look();
    this.#last = after;
    this.#use = cpuUseBetween(before.times, after.times) ?? this.#use;
    return this.#use;
  }

  async #look(): Promise<Look> {
    return { times: await this.#deps.read(), atMs: this.#deps.nowMs() };
  }
}
