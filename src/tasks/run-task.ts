/** Runs one task's handler to its last line. The process around it is the worker's business. */
import { messageOf } from "../errors/quorate-error.ts";
import { errorStatus, INTERRUPTED, lastLineOfStatus, statusOfLastLine } from "./outcome.ts";
import type { TaskContext, TaskTable } from "./port.ts";
import type { RunMessage } from "./worker-messages.ts";

export interface TaskRun {
  readonly message: RunMessage;
  /** Gives the handlers. */
  readonly table: () => Promise<TaskTable>;
  readonly signal: AbortSignal;
  /** Appends one line to the log. */
  readonly write: (line: string) => void;
}

/** Never rejects: the outcome is the last line. @returns the status. */
export async function runTask({ message, table, signal, write }: TaskRun): Promise<string> {
  let warnings = 0;
  const log = (text: string): void => {
    for (const line of text.replace(/\n$/, "").split("\n")) {
      // Only the end of the task may look like its end.
      write(statusOfLastLine(line) === undefined ? line : ` ${line}`);
    }
  };
  const task: TaskContext = {
    upid: message.upid,
    authid: message.authid,
    log,
    warn: (line) => {
      warnings += 1;
      log(`WARN: ${line}`);
    },
    signal,
  };
  let status: string;
  try {
    const handlers = await table();
    const handler = Object.hasOwn(handlers, message.type) ? handlers[message.type] : undefined;
    if (handler === undefined) throw new Error(`this release has no task of type '${message.type}'`);
    // The caller of `start` and the handler agree on the arguments by the task's type.
    await handler(message.args as never, task);
    status = warnings === 0 ? "OK" : `WARNINGS: ${warnings}`;
  } catch (error) {
    status = signal.aborted ? INTERRUPTED : errorStatus(messageOf(error));
  }
  write(lastLineOfStatus(status));
  return status;
}
