import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { VmProcesses } from "./vm-process.ts";

let child: ChildProcess | undefined;
let directory = "";
afterEach(() => {
  child?.kill("SIGKILL");
  rmSync(directory, { recursive: true });
});

test("a VM is found whatever letters the node's directory is written with", async () => {
  directory = mkdtempSync(join(tmpdir(), "quorate-vm ü€-"));
  const pidFile = join(directory, "100.pid");
  child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", "--", "-pidfile", pidFile]);
  await new Promise((resolve) => child?.once("spawn", () => resolve(undefined)));
  const processes = new VmProcesses(directory);
  expect((await processes.search(100))?.pid).toBe(child.pid);
  writeFileSync(pidFile, `${child.pid}\n`);
  expect((await processes.find(100))?.pid).toBe(child.pid);
  expect(await processes.find(101)).toBeUndefined();
});
