/**
 * Long work runs in a task: one worker process each, named by a UPID, with a log that ends in its outcome. A room gives
 * its work as named handlers (`TaskTable`); a method starts one by name with arguments that survive JSON.
 */
export type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [key: string]: Json };

export interface TaskSpec {
  /** The UPID's type and the handler's name, e.g. `qmstart`. */
  readonly type: string;
  /** Object of the task (vmid, storage), may be empty. */
  readonly id?: string;
  /** User or token that the task belongs to. */
  readonly authid: string;
  /** Arguments; they travel by a pipe, so secrets may be in them. */
  readonly args?: Json;
}

export interface TaskContext {
  readonly upid: string;
  readonly authid: string;
  /** One line of the task's log. */
  log(line: string): void;
  /** A line `WARN: …`; the task then ends as `WARNINGS: n`. */
  warn(line: string): void;
  /** Aborted when somebody stops the task. */
  readonly signal: AbortSignal;
}

/** Resolves: `OK` (or warnings). Rejects: `TASK ERROR: <message>`. */
export type TaskHandler = (args: never, task: TaskContext) => Promise<void>;
export type TaskTable = Readonly<Record<string, TaskHandler>>;

export interface Tasks {
  /**
   * Starts a worker and answers when it exists and its log has been opened.
   * @returns the UPID.
   */
  start(spec: TaskSpec): Promise<string>;
}
