/** Follows a task from the outside, as a command does that shows the log while it waits. */
import { open } from "node:fs/promises";
import { StringDecoder } from "node:string_decoder";
import { setTimeout as delay } from "node:timers/promises";
import { UNEXPECTED_STATUS } from "./outcome.ts";
import type { TaskStore } from "./task-store.ts";

/** Neither a file's growth nor a stranger's end gives a reliable event on every file system, so both are looked at. */
const POLL_MS = 50;

/**
 * Calls `onLine` for each line of the log, from the first, until the task has ended.
 * @returns the status: `OK`, `WARNINGS: n` or the error's text.
 * @throws the signal's reason when it is aborted; the task goes on.
 */
export async function followTask(
  store: TaskStore,
  upid: string,
  onLine: (line: string) => void,
  signal?: AbortSignal,
): Promise<string> {
  const file = await open(store.logPathOf(upid), "r");
  try {
    const decoder = new StringDecoder("utf8");
    const chunk = Buffer.alloc(64 * 1024);
    let partial = "";
    for (;;) {
      signal?.throwIfAborted();
      // Asked before reading: what a task writes before it ends is then read after it.
      const state = store.state(upid);
      for (;;) {
        const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
        if (bytesRead === 0) break;
        const lines = (partial + decoder.write(chunk.subarray(0, bytesRead))).split("\n");
        partial = lines.pop() ?? "";
        for (const line of lines) onLine(line);
      }
      if (state === undefined || !state.isRunning) {
        if (partial !== "") onLine(partial);
        return state?.status ?? UNEXPECTED_STATUS;
      }
      await pause(signal);
    }
  } finally {
    await file.close();
  }
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  try {
    await delay(POLL_MS, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    // The timer's own error hides why it was aborted.
    signal?.throwIfAborted();
    throw error;
  }
}
