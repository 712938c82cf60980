import koffi from "koffi";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { silentLogger } from "../log/logger.ts";
import { QuietTrim, releaseMemory, releaseMemoryAfterStart } from "./memory.ts";

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

test("what malloc keeps goes back to the system", async () => {
  vi.useRealTimers();
  const libc = koffi.load(null);
  const malloc = libc.func("void *malloc(size_t size)");
  const free = libc.func("void free(void *block)");
  const memset = libc.func("void *memset(void *block, int byte, size_t size)");
  const residentMiB = (): number => process.memoryUsage.rss() / (1 << 20);
  // Below the size that malloc maps for itself. The last one stays, so that what is before it does not go by itself.
  const blocks = Array.from({ length: 1000 }, () => memset(malloc(100_000), 1, 100_000));
  const last = blocks.pop();
  for (const block of blocks) free(block);
  const before = residentMiB();
  await releaseMemory();
  expect(before - residentMiB()).toBeGreaterThan(50);
  free(last);
});

test.each([
  ["given back", true, 1],
  ["left alone while there is work", false, 0],
])("after a start memory is %s, once it has settled", (_, isIdle, times) => {
  const collect = vi.fn();
  Reflect.set(globalThis, "gc", collect);
  releaseMemoryAfterStart(silentLogger, 1000, () => isIdle);
  vi.advanceTimersByTime(999);
  expect(collect).not.toHaveBeenCalled();
  vi.advanceTimersByTime(10_000);
  expect(collect).toHaveBeenCalledTimes(times);
});
