/** Auto-ballooning against recorded cases: one computation, or computations until nothing changes. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type BalloonVm, balloonTargets } from "../stats/balloon.ts";
import type { Report } from "./api.ts";

interface Case {
  readonly name: string;
  readonly kind: "single" | "simulate";
  readonly goal: number;
  readonly expect: Readonly<Record<string, number>>;
  readonly vmstatus: Readonly<
    Record<string, { balloon: number; balloon_min: number; maxmem: number; freemem: number; shares?: number }>
  >;
}

/** As the cases' README says. */
const STEP_BYTES = 100_000_000;
const MAX_ROUNDS = 1000;

export async function run(dirOrFile: string, report: Report): Promise<void> {
  const file = statSync(dirOrFile).isDirectory() ? join(dirOrFile, "balloon.json") : dirOrFile;
  const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: readonly Case[] };
  for (const one of cases) {
    const got = Object.fromEntries(evaluate(one));
    const ok = isDeepStrictEqual(got, one.expect);
    report(one.name, ok, `want ${JSON.stringify(one.expect)}, got ${JSON.stringify(got)}`);
  }
}

function evaluate({ kind, goal, vmstatus }: Case): Map<number, number> {
  let vms = Object.entries(vmstatus).map(([vmid, { balloon_min, ...vm }]): BalloonVm => {
    return { vmid: Number(vmid), balloonMin: balloon_min, ...vm };
  });
  if (kind === "single") return balloonTargets(vms, goal, STEP_BYTES);
  const final = new Map<number, number>();
  let left = goal;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const targets = balloonTargets(vms, left, STEP_BYTES);
    if (targets.size === 0) return final;
    vms = vms.map((vm) => {
      const size = targets.get(vm.vmid) ?? vm.balloon;
      const change = size - vm.balloon;
      left -= change;
      if (change !== 0) final.set(vm.vmid, size);
      return { ...vm, balloon: size, freemem: Math.max(vm.freemem + change, 0) };
    });
  }
  throw new Error(`still changing after ${MAX_ROUNDS} rounds`);
}
