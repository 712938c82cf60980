/**
 * Keeps the inventory, the tasks and the cluster log as they are now: by the event stream, and while that is lost by
 * asking every 5 s, later every 15 s. A hidden tab lets go of its stream after a while, since browsers open few
 * connections to one server; seen again, it gets everything anew.
 */
import type { ApiClient } from "../api/client.ts";
import { emptyInventory, type Inventory, withoutIds, withRows } from "./resources.ts";
import { parseTasks, type Task } from "./tasks.ts";
import { ValueStore } from "./value-store.ts";

export type FeedState =
  | { readonly kind: "starting" }
  | { readonly kind: "live" }
  /** @property since epoch seconds on this machine's clock. */
  | { readonly kind: "lost"; readonly since: number }
  | { readonly kind: "paused" };

export interface LogEntry {
  readonly id: string;
  readonly at: number;
  readonly node: string;
  readonly user: string;
  readonly text: string;
  readonly priority: number;
}

export interface LiveFeedDeps {
  readonly api: ApiClient;
  readonly openStream: () => EventSource;
  readonly page: Pick<Document, "visibilityState" | "addEventListener" | "removeEventListener">;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const POLL_FAST_MS = 5_000;
const POLL_SLOW_MS = 15_000;
const FAST_FOR_MS = 60_000;
const RETRY_STREAM_MS = 15_000;
/** The server writes at least every 5 s; a stream without that is dead even when the browser has not noticed. */
const SILENCE_MS = 30_000;
const HIDDEN_GRACE_MS = 60_000;
const CLOCK_STEP_S = 2;

export class LiveFeed {
  readonly inventory = new ValueStore<Inventory>(emptyInventory);
  readonly tasks = new ValueStore<readonly Task[]>([]);
  readonly log = new ValueStore<readonly LogEntry[]>([]);
  readonly state = new ValueStore<FeedState>({ kind: "starting" });
  /** Seconds by which the server's clock is ahead of this machine's. */
  readonly skew = new ValueStore(0);
  readonly #deps: LiveFeedDeps;
  #stream: EventSource | undefined;
  #heardAt = 0;
  #isFirstBatch = true;
  #timers: {
    poll?: ReturnType<typeof setTimeout>;
    retry?: ReturnType<typeof setTimeout>;
    hidden?: ReturnType<typeof setTimeout>;
    watch?: ReturnType<typeof setInterval>;
  } = {};

  constructor(deps: LiveFeedDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#deps.page.addEventListener("visibilitychange", this.#onVisibility);
    this.#timers.watch = setInterval(() => this.#checkSilence(), POLL_FAST_MS);
    this.#connect();
  }

