/** Against the real rrdcached, where it is installed. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Logger, silentLogger } from "../log/logger.ts";
import { makeLayout } from "../os/layout.ts";
import { RrdArchive } from "./rrd-archive.ts";
import { definitionsOf, RRD_SCHEMAS, readRrdEntry } from "./rrd-schema.ts";
import { RrdCachedClient, rrdcachedCommand } from "./rrdcached.ts";

describe("readRrdEntry", () => {
  test("a guest of this release: the live fields are left out", () => {
    const fields = "10:web:running:0:1700000000:2:0.5:4096:1024:100:0:11:12:13:14:2048:0:0:0:0:0:0".split(":");
    expect(readRrdEntry("pve-vm-9.0/100", fields)).toEqual({
      file: "pve-vm-9.0/100",
      kind: "vm",
      time: 1_700_000_000,
      values: ["2", "0.5", "4096", "1024", "100", "0", "11", "12", "13", "14", "2048", "0", "0", "0", "0", "0", "0"],
    });
  });

  test("an old key goes into the new file, padded; a newer one is cut", () => {
    const old = readRrdEntry("pve2-storage/n1/local", ["1700000000", "5"]);
    expect(old).toMatchObject({ file: "pve-storage-9.0/n1/local", values: ["5", "U"] });
    const newer = readRrdEntry("pve-storage-10.1/n1/local", ["1700000000", "5", "6", "7"]);
    expect(newer).toMatchObject({ file: "pve-storage-9.0/n1/local", values: ["5", "6"] });
  });

  test.each([
    ["pve-vm-9.0/../../etc", ["1", "n", "s", "0", "1700000000"]],
    ["pve-vm-9.0/..", ["1", "n", "s", "0", "1700000000"]],
    ["other/100", ["1700000000"]],
    ["pve-storage-9.0/n1", ["1700000000"]],
    ["pve-storage-9.0/n1/a b", ["1700000000"]],
    ["pve-storage-9.0/n1/local", ["soon", "1", "2"]],
  ])("'%s' is none of ours", (key, fields) => {
    expect(readRrdEntry(key, fields)).toBeUndefined();
  });

  test("always exactly the file's columns, each a number or unknown, whatever arrives", () => {
    const field = fc.oneof(
      fc.string(),
      fc.double().map(String),
      fc.constantFrom("U", "", "1e3", "-5", "NaN", "0x10", "1\n2"),
    );
    fc.assert(
      fc.property(fc.array(field, { maxLength: 40 }), (rest) => {
        const update = readRrdEntry("pve-node-9.0/n1", ["1", "", "1700000000", ...rest]);
        expect(update?.values).toHaveLength(RRD_SCHEMAS.node.columns.length);
        update?.values.forEach((value, index) => {
          const isCounter = RRD_SCHEMAS.node.columns[index]?.type === "DERIVE";
          expect(value).toMatch(isCounter ? /^(?:U|-?\d+)$/ : /^(?:U|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/);
        });
      }),
    );
  });
});

const hasDaemon = spawnSync("rrdcached", ["-h"]).error === undefined;
/** A multiple of every resolution up to a day. */
const NOW = 1_700_006_400;

