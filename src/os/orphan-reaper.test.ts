/** In a process namespace of its own, which takes root. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const FIRST = fileURLToPath(new URL("first-process.testing.ts", import.meta.url));
const canUnshare = spawnSync("unshare", ["--pid", "--fork", "--mount-proc", "true"]).status === 0;

function runFirst(mode: string): unknown {
  const argv = ["--pid", "--fork", "--mount-proc", process.execPath, FIRST, mode];
  return JSON.parse(spawnSync("unshare", argv, { encoding: "utf8", timeout: 15_000 }).stdout);
}

test.skipIf(!canUnshare)("the first process takes leave of the dead of others, and still hears of its own", () => {
  expect(runFirst("reaps")).toEqual({ pid: 1, ownExitCode: 7, dead: 0 });
});

test.skipIf(!canUnshare)("without that they would stay", () => {
  expect(runFirst("idle")).toMatchObject({ pid: 1, dead: 3 });
});
