/** The whole of it: a hung storage and a well one, the real rrdcached where it is installed, figures out of the API. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { silentLogger } from "../log/logger.ts";
import { LAYOUT_ENV, type LayoutOptions, makeLayout } from "../os/layout.ts";
import { startTestServer } from "../rest/rest.testing.ts";
import { RrdArchive, RrdCachedClient, rrdcachedCommand, statsMethods } from "../stats/index.ts";
import { makeStorageRoom } from "../storage/storage-room.testing.ts";
import { startStatusDaemon } from "./pvestatd.ts";

const canRun = process.getuid?.() === 0 && spawnSync("rrdcached", ["-h"]).error === undefined;
const SILENT_FUSE = fileURLToPath(new URL("../os/silent-fuse.testing.ts", import.meta.url));

async function end(child: ChildProcess): Promise<void> {
  const isGone = once(child, "exit");
  child.kill("SIGKILL");
  await isGone;
}

test.skipIf(!canRun)("a storage that never answers stops neither the cycle nor the figures of the others", async () => {
  const room = makeStorageRoom({ probeTimeoutMs: 300 });
  const layout = makeLayout({ root: room.root, nodeName: "n1", isRootUser: false });
  for (const dir of [layout.rrdDir, layout.rrdJournalDir, room.at("var/run"), room.at("hung")]) {
    mkdirSync(dir, { recursive: true });
  }
  await room.configure("dir: hung\n\tpath <root>/hung\n\ndir: well\n\tpath <root>/well\n");
  const fuse = spawn(process.execPath, [SILENT_FUSE, room.at("hung")], { stdio: ["ignore", "pipe", "inherit"] });
  const [program = "", ...args] = rrdcachedCommand(layout);
  const rrdcached = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  const archive = new RrdArchive({
    directory: layout.rrdDir,
    daemon: new RrdCachedClient(layout.rrdcachedSocket),
    log: silentLogger,
    now: () => Math.floor(Date.now() / 1000),
  });
  const server = await startTestServer({ methods: statsMethods({ archive }), dispatcher: { role: "daemon" } });
  const { cfs, storages } = room;
  const release = { version: "1", release: "1", repoid: "1" };
  try {
    if (fuse.stdout === null) throw new Error("no pipe");
    await once(fuse.stdout, "data");
    const services = { cfs, storages, release, close: async () => {} };
    const daemon = startStatusDaemon({ layout, services, log: silentLogger, intervalMs: 300 });
    const timeOf = async () => (await cfs.rrd()).get("pve-storage-9.0/n1/well")?.[0];
    await expect.poll(timeOf, { timeout: 10_000 }).toBeDefined();
    const first = await timeOf();
    await expect.poll(timeOf, { timeout: 10_000 }).not.toBe(first);
    await daemon.stop();
    expect([...(await cfs.rrd()).keys()].sort()).toEqual([
      "pve-node-9.0/n1",
      "pve-storage-9.0/n1/local",
      "pve-storage-9.0/n1/well",
    ]);
    expect(room.children.hangingKeys).toEqual(["hung"]);
    const url = `http://127.0.0.1:${server.port}/api2/json/nodes/n1`;
    const headers = { cookie: "PVEAuthCookie=TEST:root@pam" };
    for (const path of ["/rrddata", "/storage/well/rrddata"]) {
      const response = await fetch(`${url}${path}?timeframe=hour&cf=MAX`, { headers });
      const { data } = (await response.json()) as { data: { time: number }[] };
      expect(response.status).toBe(200);
      expect(data.length).toBeGreaterThanOrEqual(60);
    }
    expect((await fetch(`${url}/rrddata?timeframe=eon`, { headers })).status).toBe(400);
  } finally {
    await server.stop();
    await end(rrdcached);
    await end(fuse);
    spawnSync("umount", ["-l", room.at("hung")]);
    room.close();
  }
});

const hasFuse = process.getuid?.() === 0;

/** Starts one daemon as the supervisor does and waits until it says that it is ready. */
async function startDaemon(name: string, options: LayoutOptions): Promise<ChildProcess> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(`./${name}.ts`, import.meta.url))], {
    env: { ...process.env, [LAYOUT_ENV]: JSON.stringify(options) },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const exit = once(child, "exit").then(([code]) => {
    throw new Error(`${name} ended with ${code}`);
  });
  await Promise.race([once(child, "message"), exit]);
  exit.catch(() => {});
  return child;
}

async function endInOrder(child: ChildProcess): Promise<number | null> {
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  const [code] = await exit;
  return code;
}

test.skipIf(!hasFuse)("as processes: what pvestatd measures stands in .rrd, and both end in order", async () => {
  const root = mkdtempSync(join(tmpdir(), "quorate-statd-"));
  const options = { root, nodeName: "n1", isRootUser: false };
  const layout = makeLayout(options);
  for (const dir of [layout.etcPve, layout.clusterLib, layout.clusterRun, layout.taskDir]) {
    mkdirSync(dir, { recursive: true });
  }
  const pmxcfs = await startDaemon("pmxcfs", options);
  try {
    const pvestatd = await startDaemon("pvestatd", options);
    const dump = () => readFileSync(join(layout.etcPve, ".rrd"), "utf8");
    await expect.poll(dump, { timeout: 10_000, interval: 50 }).toMatch(/^pve-node-9\.0\/n1:\d+::\d+:/m);
    await expect.poll(dump, { timeout: 10_000, interval: 50 }).toMatch(/^pve-storage-9\.0\/n1\/local:\d+:\d+:\d+/m);
    expect(await endInOrder(pvestatd)).toBe(0);
  } finally {
    expect(await endInOrder(pmxcfs)).toBe(0);
    rmSync(root, { recursive: true, force: true });
  }
});
