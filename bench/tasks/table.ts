/** This release's handlers, all of them, and one that says when it began and works until it is let go. */
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createTaskTable as createReleaseTable } from "../../src/daemons/task-services.ts";
import type { TaskServices } from "../../src/daemons/task-worker.ts";
import type { Logger } from "../../src/log/logger.ts";
import type { Layout } from "../../src/os/layout.ts";
import type { TaskContext } from "../../src/tasks/port.ts";

const POLL_MS = 20;

export function createTaskTable(layout: Layout, log: Logger): TaskServices {
  const services = createReleaseTable(layout, log);
  const hold = async ({ until }: { readonly until: string }, task: TaskContext): Promise<void> => {
    // The monotonic clock is the same in all processes of a machine.
    task.log(String(process.hrtime.bigint()));
    while (!existsSync(until)) await sleep(POLL_MS, undefined, { signal: task.signal });
  };
  return { ...services, table: { ...services.table, hold } };
}
