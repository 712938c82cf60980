/** `bench idle`: memory and cpu time of a node on which nothing happens, all its processes together. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { startTestNode } from "../test/node.testing.ts";
import { type BenchResult, describeMachine } from "./result.ts";

const SETTLE_MS = 30_000;
const WINDOW_MS = 60_000;
const MAX_PSS_MB = 200;
const MAX_CPU_PERCENT = 1;
// proc_pid_stat(5); USER_HZ is 100 on every Linux that Debian runs on.
const TICKS_PER_S = 100;

interface ProcessUse {
  readonly name: string;
  readonly pssKiB: number;
  readonly ticks: number;
}

function descendants(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ").filter(Boolean).map(Number);
  return [pid, ...children.flatMap(descendants)];
}

function measure(pid: number, name: string): ProcessUse {
  const pss = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "latin1"))?.[1];
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { name, pssKiB: Number(pss), ticks: Number(fields[11]) + Number(fields[12]) };
}

export async function run(): Promise<BenchResult> {
  const node = await startTestNode();
  try {
    await sleep(SETTLE_MS);
    const look = (): ProcessUse[] =>
      readdirSync(`${node.root}/run/quorate`)
        .filter((name) => name.endsWith(".json"))
        .flatMap((name) => {
          const { pid } = JSON.parse(readFileSync(`${node.root}/run/quorate/${name}`, "utf8")) as { pid: number };
          const daemon = name.replace(".json", "");
          return (daemon === "supervisor" ? [pid] : descendants(pid)).map((one) =>
            measure(one, one === pid ? daemon : `${daemon}: task worker that waits`),
          );
        });
    const before = look();
    await sleep(WINDOW_MS);
    const after = look();
    const sum = (uses: readonly ProcessUse[], value: (use: ProcessUse) => number): number =>
      uses.reduce((total, use) => total + value(use), 0);
    const pssMB = sum(after, ({ pssKiB }) => pssKiB * 1024) / 1e6;
    const ticks = sum(after, (use) => use.ticks) - sum(before, (use) => use.ticks);
    const cpuPercent = (ticks / TICKS_PER_S / (WINDOW_MS / 1000)) * 100;
    const bar = (name: string, value: number, unit: string, limit: number): BenchResult["bars"][number] => ({
      name,
      value: Math.round(value * 100) / 100,
      unit,
      bar: limit,
      holds: value <= limit,
    });
    return {
      area: "idle",
      machine: describeMachine(),
      bars: [
        bar("PSS of supervisor and all daemons", pssMB, "MB", MAX_PSS_MB),
        bar("cpu time of one core", cpuPercent, "%", MAX_CPU_PERCENT),
      ],
      rows: after.map(({ name, pssKiB }) => ({ process: name, pssKiB })),
    };
  } finally {
    await node.stop();
  }
}