  stop(): void {
    this.#deps.page.removeEventListener("visibilitychange", this.#onVisibility);
    this.#disconnect();
    clearInterval(this.#timers.watch);
    clearTimeout(this.#timers.hidden);
    this.inventory.set(emptyInventory);
    this.tasks.set([]);
    this.log.set([]);
    this.state.set({ kind: "starting" });
  }

  #disconnect(): void {
    this.#stream?.close();
    this.#stream = undefined;
    clearTimeout(this.#timers.poll);
    clearTimeout(this.#timers.retry);
  }

  #connect(): void {
    this.#stream?.close();
    clearTimeout(this.#timers.retry);
    const stream = this.#deps.openStream();
    this.#stream = stream;
    this.#heardAt = this.#deps.now();
    stream.addEventListener("open", () => {
      // A new stream tells everything anew.
      this.#isFirstBatch = true;
    });
    const on = (name: string, take: (data: unknown) => void): void => {
      stream.addEventListener(name, (event) => {
        if (this.#stream !== stream) return;
        this.#heard();
        take(JSON.parse((event as MessageEvent<string>).data));
      });
    };
    on("resources", (rows) => {
      if (!Array.isArray(rows)) return;
      this.#takeRows(rows, this.#isFirstBatch);
      this.#isFirstBatch = false;
    });
    on("removed", (ids) => {
      if (Array.isArray(ids)) this.inventory.update((inventory) => withoutIds(inventory, ids.map(String)));
    });
    on("tasks", (rows) => this.tasks.set(parseTasks(rows)));
    on("log", (rows) => this.log.set(parseLog(rows)));
    stream.addEventListener("error", () => {
      if (this.#stream !== stream) return;
      // A stream that the server ended in order is opened again by the browser itself within seconds.
      const isAgain = stream.readyState === EventSource.CONNECTING && this.state.value.kind === "live";
      if (isAgain && this.#deps.now() - this.#heardAt < POLL_FAST_MS * 2) return;
      this.#lose();
    });
  }

  #heard(): void {
    this.#heardAt = this.#deps.now();
    if (this.state.value.kind === "live") return;
    clearTimeout(this.#timers.poll);
    this.state.set({ kind: "live" });
  }

  #checkSilence(): void {
    if (this.state.value.kind === "live" && this.#deps.now() - this.#heardAt > SILENCE_MS) this.#lose();
  }

  #lose(): void {
    if (this.state.value.kind === "paused") return;
    if (this.state.value.kind !== "lost") {
      this.state.set({ kind: "lost", since: this.#heardAt / 1000 });
      void this.#poll(this.#deps.now());
    }
    this.#stream?.close();
    this.#stream = undefined;
    clearTimeout(this.#timers.retry);
    this.#timers.retry = setTimeout(() => this.#connect(), RETRY_STREAM_MS);
  }

  async #poll(since: number): Promise<void> {
    try {
      const [rows, tasks] = await Promise.all([
        this.#deps.api.get("/cluster/resources", {}),
        this.#deps.api.get("/cluster/tasks", {}),
      ]);
      if (this.state.value.kind !== "lost") return;
      this.#takeRows(rows, true);
      this.tasks.set(parseTasks(tasks));
    } catch {
      // The bar under the top says that nothing is live; the next round tries again.
    }
    if (this.state.value.kind !== "lost") return;
    const isEarly = this.#deps.now() - since < FAST_FOR_MS;
    this.#timers.poll = setTimeout(() => void this.#poll(since), isEarly ? POLL_FAST_MS : POLL_SLOW_MS);
  }

  #takeRows(rows: readonly unknown[], isWhole: boolean): void {
    const arrivedAt = this.#deps.now() / 1000 + this.skew.value;
    this.inventory.update((inventory) => withRows(inventory, rows, { arrivedAt, isWhole }));
  }

  /** @param serverSeconds what the server's clock said in an answer that came just now. */
  noteServerClock(serverSeconds: number): void {
    const ahead = serverSeconds - this.#deps.now() / 1000;
    // Answers tell whole seconds.
    if (Math.abs(ahead - this.skew.value) > CLOCK_STEP_S) this.skew.set(Math.abs(ahead) > CLOCK_STEP_S ? ahead : 0);
  }

  readonly #onVisibility = (): void => {
    clearTimeout(this.#timers.hidden);
    if (this.#deps.page.visibilityState === "hidden") {
      this.#timers.hidden = setTimeout(() => {
        this.#disconnect();
        this.state.set({ kind: "paused" });
      }, HIDDEN_GRACE_MS);
    } else if (this.state.value.kind === "paused") {
      this.state.set({ kind: "starting" });
      this.#connect();
    } else if (this.state.value.kind === "lost") {
      // Somebody looks again: that is a better moment to try than the next round.
      this.#connect();
    }
  };
}

export function parseLog(rows: unknown): readonly LogEntry[] {
  if (!Array.isArray(rows)) return [];
  return rows
    .map((row: Readonly<Record<string, unknown>>) => ({
      id: String(row.id ?? `${row.uid}:${row.node}`),
      at: Number(row.time ?? 0),
      node: String(row.node ?? ""),
      user: String(row.user ?? ""),
      text: String(row.msg ?? ""),
      priority: Number(row.pri ?? 6),
    }))
    .sort((a, b) => b.at - a.at);
}
