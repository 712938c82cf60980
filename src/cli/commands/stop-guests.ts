/** Stops all guests of a node before its daemons, in a task like any other, shown as it goes. */
import { readdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { createServices } from "../../daemons/services.ts";
import { silentLogger } from "../../log/logger.ts";
import { forgetGuestsStarted } from "../../node/index.ts";
import type { Layout } from "../../os/layout.ts";
import { commandLineOf } from "../../os/process-identity.ts";
import { PidFiles } from "../../supervisor/pid-files.ts";
import { followTask, TaskLauncher, TaskStore } from "../../tasks/index.ts";

/** The guests' processes, known by the pid files that their command lines name: that needs no config. */
export function runningGuests({ qemuRun }: Layout): { vmid: number; pid: number }[] {
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid)) return [];
    const words = commandLineOf(pid);
    const pidFile = words[words.indexOf("-pidfile") + 1] ?? "";
    const vmid = Number(/^(\d+)\.pid$/.exec(basename(pidFile))?.[1]);
    return Number.isInteger(vmid) && dirname(pidFile) === qemuRun ? [{ vmid, pid }] : [];
  });
}

/** More than the guests' own limit: stopping them is part of the task. */
const GRACE_S = 60;

export async function stopAllGuests(layout: Layout, timeoutS: number, say: (text: string) => void): Promise<void> {
  const pidFiles = new PidFiles(layout.quorateRun);
  // One that has just died is back in a moment, where somebody sees to it.
  if (pidFiles.live("pmxcfs") === undefined && pidFiles.live("supervisor") === undefined) return;
  // Those that start at boot start again with the node.
  forgetGuestsStarted(layout);
  const services = await createServices({ layout, log: silentLogger, role: "cli" });
  try {
    const launcher = new TaskLauncher({
      layout,
      cfs: services.cfs,
      log: silentLogger,
      maxWorkers: () => 8,
      tag: "quorate",
    });
    const upid = await launcher.start({ type: "stopall", authid: "root@pam", args: { timeoutS, forceStop: true } });
    const limit = AbortSignal.timeout((timeoutS + GRACE_S) * 1000);
    const status = await followTask(new TaskStore(layout), upid, say, limit);
    if (status !== "OK") say(`stopping the guests ended with: ${status}`);
  } finally {
    await services.close();
  }
}
