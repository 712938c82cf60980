/** Shows a task's log as it grows, until the task has ended. */
import { messageOf } from "../errors/quorate-error.ts";
import type { LocalApi } from "./local-api.ts";

const UPID = /^UPID:([^:]+):[0-9A-Fa-f]{8}:[0-9A-Fa-f]{8,9}:[0-9A-Fa-f]{8}:[^:]+:[^:]*:[^:]+:$/;
/** A log on disk has no events here. */
const POLL_MS = 150;
const LINES_A_ROUND = 500;

export function isUpid(value: unknown): value is string {
  return typeof value === "string" && UPID.test(value);
}

/**
 * @param sleep waits so many milliseconds.
 * @returns the exit status: `OK`, `WARNINGS: n` or the error.
 */
export async function followTask(
  api: LocalApi,
  upid: string,
  { write, sleep }: { write: (text: string) => void; sleep: (ms: number) => Promise<void> },
): Promise<string> {
  const base = `/nodes/${UPID.exec(upid)?.[1] ?? api.nodeName}/tasks/${upid}`;
  let start = 0;
  for (;;) {
    // The status before the log: what a task wrote before it ended is then never missed.
    const status = await api.call("GET", `${base}/status`);
    const hasEnded = isRecord(status.data) && status.data.status === "stopped";
    let lines: string[];
    do {
      lines = logLines((await api.call("GET", `${base}/log`, { start, limit: LINES_A_ROUND })).data);
      // Its last line is the outcome, which the caller prints in its own words.
      for (const line of lines) if (!/^TASK (?:OK|ERROR: |WARNINGS: )/.test(line)) write(`${line}\n`);
      start += lines.length;
    } while (lines.length === LINES_A_ROUND);
    if (hasEnded)
      return isRecord(status.data) ? String(status.data.exitstatus ?? "unexpected status") : messageOf(status);
    await sleep(POLL_MS);
  }
}

/** An empty log is told as one line that says so. */
function logLines(data: unknown): string[] {
  const lines = Array.isArray(data) ? data.filter(isRecord).map(({ t }) => String(t ?? "")) : [];
  return lines.length === 1 && lines[0] === "no content" ? [] : lines;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isSuccess(status: string): boolean {
  return status === "OK" || status.startsWith("WARNINGS: ");
}
