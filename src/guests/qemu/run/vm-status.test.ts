import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CachedFiles } from "../../../cfs/cached-files.ts";
import { memoryClusterFs } from "../../../cfs/memory.ts";
import { silentLogger } from "../../../log/logger.ts";
import { guestKey, printGuestFigures } from "../../../stats/rrd-strings.ts";
import { VmConfigs } from "../config-store.ts";
import { VmProcesses } from "./vm-process.ts";
import { VmStatusReader } from "./vm-status.ts";

const VMID = 100;
const NOW = 1_800_000_000;
let root: string;
let qemu: ChildProcess;
let monitor: Server;
let questions: number;

/** Something with QEMU's pid file and a monitor that hears and never answers. */
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "quorate-status-"));
  const pidFile = join(root, `${VMID}.pid`);
  mkdirSync(root, { recursive: true });
  qemu = spawn("sh", ["-c", "sleep 60; :", "-pidfile", pidFile], { stdio: "ignore", detached: true });
  writeFileSync(pidFile, `${qemu.pid}\n`);
  questions = 0;
  monitor = createServer(() => {
    questions += 1;
  }).listen(join(root, `${VMID}.qmp`));
  await new Promise((resolve) => monitor.once("listening", resolve));
});
afterEach(() => {
  if (qemu.pid !== undefined) process.kill(-qemu.pid, "SIGKILL");
  monitor.close();
  rmSync(root, { recursive: true });
});

function makeReader(): { reader: VmStatusReader; tell(figures: object, at: number): Promise<void> } {
  const nodeName = "n1";
  const cfs = memoryClusterFs({ nodeName, files: { [`nodes/n1/qemu-server/${VMID}.conf`]: "memory: 64\n" } });
  const configs = new VmConfigs({
    nodeName,
    cfs,
    files: new CachedFiles(cfs),
    lockDir: root,
    log: silentLogger,
  });
  const reader = new VmStatusReader({
    cfs,
    nodeName,
    slice: "quorate-test.slice",
    configs,
    processes: new VmProcesses(root),
    nowMs: () => performance.now(),
    now: () => NOW,
  });
  return {
    reader,
    async tell(figures, at) {
      const [guest] = await reader.all();
      if (guest === undefined) throw new Error("no guest is listed");
      questions = 0;
      await cfs.publish(`rrd/${guestKey(VMID)}`, printGuestFigures({ ...guest, ...figures }, at));
    },
  };
}

const figures = { mem: 5 << 20, diskread: 1234, diskwrite: 99 };

test("a list that asks no guest shows the last broadcast, however QEMU does", async () => {
  const { reader, tell } = makeReader();
  await tell(figures, NOW - 9);
  const [row] = await reader.all({ asksGuests: false });
  expect(row).toMatchObject({ vmid: VMID, status: "running", pid: qemu.pid, ...figures });
  expect(questions).toBe(0);
});

test.each([
  ["an old broadcast", figures, NOW - 31],
  ["a broadcast from before it ran", { status: "stopped" }, NOW],
])("%s says nothing: QEMU is asked, and one that does not answer is listed", async (_, told, at) => {
  const { reader, tell } = makeReader();
  await tell(told, at);
  const [row] = await reader.all({ asksGuests: false });
  expect(row).toMatchObject({ vmid: VMID, status: "running", qmpstatus: "unknown", diskread: 0 });
  expect(questions).toBe(1);
});
