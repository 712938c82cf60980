/** What a benchmark reports: figures with the bars that they are held against. */
import { arch, cpus, release, totalmem } from "node:os";

export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The limit that `value` is held against. */
  readonly bar: number;
  readonly holds: boolean;
}

export interface BenchResult {
  readonly area: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly bars: readonly Bar[];
  /** Everything measured, for people who want to see more than the bars. */
  readonly rows: readonly Readonly<Record<string, string | number>>[];
}

export function describeMachine(): BenchResult["machine"] {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? "unknown",
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    arch: arch(),
    kernel: release(),
    node: process.version,
  };
}

/** A bar that `value` must reach. */
export function atLeast(name: string, value: number, unit: string, bar: number): Bar {
  return { name, value: rounded(value), unit, bar, holds: value >= bar };
}

/** A bar that `value` must not exceed. */
export function atMost(name: string, value: number, unit: string, bar: number): Bar {
  return { name, value: rounded(value), unit, bar, holds: value <= bar };
}

export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
