import { expect, test } from "vitest";
import { runCommand } from "./run-command.ts";

test("the limit holds although something outside the group keeps the output open", async () => {
  const began = performance.now();
  const running = runCommand(["sh", "-c", "echo begun; setsid sleep 20 & wait"], { timeoutMs: 200 });
  await expect(running).rejects.toThrow("got timeout");
  expect(performance.now() - began).toBeLessThan(4_000);
});

test("a limit of many days is not one of a millisecond", async () => {
  const running = runCommand(["sh", "-c", "sleep 0.2"], { timeoutMs: 99_999_999_000 });
  await expect(running).resolves.toMatchObject({ exitCode: 0 });
});
