import fc from "fast-check";
import { expect, test } from "vitest";
import { type BalloonVm, balloonGoal, balloonTargets } from "./balloon.ts";

const MIB = 1024 * 1024;
const vm = (vmid: number, changes: Partial<BalloonVm> = {}): BalloonVm => ({
  vmid,
  balloon: 1000 * MIB,
  balloonMin: 500 * MIB,
  maxmem: 2000 * MIB,
  freemem: 0,
  ...changes,
});

test("the goal is what is left below the target", () => {
  expect(balloonGoal({ memtotal: 1000, memused: 300, targetPercent: 80 })).toBe(500);
  expect(balloonGoal({ memtotal: 1000, memused: 900, targetPercent: 80 })).toBe(-100);
});

test("small differences are left alone", () => {
  expect(balloonTargets([vm(1)], 10 * MIB).size).toBe(0);
  expect(balloonTargets([vm(1)], -10 * MIB).size).toBe(0);
});

test("memory is taken first from a VM that does not need it, given first to one that does", () => {
  const relaxed = vm(1, { freemem: 400 * MIB });
  const pressed = vm(2);
  expect([...balloonTargets([relaxed, pressed], -50 * MIB).keys()]).toEqual([1]);
  expect([...balloonTargets([relaxed, pressed], 50 * MIB).keys()]).toEqual([2]);
});

test("a VM at its minimum gives nothing; the others give instead", () => {
  const atMinimum = vm(1, { balloon: 500 * MIB, freemem: 400 * MIB });
  expect([...balloonTargets([atMinimum, vm(2)], -300 * MIB)]).toEqual([[2, 900 * MIB]]);
});

test("never beyond a VM's limits, never more than a step, never more than there is", () => {
  const size = fc.integer({ min: 0, max: 4000 }).map((mib) => mib * MIB);
  const anyVm = fc.record({
    balloonMin: fc.integer({ min: 1, max: 1000 }).map((mib) => mib * MIB),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    extra: size,
    freemem: size,
    shares: fc.integer({ min: 1, max: 5000 }),
  });
  fc.assert(
    fc.property(fc.array(anyVm, { maxLength: 8 }), fc.integer({ min: -8000, max: 8000 }), (given, goalMib) => {
      const vms = given.map(({ balloonMin, share, extra, freemem, shares }, vmid): BalloonVm => {
        const balloon = balloonMin + Math.floor(extra * share);
        return { vmid, balloonMin, balloon, maxmem: balloonMin + extra, freemem, shares };
      });
      const goal = goalMib * MIB;
      let used = 0;
      for (const [vmid, size] of balloonTargets(vms, goal)) {
        const before = vms[vmid];
        if (before === undefined) throw new Error("unknown VM");
        expect(size).toBeGreaterThanOrEqual(before.balloonMin);
        expect(size).toBeLessThanOrEqual(before.maxmem);
        expect(Math.abs(size - before.balloon)).toBeLessThanOrEqual(100 * MIB);
        expect(Math.sign(size - before.balloon)).toBe(Math.sign(goal));
        used += size - before.balloon;
      }
      // Each round's shares are rounded on their own.
      expect(Math.abs(used)).toBeLessThanOrEqual(Math.abs(goal) + vms.length);
    }),
    { numRuns: 5000 },
  );
});
