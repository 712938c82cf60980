/** Stops all guests of a node before its daemons, in a task like any other, shown as it goes. */
import { createServices } from "../../daemons/services.ts";
import { silentLogger } from "../../log/logger.ts";
import { forgetGuestsStarted } from "../../node/index.ts";
import type { Layout } from "../../os/layout.ts";
import { PidFiles } from "../../supervisor/pid-files.ts";
import { followTask, TaskLauncher, TaskStore } from "../../tasks/index.ts";

/** More than the guests' own limit: stopping them is part of the task. */
const GRACE_S = 60;

export async function stopAllGuests(layout: Layout, timeoutS: number, say: (text: string) => void): Promise<void> {
  if (new PidFiles(layout.quorateRun).live("pmxcfs") === undefined) {
    say("pmxcfs does not run, so guests cannot be told from other processes: they are left alone");
    return;
  }
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
