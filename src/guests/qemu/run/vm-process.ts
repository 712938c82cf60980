/**
 * Which process runs a VM: the one that its pid file names, if its command line names that pid file. Nothing is kept in
 * memory, so any process on the node gives the same answer at any time.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isProcessAlive, processStartTicks } from "../../../os/process-identity.ts";

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
    if (!Number.isSafeInteger(pid) || pid <= 1) return undefined;
    const commandLine = (await readIfThere(`/proc/${pid}/cmdline`))?.split("\0") ?? [];
    const names = commandLine[commandLine.indexOf("-pidfile") + 1];
    if (!commandLine.includes("-pidfile") || names !== pidFile) return undefined;
    const startTicks = processStartTicks(pid);
    return startTicks === undefined ? undefined : { pid, startTicks };
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

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "latin1");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH"))
      return undefined;
    throw error;
  }
}