describe.skipIf(!hasDaemon)("RrdArchive", () => {
  let root: string;
  let daemon: ChildProcess | undefined;
  let now: number;
  let warnings: object[];

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), "quorate-rrd-"));
    now = NOW;
    warnings = [];
    for (const dir of ["var/lib/rrdcached/db", "var/lib/rrdcached/journal", "var/run"]) {
      mkdirSync(join(root, dir), { recursive: true });
    }
    daemon = await startDaemon();
  });

  afterEach(async () => {
    await stopDaemon("SIGKILL");
    rmSync(root, { recursive: true, force: true });
  });

  function layout() {
    return makeLayout({ root, nodeName: "n1", isRootUser: false });
  }

  async function startDaemon(): Promise<ChildProcess> {
    const [program = "", ...args] = rrdcachedCommand(layout());
    const child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
    const client = new RrdCachedClient(layout().rrdcachedSocket);
    await expect.poll(() => client.run(["STATS"]).catch(() => []), { timeout: 5_000, interval: 5 }).toHaveLength(1);
    return child;
  }

  async function stopDaemon(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (daemon === undefined) return;
    const isGone = once(daemon, "exit");
    daemon.kill(signal);
    await isGone;
    daemon = undefined;
  }

  function archive(): RrdArchive {
    const keep: Logger = {
      ...silentLogger,
      warn: (fields, text) => void warnings.push({ ...fields, text }),
    };
    const client = new RrdCachedClient(layout().rrdcachedSocket);
    return new RrdArchive({ directory: layout().rrdDir, daemon: client, log: keep, now: () => now });
  }

  const storage = (time: number, used: number | string) =>
    new Map([["pve-storage-9.0/n1/local", [String(time), "1000", String(used)]]]);

  test("figures of ten minutes come back as rows of a minute, oldest first", async () => {
    const rrd = archive();
    for (; now < NOW + 600; now += 10) await rrd.record(storage(now, 100 + (now - NOW) / 10));
    const rows = await rrd.query({ kind: "storage", names: ["n1", "local"], timeframe: "hour" });
    expect(rows).toHaveLength(60);
    expect(rows.map(({ time }) => time)).toEqual(Array.from({ length: 60 }, (_, i) => now - 60 * (60 - i)));
    const known = rows.filter(({ used }) => used !== undefined);
    expect(known.length).toBeGreaterThanOrEqual(8);
    for (const { time = 0, total, used = 0 } of known.filter((row) => (row.time ?? 0) > NOW)) {
      expect(total).toBe(1000);
      // The average of the minute that ended then; values hold from the update before.
      expect(used).toBeCloseTo(100 + (time - NOW) / 10 - 2.5, 0);
    }
    expect(rows[0]).toEqual({ time: now - 3600 });
    expect(warnings).toEqual([]);
  });

  test("every kind of file can be made, with the exact columns", async () => {
    const rrd = archive();
    const node = ["1", "", String(NOW), ...Array.from({ length: 19 }, () => "1")];
    const vm = ["1", "web", "running", "0", String(NOW), ...Array.from({ length: 17 }, () => "1")];
    await rrd.record(new Map([["pve-node-9.0/n1", node], ["pve2.3-vm/100", vm.slice(0, 15)], ...storage(NOW, 1)]));
    expect(readdirSync(layout().rrdDir).sort()).toEqual(["pve-node-9.0", "pve-storage-9.0", "pve-vm-9.0"]);
    const [info] = await new RrdCachedClient(layout().rrdcachedSocket).run(["INFO pve-vm-9.0/100"]);
    const text = info?.lines.join("\n") ?? "";
    const names = [...text.matchAll(/^ds\[(\w+)\]\.index/gm)].map(([, name]) => name);
    expect(names).toEqual(RRD_SCHEMAS.vm.columns.map(({ name }) => name));
    expect([...text.matchAll(/^rra\[\d+\]\.rows/gm)]).toHaveLength(8);
    expect(text).toMatch(/step 1 60|step 0 60/);
    expect(definitionsOf("vm")).toContain("DS:diskwrite:DERIVE:120:0:U");
    expect(statSync(join(layout().rrdDir, "pve-vm-9.0")).mode & 0o777).toBe(0o750);
    expect(warnings).toEqual([]);
  });

  test.skipIf(process.getuid?.() !== 0)("folders belong to whom the database belongs", async () => {
    chownSync(layout().rrdDir, 65_534, 65_534);
    await archive().record(storage(now, 1));
    for (const folder of ["pve-storage-9.0", "pve-storage-9.0/n1"]) {
      expect(statSync(join(layout().rrdDir, folder))).toMatchObject({ uid: 65_534, gid: 65_534 });
    }
  });

  test("many new guests at once get their files a few at a time, and all are recorded", async () => {
    const rrd = archive();
    const vm = (time: number) => ["1", "w", "running", "0", String(time), ...Array.from({ length: 17 }, () => "1")];
    const count = 120;
    const dump = (time: number) =>
      new Map(Array.from({ length: count }, (_, index) => [`pve-vm-9.0/${100 + index}`, vm(time)]));
    const made: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      await rrd.record(dump(now));
      made.push(readdirSync(join(layout().rrdDir, "pve-vm-9.0")).length);
      now += 10;
    }
    expect(made).toEqual([50, 100, 120, 120]);
    expect(warnings).toEqual([]);
    const [stats] = await new RrdCachedClient(layout().rrdcachedSocket).run(["STATS"]);
    expect(stats?.lines).toContain(`UpdatesReceived: ${50 + 100 + 120 + 120}`);
  });

  test("counters become rates", async () => {
    const rrd = archive();
    const vm = (time: number, netin: number) =>
      new Map([
        [
          "pve-vm-9.0/100",
          ["1", "w", "running", "0", String(time), "2", "0", "1", "1", "1", "0", String(netin), "0", "0", "0"],
        ],
      ]);
    for (; now <= NOW + 300; now += 10) await rrd.record(vm(now, (now - NOW) * 5));
    const rows = await rrd.query({ kind: "vm", names: ["100"], timeframe: "hour" });
    const rates = rows.map(({ netin }) => netin).filter((rate) => rate !== undefined);
    expect(rates.length).toBeGreaterThan(2);
    for (const rate of rates) expect(rate).toBeCloseTo(5, 6);
    expect(rows.some((row) => "memhost" in row)).toBe(false);
  });

  test("bad values cost themselves only: what follows them is recorded", async () => {
    const rrd = archive();
    await rrd.record(storage(now, "rubbish"));
    for (now += 10; now <= NOW + 300; now += 10) await rrd.record(storage(now, 7));
    const rows = await rrd.query({ kind: "storage", names: ["n1", "local"], timeframe: "hour", consolidation: "MAX" });
    expect(rows.map(({ used }) => used)).toContain(7);
  });

  test("after the clock was set back nothing can be recorded: that is said once for each file, and then it goes on", async () => {
    await archive().record(storage(now, 1));
    const begin = now;
    // A new process: it does not know of the newer figures.
    const rrd = archive();
    for (now = begin - 300; now < begin - 270; now += 10) await rrd.record(storage(now, 2));
    expect(warnings).toEqual([expect.objectContaining({ file: "pve-storage-9.0/n1/local", text: "RRD update error" })]);
    now = begin + 10;
    await rrd.record(storage(now, 3));
    expect(warnings).toHaveLength(1);
  });

  test("a command is one line: nobody slips in a second one", () => {
    const client = new RrdCachedClient(layout().rrdcachedSocket);
    for (const command of ["UPDATE a 1:2\nFLUSHALL", "", ".", "x".repeat(4096)]) {
      expect(() => client.run([command])).toThrow(TypeError);
    }
  });

  test("a file of other columns is left alone, and said once", async () => {
    const client = new RrdCachedClient(layout().rrdcachedSocket);
    mkdirSync(join(layout().rrdDir, "pve-storage-9.0/n1"), { recursive: true });
    await client.run([
      `CREATE pve-storage-9.0/n1/local -s 60 -b ${NOW - 60} DS:other:GAUGE:120:0:U RRA:AVERAGE:0.5:1:10`,
    ]);
    const rrd = archive();
    for (; now <= NOW + 30; now += 10) await rrd.record(storage(now, 7));
    expect(warnings).toMatchObject([{ text: "RRD file has other columns and is left alone" }]);
    expect(await rrd.query({ kind: "storage", names: ["n1", "local"], timeframe: "week" })).toEqual([]);
  });

  test("without the daemon old figures are read, new ones are dropped, and that is logged once", async () => {
    const rrd = archive();
    for (; now <= NOW + 300; now += 10) await rrd.record(storage(now, 7));
    await stopDaemon();
    for (const end = now + 30; now <= end; now += 10) await rrd.record(storage(now, 9));
    expect(warnings).toMatchObject([{ text: "no figures are recorded" }]);
    const rows = await rrd.query({ kind: "storage", names: ["n1", "local"], timeframe: "hour" });
    expect(rows.map(({ used }) => used)).toContain(7);
    daemon = await startDaemon();
    for (const end = now + 200; now <= end; now += 10) await rrd.record(storage(now, 11));
    const after = await rrd.query({ kind: "storage", names: ["n1", "local"], timeframe: "hour" });
    expect(after.map(({ used }) => used)).toContain(11);
  });

  test("nothing recorded is an empty list; a damaged file is an error that names it", async () => {
    const rrd = archive();
    expect(await rrd.query({ kind: "node", names: ["n9"], timeframe: "day" })).toEqual([]);
    mkdirSync(join(layout().rrdDir, "pve-node-9.0"));
    writeFileSync(join(layout().rrdDir, "pve-node-9.0/n1"), `RRD\0${"0003".padEnd(200, "\xff")}`);
    await expect(rrd.query({ kind: "node", names: ["n1"], timeframe: "day" })).rejects.toThrow("pve-node-9.0/n1");
  });
});
