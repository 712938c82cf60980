import { expect, test } from "vitest";
import { CpuMeter } from "./cpu-meter.ts";

/** A machine of one cpu with 100 ticks a second, of which `busy` are worked. */
function machine() {
  const state = { ms: 0, busy: 0, worked: 0, looks: 0 };
  const pass = (ms: number): void => {
    state.worked += (ms / 10) * state.busy;
    state.ms += ms;
  };
  const meter = new CpuMeter({
    read: async () => {
      state.looks += 1;
      const times = { user: state.worked, nice: 0, system: 0, irq: 0, softirq: 0, steal: 0, iowait: 0, cpuCount: 1 };
      return { ...times, idle: state.ms / 10 - state.worked };
    },
    nowMs: () => state.ms,
    sleep: async (ms) => pass(ms),
  });
  return { state, pass, busy: async () => (await meter.measure()).busy };
}

test("the first question is answered with what was measured for it", async () => {
  const { state, busy } = machine();
  state.busy = 0.5;
  expect(await busy()).toBeCloseTo(0.5);
});

test("an old look is not the past of now", async () => {
  const { state, pass, busy } = machine();
  await busy();
  state.busy = 1;
  pass(3_600_000);
  state.busy = 0.25;
  expect(await busy()).toBeCloseTo(0.25);
});

test("a recent look serves, a very recent one answers, questions at once share one", async () => {
  const { state, pass, busy } = machine();
  state.busy = 0.5;
  await Promise.all([busy(), busy(), busy()]);
  expect(state.looks).toBe(2);
  state.busy = 1;
  pass(10_000);
  expect(await busy()).toBeCloseTo(1);
  pass(500);
  expect(await busy()).toBeCloseTo(1);
  expect(state.looks).toBe(3);
});
