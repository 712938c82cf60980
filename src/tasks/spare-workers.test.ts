import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { silentLogger } from "../log/logger.ts";
import { encodeLayoutOptions, LAYOUT_ENV, makeLayout } from "../os/layout.ts";
import { processStartTicks } from "../os/process-identity.ts";
import { runCommand } from "../os/run-command.ts";
import { MAX_BOOTING, SpareWorkers } from "./spare-workers.ts";
import { ORDER_ENV, TASK_TABLE_ENV } from "./worker-messages.ts";

let directory: string;
let spares: SpareWorkers;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "quorate-spares-"));
  const workerModule = join(directory, "never-ready.mjs");
  writeFileSync(workerModule, "process.on('message', () => {});");
  spares = new SpareWorkers({ workerModule, directory, env: {}, log: silentLogger, idleCount: 0 });
});
afterEach(() => {
  spares.close();
  rmSync(directory, { recursive: true });
});
const logs = (): string[] => readdirSync(directory).filter((name) => name.startsWith(".spare-"));

test("no more than a few boot at a time, and all who wait are told when the daemon stops", async () => {
  const taken = Promise.allSettled(Array.from({ length: 10 }, () => spares.take()));
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(logs()).toHaveLength(MAX_BOOTING);
  spares.close();
  for (const outcome of await taken) {
    expect(outcome).toMatchObject({ status: "rejected", reason: { message: expect.stringContaining("is stopping") } });
  }
});

test("logs of ended daemons are removed, those of living ones stay", () => {
  const ticks = processStartTicks(process.pid) ?? 0;
  const own = `.spare-${process.pid}-${ticks}-1`;
  const others = [`.spare-${process.pid}-${ticks - 1}-1`, `.spare-${process.pid}-${ticks - 1}-2.order`];
  for (const name of [own, ...others]) writeFileSync(join(directory, name), "");
  spares.warmUp();
  expect(logs()).toEqual([own]);
});

test("a worker whose task was never given ends without a word", async () => {
  const layout = makeLayout({ root: directory, nodeName: "n1", isRootUser: false });
  const env = {
    [ORDER_ENV]: "stdin",
    [LAYOUT_ENV]: encodeLayoutOptions(layout),
    [TASK_TABLE_ENV]: pathToFileURL(join(import.meta.dirname, "task-table.testing.ts")).href,
  };
  const worker = [process.execPath, join(import.meta.dirname, "../daemons/task-worker.ts")];
  expect(await runCommand(worker, { timeoutMs: 20_000, input: "", env })).toMatchObject({ stdout: "" });
});
