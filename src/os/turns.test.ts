import { expect, test } from "vitest";
import { TooManyWaitingError, Turns } from "./turns.ts";

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("no more than may work at a time, in the order in which they came, whatever becomes of each", async () => {
  const turns = new Turns({ maxRunning: 2, maxWaiting: 10, refusal: "cannot work" });
  let running = 0;
  let most = 0;
  const begun: number[] = [];
  const work = async (index: number): Promise<number> => {
    begun.push(index);
    running += 1;
    most = Math.max(most, running);
    await tick();
    running -= 1;
    if (index % 3 === 0) throw new Error(`${index} failed`);
    return index;
  };
  const wave = (from: number): Promise<PromiseSettledResult<number>[]> =>
    Promise.allSettled([0, 1, 2, 3, 4, 5].map((index) => turns.take(() => work(from + index))));
  const first = wave(0);
  // More come while some work and others wait.
  await tick();
  await tick();
  const all = [...(await wave(6)), ...(await first)];
  expect(all.filter(({ status }) => status === "rejected")).toHaveLength(4);
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(most).toBe(2);
});

test("nobody waits beyond the bound, and who is refused takes no turn", async () => {
  const turns = new Turns({ maxRunning: 1, maxWaiting: 1, refusal: "cannot work" });
  const gate = Promise.withResolvers<void>();
  const first = turns.take(() => gate.promise);
  const second = turns.take(async () => "second");
  const third = turns.take(async () => "third");
  await expect(third).rejects.toThrow(new TooManyWaitingError("cannot work: too many at once"));
  gate.resolve();
  await first;
  expect(await second).toBe("second");
  expect(await turns.take(async () => "fourth")).toBe("fourth");
});
