import { describe, expect, test } from "vitest";
import { DiskSpeed } from "./disk-speed.ts";

function speedAfter(durations: readonly number[], speed = new DiskSpeed()): DiskSpeed {
  for (const ms of durations) speed.add(ms);
  return speed;
}

const times = (count: number, ms: number): number[] => Array.from({ length: count }, () => ms);

describe("DiskSpeed", () => {
  const cases = [
    { name: "quick commits stay inline", durations: times(1000, 0.2), want: false },
    {
      name: "a few slow ones among quick ones stay inline",
      durations: times(400, 0.2).map((ms, i) => (i % 3 ? ms : 30)),
      want: false,
    },
    { name: "the fifth slow commit in a row asks for the thread", durations: times(5, 50), want: true },
    { name: "four do not", durations: times(4, 50), want: false },
    { name: "barely slow ones count as well", durations: times(8, 1.1), want: true },
  ];
  test.each(cases)("$name", ({ durations, want }) => {
    expect(speedAfter(durations).wantsThread).toBe(want);
  });

  test("the thread stays for a while after the disk has become quick", () => {
    const speed = speedAfter(times(8, 50));
    expect(speedAfter(times(200, 0.1), speed).wantsThread).toBe(true);
    expect(speedAfter(times(100, 0.1), speed).wantsThread).toBe(false);
  });

  test("a disk that is slow every fifth time keeps the thread", () => {
    const speed = speedAfter(times(8, 50));
    expect(
      speedAfter(
        times(2000, 0.1).map((ms, i) => (i % 5 ? ms : 3)),
        speed,
      ).wantsThread,
    ).toBe(true);
  });
});
