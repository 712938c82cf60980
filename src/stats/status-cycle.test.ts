import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { memoryClusterFs } from "../cfs/memory.ts";
import type { CfsEvent, ClusterFs } from "../cfs/port.ts";
import type { GuestStatus, Guests } from "../guests/port.ts";
import { type Logger, silentLogger } from "../log/logger.ts";
import { MemoryStorages } from "../storage/port.testing.ts";
import { GuardedSteps } from "./guarded-steps.ts";
import { NodeFigureReader } from "./node-figures.ts";
import { RrdArchive } from "./rrd-archive.ts";
import { RRD_SCHEMAS } from "./rrd-schema.ts";
import { RrdCachedClient } from "./rrdcached.ts";
import { StatusCycle, type StatusCycleDeps } from "./status-cycle.ts";
import { StatusLoop } from "./status-loop.ts";

const MIB = 1024 * 1024;
let root: string;
let cfs: ClusterFs;
let tell: (event: CfsEvent) => void;
let errors: string[];
const log: Logger = {
  ...silentLogger,
  error: (_, text) => void errors.push(text),
  warn: (_, text) => void errors.push(text),
};

beforeEach(() => {
  root = mkdtempSync(`${tmpdir()}/quorate-stats-`);
  cfs = memoryClusterFs({ nodeName: "n1" });
  const watch = cfs.watch.bind(cfs);
  cfs.watch = (listener) => {
    tell = listener;
    return watch(listener);
  };
  errors = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** One line of the `.rrd` dump. */
async function rrd(key: string): Promise<string | undefined> {
  return (await cfs.rrd()).get(key)?.join(":");
}

function cycle(changes: Partial<StatusCycleDeps> = {}): StatusCycle {
  const now = () => 1_700_000_000;
  const daemon = new RrdCachedClient(`${root}/none.sock`);
  return new StatusCycle({
    cfs,
    node: new NodeFigureReader({ rootDirectory: root, nowMs: () => 0 }),
    storages: new MemoryStorages(),
    archive: new RrdArchive({ directory: root, daemon, log: silentLogger, now }),
    release: { version: "9.0", release: "9", repoid: "abc" },
    log,
    now,
    nowMs: () => 0,
    ...changes,
  });
}

function guest(changes: Partial<GuestStatus>): GuestStatus {
  return {
    vmid: 100,
    type: "qemu",
    name: "web",
    status: "running",
    template: false,
    uptime: 5,
    cpu: 0.25,
    cpus: 2,
    mem: 10,
    maxmem: 20,
    memhost: 15,
    disk: 0,
    maxdisk: 30,
    netin: 1,
    netout: 2,
    diskread: 3,
    diskwrite: 4,
    ...changes,
  };
}

const guests = (...list: GuestStatus[]): Guests => ({
  status: async () => list,
  start: async () => {},
  shutdown: async () => {},
});

test("one round tells about the node, guests, storages and the release, in the standard columns", async () => {
  const running = guest({
    qmpstatus: "paused",
    pressure: { cpusome: 1, cpufull: 2, iosome: 3, iofull: 4, memorysome: 5, memoryfull: 6 },
  });
  await cycle({ guests: guests(running, guest({ vmid: 101, name: "a:b", status: "stopped" })) }).run();
  expect(await rrd("pve-vm-9.0/100")).toBe("5:web:paused:0:1700000000:2:0.25:20:10:30:0:1:2:3:4:15:1:2:3:4:5:6");
  expect(await rrd("pve-vm-9.0/101")).toBe("0:a b:stopped:0:1700000000:2:U:20:U:30:0:U:U:U:U:U:U:U:U:U:U:U");
  expect(await rrd("pve-storage-9.0/n1/local")).toBe("1700000000:1000000000000:100000000000");
  const node = (await rrd("pve-node-9.0/n1"))?.split(":") ?? [];
  expect(node).toHaveLength(3 + RRD_SCHEMAS.node.columns.length);
  expect(node.slice(1, 3)).toEqual(["", "1700000000"]);
  expect(JSON.parse((await cfs.status("kv/version-info")) ?? "")).toEqual({
    version: "9.0",
    release: "9",
    repoid: "abc",
  });
  expect(JSON.parse((await cfs.status("kv/static-info")) ?? "")).toMatchObject({ cpus: Number(node[4]) });
  expect(errors).toEqual([]);
});

test("the node's use of its cpus is known from the second round on", async () => {
  const rounds = cycle();
  await rounds.run();
  const cpu = async () => (await rrd("pve-node-9.0/n1"))?.split(":")[5];
  expect(await cpu()).toBe("U");
  // The kernel counts in hundredths of a second.
  await expect
    .poll(async () => {
      await rounds.run();
      return Number(await cpu());
    })
    .toBeGreaterThanOrEqual(0);
});

test("a step that fails costs its own figures only, and is logged until it says something else", async () => {
  const broken: Guests = { ...guests(), status: () => Promise.reject(new Error("QEMU is on fire")) };
  let reason = "no tasks";
  const rounds = cycle({ guests: broken, refreshTaskList: () => Promise.reject(new Error(reason)) });
  await rounds.run();
  await rounds.run();
  reason = "still none";
  await rounds.run();
  expect(errors).toEqual([
    "task list update error: no tasks",
    "qemu status update error: QEMU is on fire",
    "task list update error: still none",
  ]);
  expect(await rrd("pve-storage-9.0/n1/local")).toBeDefined();
});

test("a storage that fails or is silent leaves the others alone", async () => {
  class Some extends MemoryStorages {
    override async status(storage: string) {
      if (storage === "silent") return undefined;
      if (storage === "broken") throw new Error("broken");
      return super.status(storage);
    }
  }
  const storages = new Some({ storages: ["broken", "silent", "local"] });
  storages.addStorage("elsewhere", { nodes: new Set(["n2"]) });
  storages.addStorage("off", { isEnabled: false });
  const rounds = cycle({ storages });
  await rounds.run();
  await rounds.run();
  const keys = [...(await cfs.rrd()).keys()].filter((key) => key.startsWith("pve-storage"));
  expect(keys).toEqual(["pve-storage-9.0/n1/local"]);
  // One line each, however long it lasts.
  expect(errors).toEqual(["storage cannot be measured", "storage cannot be measured"]);
});

test("what rarely changes is told once, and again when the cluster file system was restarted", async () => {
  const publish = vi.spyOn(cfs, "publish");
  const rounds = cycle();
  const count = () => publish.mock.calls.filter(([key]) => key === "kv/version-info").length;
  await rounds.run();
  await rounds.run();
  expect(count()).toBe(1);
  tell({ kind: "resync" });
  await rounds.run();
  expect(count()).toBe(2);
});

test("cpu flags are asked for until they are known, but not all the time", async () => {
  let nowMs = 5_000;
  const asked: string[] = [];
  const cpuFlags = {
    cpuFlags: async (accelerator: string) => {
      asked.push(accelerator);
      return accelerator === "tcg" ? "aes sse4.2" : undefined;
    },
  };
  const rounds = cycle({ cpuFlags, nowMs: () => nowMs });
  await rounds.run();
  await expect.poll(() => cfs.status("kv/cpuflags-tcg")).toBe("aes sse4.2");
  await rounds.run();
  expect(asked).toEqual(["kvm", "tcg"]);
  nowMs += 120_000;
  await rounds.run();
  await expect.poll(() => asked).toEqual(["kvm", "tcg", "kvm"]);
});

test("auto-ballooning follows the node's target; who is migrated, stopped or without a minimum stays out", async () => {
  await cfs.write("nodes/n1/config", "# notes\nballooning-target: 0\n");
  const sizes = { balloon: 1000 * MIB, balloonMin: 500 * MIB, freemem: 0, maxmem: 2000 * MIB };
  const list = guests(
    guest({ vmid: 100, ...sizes }),
    guest({ vmid: 101, ...sizes, lock: "migrate" }),
    guest({ vmid: 102, ...sizes, status: "stopped" }),
    guest({ vmid: 103, ...sizes, shares: 0 }),
    guest({ vmid: 104, balloon: 1000 * MIB }),
  );
  const told: [number, number][] = [];
  const balloon = { balloon: async (vmid: number, bytes: number) => void told.push([vmid, bytes]) };
  await cycle({ guests: list, balloon }).run();
  expect(told).toEqual([[100, 900 * MIB]]);
});

test("a step that hangs is left behind and not started again until it ends", async () => {
  const steps = new GuardedSteps(log);
  const hang = Promise.withResolvers<void>();
  let starts = 0;
  const work = (): Promise<void> => {
    starts += 1;
    return hang.promise;
  };
  expect(await steps.run("slow", 5, work)).toBe("overdue");
  expect(await steps.run("slow", 5, work)).toBe("still-running");
  expect(await steps.run("other", 1_000, async () => {})).toBe("done");
  expect(starts).toBe(1);
  hang.resolve();
  await expect.poll(() => steps.run("slow", 1_000, work)).toBe("done");
  expect(errors).toEqual(["slow error: no end within 5 ms"]);
});

test("the loop never runs two cycles at once and ends when told", async () => {
  let running = 0;
  let most = 0;
  let count = 0;
  const reached = Promise.withResolvers<void>();
  const slow = {
    async run() {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      count += 1;
      if (count === 3) reached.resolve();
    },
  };
  const loop = new StatusLoop({ cycle: slow, log: silentLogger, nowMs: () => performance.now(), intervalMs: 1 });
  loop.start();
  loop.start();
  await reached.promise;
  await loop.stop();
  const after = count;
  expect(most).toBe(1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(count).toBe(after);
});

test("the loop pauses between two rounds, and a stop ends the pause", async () => {
  let rounds = 0;
  const counting = {
    run: async () => {
      rounds += 1;
    },
  };
  const loop = new StatusLoop({ cycle: counting, log: silentLogger, nowMs: () => 0, intervalMs: 3_600_000 });
  loop.start();
  // Time enough for many rounds without a pause.
  await new Promise((resolve) => setTimeout(resolve, 30));
  await loop.stop();
  expect(rounds).toBe(1);
});
