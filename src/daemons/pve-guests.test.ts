/** The real program beside a real pmxcfs. The guest to start has no disk that exists, so its start fails and says so. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PmxcfsProcess } from "../cfs/pmxcfs.testing.ts";
import { forgetGuestsStarted } from "../node/index.ts";
import { encodeLayoutOptions, LAYOUT_ENV } from "../os/layout.ts";
import { isProcessAlive } from "../os/process-identity.ts";
import { TaskStore } from "../tasks/index.ts";

const PROGRAM = fileURLToPath(new URL("pve-guests.ts", import.meta.url));
const WAIT = { timeout: 15_000 };

let pmxcfs: PmxcfsProcess;
let store: TaskStore;
beforeEach(async () => {
  pmxcfs = new PmxcfsProcess();
  store = new TaskStore(pmxcfs.layout);
  await pmxcfs.start();
  await pmxcfs.client().mkdir("nodes/n1/qemu-server");
});
afterEach(async () => {
  // A worker that still takes leave would make the directory anew, for what it has to log.
  const workers = store.active().map(({ parsed }) => parsed);
  await expect.poll(() => workers.filter(({ pid, pstart }) => isProcessAlive(pid, pstart)), WAIT).toEqual([]);
  await pmxcfs.dispose();
});

async function run(action: string): Promise<number> {
  const child = spawn(process.execPath, [PROGRAM, action], {
    env: { ...process.env, [LAYOUT_ENV]: encodeLayoutOptions(pmxcfs.layout) },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = (await once(child, "exit")) as [number];
  return code;
}
const types = (): string[] => store.active().map(({ parsed }) => parsed.type);
const logOf = (type: string): string => {
  const upid = store.active().find(({ parsed }) => parsed.type === type)?.upid ?? "";
  return readFileSync(store.logPathOf(upid), "utf8");
};

test("guests are started once a boot, in a task that outlives the program", async () => {
  const cfs = pmxcfs.client();
  await cfs.write("qemu-server/100.conf", "onboot: 1\nmemory: 16\nscsi0: nowhere:100/vm-100-disk-0.raw\n");
  await cfs.write("qemu-server/101.conf", "memory: 16\n");
  expect(await run("start")).toBe(0);
  await expect.poll(() => store.active()[0]?.status, WAIT).toBe("WARNINGS: 1");
  expect(logOf("startall")).toMatch(/^Starting VM 100\n/);
  expect(logOf("startall")).toContain("Starting VM 100 failed");
  expect(logOf("startall")).not.toContain("101");
  expect(await run("startall")).toBe(0);
  expect(types()).toEqual(["startall"]);
});

test("where no guest is to start at boot there is no task", async () => {
  await pmxcfs.client().write("qemu-server/101.conf", "memory: 16\n");
  expect(await run("start")).toBe(0);
  expect(types()).toEqual([]);
});

test("stopping waits for its task, and lets the next start start again", async () => {
  const cfs = pmxcfs.client();
  await cfs.write("qemu-server/100.conf", "onboot: 1\nmemory: 16\nscsi0: nowhere:100/vm-100-disk-0.raw\n");
  expect(await run("start")).toBe(0);
  await expect.poll(() => store.active()[0]?.status, WAIT).toBe("WARNINGS: 1");
  expect(await run("stop")).toBe(0);
  expect(logOf("stopall")).toBe("all VMs and CTs stopped\nTASK OK\n");
  expect(await run("start")).toBe(0);
  await expect.poll(() => types().toSorted(), WAIT).toEqual(["startall", "startall", "stopall"]);
  forgetGuestsStarted(pmxcfs.layout);
});

test("anything else is refused", async () => {
  expect(await run("restart")).toBe(1);
});
