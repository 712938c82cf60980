/**
 * `bench fs`: the mounted cluster file system beside tmpfs and a bare SQLite commit of the same run, held against what
 * the reference does on a machine like this one. Calls are made by a process of its own through koffi, whose share of
 * about 0.2 µs a call is in every figure; stat and read are timed 16 at a time, everything else one by one.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openDatabase, SCHEMA } from "../src/cfs/store/database.ts";
import type { ClientFigures, ClientJob } from "./fs/client.ts";
import { Client, Subject } from "./fs/subject.ts";
import { atLeast, atMost, type Bar, type BenchResult, describeMachine, median, rounded } from "./result.ts";

export interface FsBenchOptions {
  readonly runs?: number;
}

/** The reference: one process, files of 200 bytes. */
const REFERENCE = { readUs: 42, readPerSecond: 22_800, statUs: 11, createUs: 76, overwriteUs: 64, tmpfsReadUs: 2.2 };
const QUICK_COUNT = 100_000;
const WRITE_COUNT = 1000;
const COMMIT_COUNT = 1000;
/** About what the rest of a call takes: so far apart are the commits of a client that writes file after file. */
const PACE_US = 60;
const LISTED = 3200;
const READERS = 8;
const FILES = 10_000;
const SLOW_COMMIT_MS = 50;
const SLOW_WRITERS = 4;
const UNCACHED = 2000;
const NAMES_IN_VAIN = 200_000;
const IDLE_MS = 5000;

type Row = Record<string, string | number>;

