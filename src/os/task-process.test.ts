import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommand } from "./run-command.ts";

/** Prints for each number of free descriptors what became of a process, and how many descriptors it cost. */
const SCRIPT = `
import { closeSync, openSync, readdirSync } from "node:fs";
const [, module, logFile] = process.argv;
const { spawnQueuedTaskProcess } = await import(module);
const count = () => readdirSync("/proc/self/fd").length;
const spare = [];
for (let free = 0; free < 12; free += 1) {
  const before = count();
  try {
    for (;;) spare.push(openSync("/dev/null", "r"));
  } catch {}
  for (const fd of spare.splice(0, free)) closeSync(fd);
  let outcome;
  try {
    const { process: child, abandon } = spawnQueuedTaskProcess({ workerModule: "none", logFile, env: {}, lastWords: "", orphanLock: undefined });
    const ended = new Promise((resolve) => child.once("error", resolve).once("exit", resolve));
    abandon();
    await ended;
    outcome = child.pid === undefined ? "none" : "started";
  } catch (error) {
    outcome = error.code;
  }
  for (const fd of spare.splice(0)) closeSync(fd);
  console.log(outcome, count() - before);
}
`;

test("without a free descriptor there is no process for a task, the daemon lives, and nothing stays open", async () => {
  const directory = mkdtempSync(join(tmpdir(), "quorate-task-process-"));
  try {
    const argv = [process.execPath, "--input-type=module", "-e", SCRIPT];
    const args = [join(import.meta.dirname, "task-process.ts"), join(directory, "log")];
    const { stdout } = await runCommand(["prlimit", "--nofile=64:64", ...argv, ...args], { timeoutMs: 20_000 });
    const lines = stdout.trim().split("\n");
    expect(lines).toHaveLength(12);
    expect(new Set(lines.filter((line) => !line.startsWith("none")))).toEqual(new Set(["EMFILE 0", "started 0"]));
    // The runtime itself does not close what it had opened before it ran out.
    expect(lines).toContain("none 0");
    expect(readdirSync(directory)).toEqual(["log"]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
