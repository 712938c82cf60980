/** Handlers for tests of tasks; they run in real worker processes. */
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { memoryClusterFs } from "../cfs/memory.ts";
import type { TaskServices } from "../daemons/task-worker.ts";
import type { Layout } from "../os/layout.ts";
import { runCommand } from "../os/run-command.ts";
import type { TaskContext } from "./port.ts";

const LIMIT_MS = 30_000;

async function untilExists(path: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (!existsSync(path)) {
    signal.throwIfAborted();
    if (performance.now() > deadline) throw new Error("the test never let it go on");
    await delay(10, undefined, { signal });
  }
}

async function waitfor({ path }: { path: string }, task: TaskContext): Promise<void> {
  task.log("waiting");
  await untilExists(path, task.signal);
  task.log("done");
}

export function createTaskTable({ nodeName }: Layout): TaskServices {
  return {
    cfs: memoryClusterFs({ nodeName }),
    close: async () => {},
    table: {
      async say({ lines }: { lines: string[] }, task: TaskContext) {
        for (const line of lines) task.log(line);
      },
      async warn(_: unknown, task: TaskContext) {
        task.warn("first");
        task.warn("second");
      },
      async fail({ message }: { message: string }) {
        throw new Error(message);
      },
      waitfor,
      qmstop: waitfor,
      /** Its program does not end on SIGTERM, nor does the handler care. */
      async stubborn({ name }: { name: string }, task: TaskContext) {
        const script = "trap '' TERM; echo waiting; while :; do sleep 0.1; done";
        await runCommand(["sh", "-c", script, name], { timeoutMs: LIMIT_MS, onLine: (line) => task.log(line) });
      },
      async crash() {
        setTimeout(() => {
          throw new Error("nobody caught this");
        }, 0);
        await delay(LIMIT_MS);
      },
    },
  };
}
