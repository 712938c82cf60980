import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { BoundedChildren } from "../os/bounded-children.ts";
import { StorageGuard } from "./guard.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

test("work that does not end closes its storage, no other one, until it has ended", async () => {
  const guard = new StorageGuard({ children: new BoundedChildren(), nowMs: () => 0, workTimeoutMs: 1_000 });
  const slow = Promise.withResolvers<void>();
  const hung = guard.work("nas", "listing", () => slow.promise);
  vi.advanceTimersByTime(1_000);
  await expect(hung).rejects.toThrow("storage 'nas' does not answer (listing)");
  const begun = vi.fn(async () => "done");
  await expect(guard.work("nas", "reading", begun)).rejects.toThrow("earlier work has not ended");
  expect(begun).not.toHaveBeenCalled();
  expect(await guard.work("local", "reading", begun)).toBe("done");
  slow.resolve();
  await slow.promise;
  expect(await guard.work("nas", "reading", begun)).toBe("done");
});
