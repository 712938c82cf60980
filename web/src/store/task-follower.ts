/**
 * Tasks that were started here, until their end: one toast each (or one for a whole batch), and whoever waits for the
 * outcome. The stream tells of ends; in case it does not, the task itself is asked.
 */
import type { ApiClient } from "../api/client.ts";
import type { LiveFeed } from "./live-feed.ts";
import { outcomeOf, outcomeOfStatus, parseUpid, type TaskOutcome } from "./tasks.ts";
import { ValueStore } from "./value-store.ts";

export interface Toast {
  readonly id: number;
  /** What is done, in the form of a running action: "Starting web-01". */
  readonly title: string;
  readonly outcome: TaskOutcome;
  /** What went wrong. */
  readonly detail: string | undefined;
  /** Where more is told. */
  readonly link: string | undefined;
  /** Tasks of a batch that are done, of how many. */
  readonly progress: { readonly done: number; readonly total: number } | undefined;
}

export interface TaskEnd {
  readonly outcome: TaskOutcome;
  readonly status: string;
}

const ASK_EVERY_MS = 3_000;
const OK_STAYS_MS = 4_000;
const WARNING_STAYS_MS = 10_000;
/** A task that nothing is heard of for so long is given up: its outcome is unknown. */
const GIVE_UP_MS = 12 * 3600_000;

export class TaskFollower {
  readonly toasts = new ValueStore<readonly Toast[]>([]);
  readonly #api: ApiClient;
  readonly #feed: LiveFeed;
  #lastId = 0;

  constructor({ api, feed }: { readonly api: ApiClient; readonly feed: LiveFeed }) {
    this.#api = api;
    this.#feed = feed;
  }

  /**
   * Follows a task and tells of it.
   * @param titles while it runs, and when it went well
   */
  async follow(upid: string, titles: { readonly running: string; readonly done: string }): Promise<TaskEnd> {
    const id = this.show({ title: titles.running, outcome: "running", link: taskLink(upid) });
    const end = await this.end(upid);
    this.change(id, {
      title: end.outcome === "ok" ? titles.done : titles.running,
      outcome: end.outcome,
      ...(end.outcome === "ok" ? {} : { detail: end.status }),
    });
    return end;
  }

  show(toast: Pick<Toast, "title" | "outcome"> & Partial<Toast>): number {
    this.#lastId += 1;
    const id = this.#lastId;
    this.toasts.update((toasts) => [
      ...toasts,
      { detail: undefined, link: undefined, progress: undefined, ...toast, id },
    ]);
    this.#scheduleEnd(id, toast.outcome);
    return id;
  }

  change(id: number, fields: Partial<Omit<Toast, "id">>): void {
    this.toasts.update((toasts) => toasts.map((toast) => (toast.id === id ? { ...toast, ...fields } : toast)));
    if (fields.outcome !== undefined) this.#scheduleEnd(id, fields.outcome);
  }

  dismiss(id: number): void {
    this.toasts.update((toasts) => toasts.filter((toast) => toast.id !== id));
  }

  #scheduleEnd(id: number, outcome: TaskOutcome): void {
    if (outcome === "ok") setTimeout(() => this.dismiss(id), OK_STAYS_MS);
    if (outcome === "warnings") setTimeout(() => this.dismiss(id), WARNING_STAYS_MS);
  }

  /** The end of a task, from whoever tells it first. */
  end(upid: string): Promise<TaskEnd> {
    const { promise, resolve } = Promise.withResolvers<TaskEnd>();
    const node = parseUpid(upid)?.node ?? "localhost";
    const startedAt = Date.now();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const finish = (end: TaskEnd): void => {
      clearTimeout(timer);
      unsubscribe();
      resolve(end);
    };
    const look = (): void => {
      const task = this.#feed.tasks.value.find((one) => one.upid === upid);
      if (task === undefined || outcomeOf(task) === "running") return;
      finish({ outcome: outcomeOf(task), status: task.status ?? "" });
    };
    const ask = async (): Promise<void> => {
      try {
        const { status, exitstatus } = await this.#api.get("/nodes/{node}/tasks/{upid}/status", { node, upid });
        if (status === "stopped") {
          finish({ outcome: outcomeOfStatus(exitstatus), status: exitstatus ?? "" });
          return;
        }
      } catch {
        // Asked again; the node may be away for a moment.
      }
      if (Date.now() - startedAt > GIVE_UP_MS) finish({ outcome: "unknown", status: "" });
      else timer = setTimeout(() => void ask(), ASK_EVERY_MS);
    };
    const unsubscribe = this.#feed.tasks.subscribe(look);
    timer = setTimeout(() => void ask(), ASK_EVERY_MS);
    look();
    return promise;
  }
}

export function taskLink(upid: string): string {
  return `/task/${encodeURIComponent(upid)}`;
}
