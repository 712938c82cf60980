import { closeSync, openSync } from "node:fs";
import { test } from "vitest";
import { createLogger } from "./pino-logger.ts";

test("a disk without room ends nobody who logs", async () => {
  // Every write to it fails with ENOSPC (full(4)).
  const fd = openSync("/dev/full", "w");
  const log = createLogger("d", { fd });
  for (let i = 0; i < 100; i += 1) log.error({ i }, "a line that finds no room");
  // An error that nobody listens to would come in the next turns.
  for (let i = 0; i < 5; i += 1) await new Promise((resolve) => setImmediate(resolve));
  closeSync(fd);
});
