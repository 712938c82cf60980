import { expect, test } from "vitest";
import { TooManyWaitingError, Turns } from "./turns.ts";

test("no more than may work at a time, in the order in which they came, whatever becomes of each", async () => {
  const turns = new Turns({ maxRunning: 2, maxWaiting: 10, refusal: "cannot work" });
  let running = 0;
  let most = 0;
  const begun: number[] = [];
  const work = async (index: number): Promise<number> => {
    begun.push(index);
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    if (index % 3 === 0) throw new Error(`${index} failed`);
    return index;
  };
  const all = await Promise.allSettled(Array.from({ length: 12 }, (_, index) => turns.take(() => work(index))));
  expect(all.map(({ status }) => status === "fulfilled")).toEqual(begun.map((index) => index % 3 !== 0));
  expect(begun).toEqual([...begun].sort((a, b) => a - b));
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
