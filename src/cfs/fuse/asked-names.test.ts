import { expect, test } from "vitest";
import { AskedNames } from "./asked-names.ts";

test("a name that was added is always found, in its directory", () => {
  const asked = new AskedNames();
  for (let i = 0; i < 5000; i += 1) asked.add(7, `name-${i}`);
  for (let i = 0; i < 5000; i += 1) expect(asked.has(7, `name-${i}`)).toBe(true);
});

test("few names that were not added are taken for asked", () => {
  const asked = new AskedNames();
  for (let i = 0; i < 5000; i += 1) asked.add(7, `name-${i}`);
  let wrong = 0;
  for (let i = 0; i < 5000; i += 1) if (asked.has(8, `name-${i}`) || asked.has(7, `other-${i}`)) wrong += 1;
  expect(wrong).toBeLessThan(150);
});

test("four million random names take no memory, and then every name counts as asked", () => {
  const asked = new AskedNames();
  globalThis.gc?.();
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 4_000_000; i += 1) asked.add(1, `random-${i}`);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20);
  let found = 0;
  for (let i = 0; i < 1000; i += 1) if (asked.has(2, `never-${i}`)) found += 1;
  expect(found).toBeGreaterThan(900);
});

test("clearing forgets all", () => {
  const asked = new AskedNames();
  asked.add(1, "a");
  asked.clear();
  expect(asked.has(1, "a")).toBe(false);
});
