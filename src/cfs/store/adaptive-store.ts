/**
 * Commits inline while the disk is quick, on a thread of its own while commits take longer than 1 ms: then the owner of
 * the tree goes on serving readers, and what is delivered meanwhile shares the next transaction.
 */
import type { DatabaseSync } from "node:sqlite";
import type { ChangeSet } from "../tree/change-set.ts";
import { InlineStore } from "./inline-store.ts";
import type { CommitDone, CommitStore, Durability } from "./port.ts";
import { ThreadStore } from "./thread-store.ts";

/** Above this mean the thread is worth its two hand-overs. */
const SLOW_MS = 1;
const FAST_MS = 0.5;
/** Weight of the newest commit in the mean. */
const WEIGHT = 0.1;
/** The thread is kept for at least so many commits: starting one costs more than it saves over a few. */
const MIN_THREAD_COMMITS = 2000;

export interface AdaptiveStoreOptions {
  readonly database: DatabaseSync;
  readonly path: string;
  /** The eventfd that wakes the owner: it then calls {@link AdaptiveStore.poll}. */
  readonly wakeFd: number;
  /** Milliseconds. */
  readonly now: () => number;
  readonly onModeChanged: (mode: "inline" | "thread", meanMs: number) => void;
  /** Makes every commit slower, to try out a slow disk. */
  readonly delayMs?: number;
}

export class AdaptiveStore implements CommitStore {
  readonly #options: AdaptiveStoreOptions;
  readonly #inline: InlineStore;
  #thread: ThreadStore | undefined;
  #meanMs: number | undefined;
  #threadCommits = 0;

  constructor(options: AdaptiveStoreOptions) {
    this.#options = options;
    this.#inline = new InlineStore(options.database, options.path);
  }

  get mode(): "inline" | "thread" {
    return this.#thread?.isReady ? "thread" : "inline";
  }

  /** Of recent commits that reached the disk. */
  get meanMs(): number | undefined {
    return this.#meanMs;
  }

  get hasUnsynced(): boolean {
    return this.#inline.hasUnsynced || (this.#thread?.hasUnsynced ?? false);
  }

  commit(changes: readonly ChangeSet[], durability: Durability, done: CommitDone): void {
    const thread = this.#readyThread();
    if (thread !== undefined) thread.commit(changes, durability, done);
    else if (durability === "written") this.#inline.commit(changes, durability, done);
    else this.#timed((timedDone) => this.#inline.commit(changes, durability, timedDone), done);
  }

  sync(done: CommitDone): void {
    const thread = this.#readyThread();
    if (thread !== undefined) thread.sync(done);
    else this.#timed((timedDone) => this.#inline.sync(timedDone), done);
  }

  /** Takes what the thread has answered. */
  poll(): void {
    const wasReady = this.#thread?.isReady ?? true;
    this.#thread?.poll();
    if (!wasReady && this.#thread?.isReady) this.#options.onModeChanged("thread", this.#meanMs ?? 0);
  }

  close(): void {
    this.#thread?.stop();
    this.#inline.close();
  }

  #readyThread(): ThreadStore | undefined {
    const thread = this.#thread;
    if (thread === undefined || !thread.isReady) return undefined;
    if (this.#threadCommits >= MIN_THREAD_COMMITS && (this.#meanMs ?? 0) < FAST_MS && !thread.hasUnsynced) {
      thread.stop();
      this.#thread = undefined;
      this.#options.onModeChanged("inline", this.#meanMs ?? 0);
      return undefined;
    }
    return thread;
  }

  #timed(work: (done: CommitDone) => void, done: CommitDone): void {
    const start = this.#options.now();
    if (this.#options.delayMs !== undefined) sleep(this.#options.delayMs);
    work((failure) => {
      this.#count(this.#options.now() - start);
      done(failure);
    });
  }

  #count(ms: number): void {
    this.#meanMs = this.#meanMs === undefined ? ms : this.#meanMs + (ms - this.#meanMs) * WEIGHT;
    if (this.#thread !== undefined) {
      this.#threadCommits += 1;
      return;
    }
    if (this.#meanMs <= SLOW_MS) return;
    this.#threadCommits = 0;
    this.#thread = new ThreadStore({
      path: this.#options.path,
      wakeFd: this.#options.wakeFd,
      delayMs: this.#options.delayMs ?? 0,
      onCommitted: (threadMs) => this.#count(threadMs),
    });
  }
}

const sleepCell = new Int32Array(new SharedArrayBuffer(4));

function sleep(ms: number): void {
  if (ms > 0) Atomics.wait(sleepCell, 0, 0, ms);
}
