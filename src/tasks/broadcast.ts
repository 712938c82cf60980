/**
 * Tells the cluster about this node's tasks: the outcome of each into the cluster log, the list of running and recent
 * ones as the status value `tasklist`. Failing to tell never fails a task.
 */
import type { ClusterFs } from "../cfs/port.ts";
import { messageOf } from "../errors/quorate-error.ts";
import type { Logger } from "../log/logger.ts";
import { classOfStatus } from "./outcome.ts";
import { printTaskList, type TaskRecord } from "./records.ts";
import type { TaskStore } from "./task-store.ts";

export const TASK_LIST_KEY = "tasklist";
/** A status value's limit is 32 KiB; some room is left for a trailing NUL. */
const MAX_LIST_BYTES = 32 * 1024 - 16;
// syslog(3)
const PRIORITY_ERROR = 3;
const PRIORITY_INFO = 6;

export interface TaskBroadcastOptions {
  readonly store: TaskStore;
  readonly cfs: ClusterFs;
  readonly log: Logger;
  /** Program named in the cluster log. */
  readonly tag: string;
}

export class TaskBroadcast {
  readonly #store: TaskStore;
  readonly #cfs: ClusterFs;
  readonly #log: Logger;
  readonly #tag: string;
  #published = "";
  #running: Promise<void> | undefined;
  #isWanted = false;

  constructor({ store, cfs, log, tag }: TaskBroadcastOptions) {
    this.#store = store;
    this.#cfs = cfs;
    this.#log = log;
    this.#tag = tag;
  }

  async started(upid: string, authid: string): Promise<void> {
    await this.#tell({ priority: PRIORITY_INFO, ident: authid, message: `starting task ${upid}` });
  }

  /**
   * Records what ended and publishes the list when it changed. Calls during a run are served together by the next one.
   * @param options.isForced publishes an unchanged list too: a restarted cluster file system has forgotten it.
   * @param options.ending the caller's own task, about to exit.
   */
  refresh(options: { readonly isForced?: boolean; readonly ending?: string } = {}): Promise<void> {
    if (options.isForced) this.#published = "";
    if (this.#running !== undefined && options.ending === undefined) {
      this.#isWanted = true;
      return this.#running;
    }
    this.#running = this.#run(options.ending).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(ending: string | undefined): Promise<void> {
    do {
      this.#isWanted = false;
      for (const record of await this.#store.reconcile(ending)) await this.#ended(record);
      await this.#publish();
    } while (this.#isWanted);
  }

  async #ended({ upid, parsed, status = "" }: TaskRecord): Promise<void> {
    const outcome = classOfStatus(status);
    const priority = outcome === "ok" || outcome === "warning" ? PRIORITY_INFO : PRIORITY_ERROR;
    await this.#tell({ priority, ident: parsed.authid, message: `end task ${upid} ${status}` });
  }

  async #tell(entry: { priority: number; ident: string; message: string }): Promise<void> {
    try {
      await this.#cfs.log({ ...entry, tag: this.#tag });
    } catch (error) {
      this.#log.warn({ error: messageOf(error), entry: entry.message }, "cluster log entry is lost");
    }
  }

  async #publish(): Promise<void> {
    const list = printTaskList(this.#store.active(), MAX_LIST_BYTES);
    if (list === this.#published) return;
    try {
      await this.#cfs.publish(TASK_LIST_KEY, list);
      this.#published = list;
    } catch (error) {
      // The next change or the next statistics cycle publishes again.
      this.#log.warn({ error: messageOf(error) }, "task list not published");
    }
  }
}