export async function run({ runs = 5 }: FsBenchOptions = {}): Promise<BenchResult> {
  const cache = mkdtempSync(join(tmpdir(), "qfs-cache-"));
  try {
    const bars: Bar[] = [];
    const rows: Row[] = [];
    for (const part of [calls, listing, startAndStop, slowDisk]) {
      const result = await part(cache, runs);
      bars.push(...result.bars);
      rows.push(...result.rows);
    }
    return { area: "fs", machine: describeMachine(), bars, rows };
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

interface Part {
  readonly bars: readonly Bar[];
  readonly rows: readonly Row[];
}

/** Medians of the runs of one job. */
async function repeat(client: Client, job: ClientJob, runs: number): Promise<ClientFigures> {
  const figures: ClientFigures[] = [];
  for (let i = 0; i < runs; i += 1) figures.push(await client.run(job));
  return medianOf(figures);
}

/** How fast the machine is now: the kernel alone answers tmpfs, and most of a cached read of ours. */
function speedOf(memoryRead: ClientFigures): Row {
  const what = `this machine, times as slow as the one the reference was measured on (tmpfs read ${REFERENCE.tmpfsReadUs} µs there)`;
  return { what, factor: rounded(memoryRead.p50Us / REFERENCE.tmpfsReadUs) };
}

function medianOf(figures: readonly ClientFigures[]): ClientFigures {
  return {
    p50Us: median(figures.map(({ p50Us }) => p50Us)),
    p99Us: median(figures.map(({ p99Us }) => p99Us)),
    perSecond: median(figures.map(({ perSecond }) => perSecond)),
  };
}

function rowOf(what: string, where: string, figures: ClientFigures): Row {
  const { p50Us, p99Us, perSecond } = figures;
  return { what, where, p50Us: rounded(p50Us), p99Us: rounded(p99Us), perSecond: Math.round(perSecond) };
}

/** One process and one file at a time, in turns with tmpfs and SQLite, so that a change of the machine meets them all. */
async function calls(cache: string, runs: number): Promise<Part> {
  const subject = new Subject(cache);
  const memory = mkdtempSync("/dev/shm/qfs-");
  const scratch = mkdtempSync(join(tmpdir(), "qfs-sql-"));
  await subject.start();
  const ours = new Client(subject.layout.etcPve, cache);
  const theirs = new Client(memory, cache);
  try {
    const rows: Row[] = [];
    const measured = new Map<string, ClientFigures>();
    for (const [kind, count] of [
      ["overwrite", WRITE_COUNT],
      ["create", WRITE_COUNT],
      ["stat", QUICK_COUNT],
      ["read", QUICK_COUNT],
    ] as const) {
      for (const client of [ours, theirs]) await client.run({ kind: "overwrite-once", path: "one" });
      const job: ClientJob = { kind, path: kind === "create" ? "new" : "one", count };
      const isChange = kind === "overwrite" || kind === "create";
      const our: ClientFigures[] = [];
      const memory: ClientFigures[] = [];
      const commits: ClientFigures[] = [];
      const paced: ClientFigures[] = [];
      for (let round = 0; round < runs; round += 1) {
        our.push(await ours.run(job));
        memory.push(await theirs.run(job));
        if (!isChange) continue;
        commits.push(bareCommits(scratch, 0));
        paced.push(bareCommits(scratch, PACE_US));
      }
      measured.set(kind, medianOf(our));
      rows.push(rowOf(kind, "pmxcfs", medianOf(our)), rowOf(kind, "tmpfs", medianOf(memory)));
      if (kind === "read") rows.push(speedOf(medianOf(memory)));
      if (!isChange) continue;
      measured.set(`commit ${kind}`, medianOf(commits));
      rows.push(rowOf(`bare SQLite FULL commit, beside ${kind}`, "disk", medianOf(commits)));
      rows.push(rowOf(`the same, ${PACE_US} µs apart`, "disk", medianOf(paced)));
    }
    const p50 = (kind: string): number => measured.get(kind)?.p50Us ?? Number.NaN;
    const readRate = measured.get("read")?.perSecond ?? 0;
    const bars = [
      atLeast("read, times as fast as the reference (p50)", REFERENCE.readUs / p50("read"), "×", 10),
      atLeast("read, times as many a second", readRate / REFERENCE.readPerSecond, "×", 10),
      atLeast("stat, times as fast as the reference (p50)", REFERENCE.statUs / p50("stat"), "×", 8),
      atMost("create, p50", p50("create"), "µs", rounded(REFERENCE.createUs + p50("commit create"))),
      atMost("overwrite, p50", p50("overwrite"), "µs", rounded(REFERENCE.overwriteUs + p50("commit overwrite"))),
    ];
    return { bars, rows };
  } finally {
    await ours.end();
    await theirs.end();
    await subject.dispose();
    rmSync(memory, { recursive: true, force: true });
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * One row and the version row in one transaction that reaches the disk.
 * @param pauseUs busy waiting between two commits: a disk that is asked without a pause answers faster.
 */
function bareCommits(directory: string, pauseUs: number): ClientFigures {
  const database = openDatabase(join(directory, "bare.db"));
  database.exec(SCHEMA);
  const begin = database.prepare("BEGIN");
  const replace = database.prepare("REPLACE INTO tree VALUES (?, 0, ?, 0, 1700000000, 8, ?, ?)");
  const commit = database.prepare("COMMIT");
  const data = Buffer.alloc(200, "a");
  const times: number[] = [];
  const start = performance.now();
  for (let i = 0; i < COMMIT_COUNT; i += 1) {
    const until = performance.now() + pauseUs / 1000;
    while (performance.now() < until);
    const before = performance.now();
    begin.run();
    replace.run(1 + (i % 100), i, `name-${i % 100}`, data);
    replace.run(0, i, "__version__", null);
    commit.run();
    times.push((performance.now() - before) * 1000);
  }
  const perSecond = (COMMIT_COUNT * 1000) / (performance.now() - start);
  database.close();
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(COMMIT_COUNT * share)] ?? Number.NaN;
  return { p50Us: at(0.5), p99Us: at(0.99), perSecond };
}

async function listing(cache: string, runs: number): Promise<Part> {
  const subject = new Subject(cache);
  subject.fill({ big: LISTED });
  await subject.start();
  const lister = new Client(subject.layout.etcPve, cache);
  const readers = Array.from({ length: READERS }, () => new Client(subject.layout.etcPve, cache));
  try {
    const paths = Array.from({ length: 50 }, (_, i) => `big/f${i}`);
    await Promise.all(readers.map((reader) => reader.run({ kind: "read-on", paths })));
    const busy = await repeat(lister, { kind: "list", path: "big", count: 20 }, runs);
    return {
      bars: [atMost(`readdir of ${LISTED} entries under ${READERS} readers, p50`, busy.p50Us / 1000, "ms", 10)],
      rows: [rowOf(`readdir of ${LISTED} under ${READERS} readers`, "pmxcfs", busy)],
    };
  } finally {
    await Promise.all([lister, ...readers].map((client) => client.end()));
    await subject.dispose();
  }
}

async function startAndStop(cache: string, runs: number): Promise<Part> {
  const subject = new Subject(cache);
  subject.fill({ d0: FILES / 4, d1: FILES / 4, d2: FILES / 4, d3: FILES / 4 });
  const paths = Array.from({ length: FILES }, (_, i) => `d${i % 4}/f${Math.floor(i / 4)}`);
  const served: number[] = [];
  const stopped: number[] = [];
  const resident: number[] = [];
  const switches: number[] = [];
  let inVain: ClientFigures | undefined;
  let grownMiB = Number.NaN;
  try {
    await subject.start();
    await subject.stop();
    for (let round = 0; round < runs; round += 1) {
      served.push(await subject.start());
      const client = new Client(subject.layout.etcPve, cache);
      await client.run({ kind: "read-each", paths });
      resident.push(subject.residentMiB());
      if (round === 0) {
        inVain = await client.run({ kind: "ask-in-vain", path: "none", count: NAMES_IN_VAIN });
        grownMiB = subject.residentMiB() - (resident[0] ?? 0);
      }
      await client.end();
      const before = subject.voluntarySwitches();
      await delay(IDLE_MS / runs);
      switches.push(subject.voluntarySwitches() - before);
      stopped.push(await subject.stop());
    }
  } finally {
    await subject.dispose();
  }
  const rows: Row[] = [
    { what: `start with ${FILES} files`, ms: rounded(median(served)) },
    { what: "stop", ms: rounded(median(stopped)) },
    { what: `resident with ${FILES} files, all read`, MiB: rounded(median(resident)) },
    { what: `growth by ${NAMES_IN_VAIN} names that do not exist`, MiB: rounded(grownMiB) },
  ];
  if (inVain !== undefined) rows.push(rowOf("stat of a name that does not exist", "pmxcfs", inVain));
  return {
    bars: [
      atMost(`${FILES} files served`, median(served) / 1000, "s", 0.5),
      atMost(`resident memory with ${FILES} files`, median(resident), "MiB", 110),
      atMost("stop", median(stopped) / 1000, "s", 0.3),
      atMost("wake-ups a second when idle", (median(switches) * 1000) / (IDLE_MS / runs), "1/s", 0),
    ],
    rows,
  };
}

async function slowDisk(cache: string, runs: number): Promise<Part> {
  const subject = new Subject(cache);
  const count = UNCACHED * runs * 2;
  subject.fill({ read: count, written: 0 });
  await subject.start({ QUORATE_COMMIT_DELAY_MS: String(SLOW_COMMIT_MS) });
  const clients = Array.from({ length: SLOW_WRITERS + 1 }, () => new Client(subject.layout.etcPve, cache));
  const [reader, ...writers] = clients;
  if (reader === undefined) throw new Error("no reader");
  try {
    await Promise.all(writers.map((writer, i) => writer.run({ kind: "overwrite-on", path: `written/w${i}` })));
    // The first commits find out that the disk is slow.
    await delay(20 * SLOW_COMMIT_MS);
    const stats: ClientFigures[] = [];
    const reads: ClientFigures[] = [];
    for (let round = 0; round < runs; round += 1) {
      const slice = (part: number): string[] =>
        Array.from({ length: UNCACHED }, (_, i) => `read/f${(2 * round + part) * UNCACHED + i}`);
      stats.push(await reader.run({ kind: "stat-each", paths: slice(0) }));
      reads.push(await reader.run({ kind: "read-each", paths: slice(1) }));
    }
    const p99Ms = (figures: readonly ClientFigures[]): number => median(figures.map(({ p99Us }) => p99Us)) / 1000;
    const where = `pmxcfs, commits take ${SLOW_COMMIT_MS} ms, ${SLOW_WRITERS} writers`;
    const bars = [
      atMost(`uncached stat with ${SLOW_COMMIT_MS} ms commits, p99`, p99Ms(stats), "ms", 5),
      atMost(`uncached read with ${SLOW_COMMIT_MS} ms commits, p99`, p99Ms(reads), "ms", 5),
    ];
    const rows = [
      ...stats.map((one) => rowOf("uncached stat", where, one)),
      ...reads.map((one) => rowOf("uncached read", where, one)),
    ];
    return { bars, rows };
  } finally {
    await Promise.all(clients.map((client) => client.end()));
    await subject.dispose();
  }
}
