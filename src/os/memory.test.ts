import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { silentLogger } from "../log/logger.ts";
import { QuietTrim, releaseMemory } from "./memory.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  Reflect.deleteProperty(globalThis, "gc");
});

test("memory is trimmed once, after many requests and then silence", async () => {
  const collect = vi.fn();
  Reflect.set(globalThis, "gc", collect);
  const trim = new QuietTrim({ minRequests: 3, quietMs: 1000, log: silentLogger });
  trim.note();
  trim.note();
  vi.advanceTimersByTime(10_000);
  expect(collect).not.toHaveBeenCalled();
  trim.note();
  vi.advanceTimersByTime(900);
  trim.note();
  vi.advanceTimersByTime(900);
  expect(collect).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1100);
  expect(collect).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(10_000);
  expect(collect).toHaveBeenCalledTimes(1);
});

test("malloc_trim of this libc is found and called", async () => {
  vi.useRealTimers();
  await releaseMemory();
});
