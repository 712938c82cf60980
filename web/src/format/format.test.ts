import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bitRate, formatBytes, formatPart, parseSize } from "./bytes.ts";
import { fillLevel, formatPercent } from "./percent.ts";
import { formatAge, formatDuration } from "./time.ts";

const plain = (text: string): string => text.replaceAll("\u00a0", " ");

describe("bytes", () => {
  test.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1 KiB"],
    [1536, "1.5 KiB"],
    [16 * 2 ** 30, "16 GiB"],
    [2 ** 40 - 1, "1 TiB"],
    [123.4 * 2 ** 20, "123 MiB"],
  ])("%d is %s", (count, want) => expect(plain(formatBytes(count))).toBe(want));

  test("network rates are in bits", () => expect(bitRate(125_000_000)).toEqual({ value: "1", unit: "Gbit/s" }));

  test("a part is told in the unit of the whole", () => {
    const { used, total } = formatPart(19.5 * 2 ** 30, 64 * 2 ** 30);
    expect([used, plain(total)]).toEqual(["19.5", "64 GiB"]);
  });

  test.each([
    ["4g", "MiB", 4 * 2 ** 30],
    ["512 MiB", "GiB", 512 * 2 ** 20],
    ["16", "GiB", 16 * 2 ** 30],
    ["2048", "MiB", 2 ** 31],
    ["1.5t", "GiB", 1.5 * 2 ** 40],
    ["1,5 g", "MiB", 1.5 * 2 ** 30],
    ["100b", "MiB", 100],
  ] as const)("%s (bare: %s) is read", (text, unit, want) => expect(parseSize(text, unit)).toBe(want));

  test.each(["", "g", "-1", "4x", "4 gg", "1e9"])("%j is no size", (text) =>
    expect(parseSize(text, "GiB")).toBeUndefined(),
  );

  test("what is printed is read back, as far as it was printed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 45 }), (count) => {
        const read = parseSize(plain(formatBytes(count)), "MiB") ?? 0;
        expect(Math.abs(read - count) / count).toBeLessThan(0.01);
      }),
    );
  });
});

describe("time", () => {
  test.each([
    [-3, "0 s"],
    [59, "59 s"],
    [360, "6 min"],
    [7200, "2 h"],
    [47 * 3600, "47 h"],
    [12 * 86400, "12 d"],
  ])("an age of %d s is %s", (age, want) => expect(plain(formatAge(age))).toBe(want));

  test.each([
    [0, "0 s"],
    [200, "3 min 20 s"],
    [3600, "1 h"],
    [12 * 86400 + 4 * 3600 + 59, "12 d 4 h"],
  ])("%d s last %s", (length, want) => expect(plain(formatDuration(length))).toBe(want));
});

describe("shares", () => {
  test("a bar is calm below 80 %, warns from there and alarms from 95 %", () => {
    expect([0, 0.799, 0.8, 0.949, 0.95, 2].map(fillLevel)).toEqual(["ok", "ok", "warn", "warn", "bad", "bad"]);
  });
  test("percent are whole", () => expect(plain(formatPercent(0.616))).toBe("62 %"));
});
