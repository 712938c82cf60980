/** What a daemon and its task worker say to each other over their channel. */
import type { Json } from "./port.ts";

export interface RunMessage {
  readonly kind: "run";
  readonly upid: string;
  readonly type: string;
  readonly authid: string;
  readonly args: Json;
}

/** `warm`: load the handlers before a task comes. */
export type ToWorker = RunMessage | { readonly kind: "warm" };

/**
 * `ready`: listens for its task. `warm`: the handlers are loaded. `started`: the task is known and its log is
 * open. `ending`: its last line is written; that it can be sent shows that the daemon is there to record the end.
 */
export interface FromWorker {
  readonly kind: "ready" | "warm" | "started" | "ending";
}

export function isToWorker(message: unknown): message is ToWorker {
  return typeof message === "object" && message !== null && "kind" in message && typeof message.kind === "string";
}

export function isFromWorker(message: unknown): message is FromWorker {
  return typeof message === "object" && message !== null && "kind" in message && typeof message.kind === "string";
}

/** The module whose `createTaskTable` gives a worker its handlers, as a file URL. */
export const TASK_TABLE_ENV = "QUORATE_TASK_TABLE";
/** The spare worker's log file, removed when it ends without a task. */
export const SPARE_LOG_ENV = "QUORATE_TASK_SPARE_LOG";
/** Set where the task (JSON of a {@link RunMessage}) is on standard input, since it was known before the worker began. */
export const ORDER_ENV = "QUORATE_TASK_ORDER";
