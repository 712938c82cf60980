/**
 * Which process runs a VM: the one that its pid file names, if its command line names that pid file. Nothing is kept in
 * memory, so any process on the node gives the same answer at any time.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isProcessAlive, processStartTicks, signalProcess } from "../../../os/process-identity.ts";

const POLL_MS = 20;

export interface VmProcess {
  readonly pid: number;
  /** With the pid it names one process of this boot. */
  readonly startTicks: number;
}

export class VmProcesses {
  readonly #runDir: string;

  /** @param runDir the layout's `qemuRun`. */
  constructor(runDir: string) {
    this.#runDir = runDir;
  }

  socket(vmid: number, kind: string): string {
    return join(this.#runDir, `${vmid}.${kind}`);
  }

  async find(vmid: number): Promise<VmProcess | undefined> {
    const pidFile = this.socket(vmid, "pid");
    const pid = Number.parseInt((await readIfThere(pidFile)) ?? "", 10);
    if (!Number.isSafeInteger(pid) || pid <= 1 || !(await claims(pid, pidFile))) return undefined;
    const startTicks = processStartTicks(pid);
    return startTicks === undefined ? undefined : { pid, startTicks };
  }

  /**
   * Like {@link find}, and also a QEMU whose pid file is not there: one that was started by a worker that has died since
   * and that is still coming up, or one whose pid file was removed. It looks at every process, so it is for those who are
   * about to change something.
   */
  async search(vmid: number): Promise<VmProcess | undefined> {
    const found = await this.find(vmid);
    if (found !== undefined) return found;
    const pidFile = this.socket(vmid, "pid");
    let youngest: VmProcess | undefined;
    for (const name of await readdir("/proc")) {
      const pid = Number(name);
      if (!Number.isSafeInteger(pid) || !(await claims(pid, pidFile))) continue;
      const startTicks = processStartTicks(pid);
      // Of a QEMU that is making itself a daemon there are two for a moment; the child is the one that stays.
      if (startTicks !== undefined && startTicks >= (youngest?.startTicks ?? 0)) youngest = { pid, startTicks };
    }
    return youngest;
  }

  /** A process that has ended already is fine. */
  signal({ pid, startTicks }: VmProcess, signal: NodeJS.Signals): void {
    if (isProcessAlive(pid, startTicks)) signalProcess(pid, signal);
  }

  /** @returns false when it still runs after `timeoutMs`. */
  async ended({ pid, startTicks }: VmProcess, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (isProcessAlive(pid, startTicks)) {
      if (performance.now() >= deadline) return false;
      // The end of a process that is not our child gives no event.
      await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal });
    }
    return true;
  }
}

/** Whether the command line of a process names this pid file. */
async function claims(pid: number, pidFile: string): Promise<boolean> {
  const words = (await readIfThere(`/proc/${pid}/cmdline`))?.split("\0") ?? [];
  const at = words.indexOf("-pidfile");
  return at >= 0 && words[at + 1] === pidFile;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH"))
      return undefined;
    throw error;
  }
}
