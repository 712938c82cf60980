/** `bench tasks`: how soon a task begins, fifty at once, and what memory they take together. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { memoryClusterFs } from "../src/cfs/memory.ts";
import { silentLogger } from "../src/log/logger.ts";
import { type Layout, makeLayout } from "../src/os/layout.ts";
import { parseUpid, TaskLauncher } from "../src/tasks/index.ts";
import { atMost, type BenchResult, describeMachine, median } from "./result.ts";

const RUNS = 5;
const BURST = 50;
const MAX_WORKERS = 4;
const FIRST_LINE_MS = 30;
const BURST_MS = 2_000;
const LIMIT_MS = 60_000;
const POLL_MS = 5;

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${LIMIT_MS / 1000} s`);
    await sleep(POLL_MS);
  }
}

/** Proportional memory of a process in KiB; 0 when it has ended. */
function pssKiB(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"))?.[1] ?? 0);
  } catch {
    // It ended between two looks.
    return 0;
  }
}

class Bench {
  readonly root = mkdtempSync(join(tmpdir(), "quorate-bench-tasks-"));
  readonly layout: Layout = makeLayout({ root: this.root, nodeName: "n1", isRootUser: false });
  readonly launcher = new TaskLauncher({
    layout: this.layout,
    cfs: memoryClusterFs({ nodeName: "n1" }),
    log: silentLogger,
    maxWorkers: () => MAX_WORKERS,
    idleWorkers: 1,
    tableModule: join(import.meta.dirname, "tasks/table.ts"),
  });
  #count = 0;

  start(go: string): Promise<string> {
    this.#count += 1;
    return this.launcher.start({ type: "hold", id: String(this.#count), authid: "root@pam", args: { until: go } });
  }

  /** The monotonic time that the handler wrote first, or undefined when it has not begun. */
  beganAt(upid: string): bigint | undefined {
    const line = readFileSync(this.launcher.store.logPathOf(upid), "utf8")
      .split("\n")
      .find((text) => /^\d+$/.test(text));
    return line === undefined ? undefined : BigInt(line);
  }

  /** A worker that waits has loaded its handlers when it has come to rest. */
  async settled(): Promise<void> {
    await until("a waiting worker", () => readdirSync(this.layout.taskDir).some((name) => name.startsWith(".spare")));
    await sleep(1_500);
  }

  /** Milliseconds from the call to the handler's first line, in a waiting worker. */
  async firstLine(run: number): Promise<number> {
    await this.settled();
    const go = join(this.root, `first-${run}`);
    const before = process.hrtime.bigint();
    const upid = await this.start(go);
    await until("the first line", () => this.beganAt(upid) !== undefined);
    const took = Number((this.beganAt(upid) ?? 0n) - before) / 1e6;
    writeFileSync(go, "");
    await this.launcher.ended(upid);
    return took;
  }

  async burst(run: number): Promise<{ namedMs: number; peakPssKiB: number; mostAtWork: number }> {
    await this.settled();
    const go = join(this.root, `burst-${run}`);
    const before = performance.now();
    const upids = await Promise.all(Array.from({ length: BURST }, () => this.start(go)));
    const namedMs = performance.now() - before;
    const atWork = (): number => upids.filter((upid) => this.beganAt(upid) !== undefined).length;
    await until("tasks at work", () => atWork() >= MAX_WORKERS);
    await sleep(200);
    const pids = upids.flatMap((upid) => parseUpid(upid)?.pid ?? []);
    const peakPssKiB = pids.reduce((sum, pid) => sum + pssKiB(pid), 0);
    const mostAtWork = atWork();
    writeFileSync(go, "");
    await Promise.all(upids.map((upid) => this.launcher.ended(upid)));
    return { namedMs, peakPssKiB, mostAtWork };
  }
}

export async function run(): Promise<BenchResult> {
  const bench = new Bench();
  try {
    await bench.launcher.open();
    const first: number[] = [];
    for (let index = 0; index <= RUNS; index += 1) first.push(await bench.firstLine(index));
    // The first one fills the compile cache.
    first.shift();
    const bursts: Awaited<ReturnType<Bench["burst"]>>[] = [];
    for (let index = 0; index < RUNS; index += 1) bursts.push(await bench.burst(index));
    return {
      area: "tasks",
      machine: describeMachine(),
      bars: [
        atMost("first line of a task", median(first), "ms", FIRST_LINE_MS),
        atMost(`names of ${BURST} tasks started at once`, median(bursts.map(({ namedMs }) => namedMs)), "ms", BURST_MS),
        atMost("tasks at work at a time", Math.max(...bursts.map(({ mostAtWork }) => mostAtWork)), "", MAX_WORKERS),
      ],
      rows: bursts.map(({ namedMs, peakPssKiB, mostAtWork }, index) => ({
        burst: index + 1,
        namedMs: Math.round(namedMs),
        peakPssMB: Math.round((peakPssKiB * 1024) / 1e6),
        tasksAtWork: mostAtWork,
      })),
    };
  } finally {
    bench.launcher.close();
    rmSync(bench.root, { recursive: true, force: true });
  }
}
