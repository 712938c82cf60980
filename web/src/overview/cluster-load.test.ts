import { expect, test } from "vitest";
import { clusterLoad, loadNow } from "./cluster-load.ts";

test("nodes count by their size; a moment without figures is a gap", () => {
  const big = [
    { time: 60, cpu: 1, maxcpu: 6, memused: 3, memtotal: 6 },
    { time: 120 },
    { time: 180, cpu: 0, maxcpu: 6, memused: 0, memtotal: 6 },
  ];
  const small = [{ time: 60, cpu: 0, maxcpu: 2, memused: 1, memtotal: 2 }, { time: 120 }];
  expect(clusterLoad([big, small])).toEqual({
    cpu: { times: [60, 120, 180], columns: [[0.75, null, 0]] },
    memory: { times: [60, 120, 180], columns: [[0.5, null, 0]] },
  });
  expect(clusterLoad([[]])).toBeUndefined();
});

test("the figures of now count nodes by their size too, and leave out what is not known", () => {
  const node = { cpu: 1, cores: 6, memory: 3, memoryTotal: 6 };
  const unknown = { cpu: undefined, cores: 2, memory: 1, memoryTotal: 2 };
  expect(loadNow([node, { ...node, cpu: 0, cores: 2 }, unknown])).toEqual({
    cpu: 0.75,
    memory: 0.5,
    cores: 10,
    memoryTotal: 14,
  });
  expect(loadNow([])).toEqual({ cpu: undefined, memory: undefined, cores: 0, memoryTotal: 0 });
});
