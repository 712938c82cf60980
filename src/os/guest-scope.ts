/**
 * A cgroup for one guest, without systemd: `qemu.slice/<vmid>.scope` in the unified hierarchy, or in each of the v1
 * hierarchies. What cannot be done is told, never fatal: a guest runs without limits rather than not at all.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const ROOT = "/sys/fs/cgroup";
const V1_CONTROLLERS = ["cpu,cpuacct", "cpu", "memory", "freezer", "blkio", "pids"];
const CPU_PERIOD_US = 100_000;
const REAP_TIMEOUT_MS = 500;
const REAP_POLL_MS = 5;

export interface ScopeLimits {
  /** Weight of v2, 1..10000. */
  readonly cpuWeight?: number;
  /** Cpus' worth of time; 0: no limit. */
  readonly cpuLimit?: number;
}

function isUnified(): boolean {
  return existsSync(join(ROOT, "cgroup.controllers"));
}

/** Directories of a guest's scope that exist on this machine's hierarchies. */
export function scopeDirectories(slice: string, vmid: number): string[] {
  const name = join(slice, `${vmid}.scope`);
  if (isUnified()) return [join(ROOT, name)];
  return V1_CONTROLLERS.filter((controller) => existsSync(join(ROOT, controller))).map((controller) =>
    join(ROOT, controller, name),
  );
}

/** @returns what could not be done, in words. */
export async function enterScope(slice: string, vmid: number, pid: number, limits: ScopeLimits): Promise<string[]> {
  const problems: string[] = [];
  const attempt = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      problems.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  if (isUnified()) {
    await attempt("cgroup controllers", async () => {
      await mkdir(join(ROOT, slice), { recursive: true });
      for (const parent of [ROOT, join(ROOT, slice)]) {
        await writeFile(join(parent, "cgroup.subtree_control"), "+cpu +memory +io +pids");
      }
    });
  }
  for (const directory of scopeDirectories(slice, vmid)) {
    await attempt(directory, async () => {
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, "cgroup.procs"), String(pid));
    });
    await attempt(`limits in ${directory}`, () => writeLimits(directory, limits));
  }
  return problems;
}

async function writeLimits(directory: string, { cpuWeight, cpuLimit }: ScopeLimits): Promise<void> {
  const quota = cpuLimit === undefined || cpuLimit === 0 ? undefined : Math.round(cpuLimit * CPU_PERIOD_US);
  const isCpu = existsSync(join(directory, "cpu.max")) || existsSync(join(directory, "cpu.cfs_quota_us"));
  if (!isCpu) return;
  if (existsSync(join(directory, "cpu.max"))) {
    if (cpuWeight !== undefined) await writeFile(join(directory, "cpu.weight"), String(cpuWeight));
    await writeFile(join(directory, "cpu.max"), quota === undefined ? "max" : `${quota} ${CPU_PERIOD_US}`);
    return;
  }
  if (cpuWeight !== undefined) await writeFile(join(directory, "cpu.shares"), String(cpuWeight));
  await writeFile(join(directory, "cpu.cfs_quota_us"), String(quota ?? -1));
}

/** Removes the empty directories of an ended guest. */
export async function removeScope(slice: string, vmid: number): Promise<void> {
  const deadline = performance.now() + REAP_TIMEOUT_MS;
  for (const directory of scopeDirectories(slice, vmid)) {
    // A process that has ended is a member until its parent has heard of it (cgroups(7)).
    while (!(await removesEmpty(directory)) && performance.now() < deadline) await sleep(REAP_POLL_MS);
    if (dirname(directory) !== ROOT) await removesEmpty(dirname(directory));
  }
}

/** @returns false while something is in it; one that was never made is fine. */
async function removesEmpty(directory: string): Promise<boolean> {
  try {
    await rmdir(directory);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "EBUSY");
  }
}

/** Pressure averages of a guest's scope, where the kernel accounts them (v2). */
export async function scopePressure(slice: string, vmid: number): Promise<Record<string, number> | undefined> {
  if (!isUnified()) return undefined;
  const [directory] = scopeDirectories(slice, vmid);
  if (directory === undefined) return undefined;
  const values: Record<string, number> = {};
  for (const resource of ["cpu", "io", "memory"]) {
    const text = await readFile(join(directory, `${resource}.pressure`), "latin1").catch(() => "");
    for (const kind of ["some", "full"]) {
      const found = new RegExp(`^${kind} avg10=([\\d.]+)`, "m").exec(text)?.[1];
      if (found !== undefined) values[`${resource}${kind}`] = Number(found);
    }
  }
  return Object.keys(values).length > 0 ? values : undefined;
}
