/**
 * Commits inline while the disk is quick, on a thread of its own while commits take longer than 1 ms: then the owner of
 * the tree goes on serving readers, and what is delivered meanwhile shares the next transaction.
 */
import type { DatabaseSync } from "node:sqlite";
import type { ChangeSet } from "../tree/change-set.ts";
import { DiskSpeed } from "./disk-speed.ts";
import { InlineStore } from "./inline-store.ts";
import type { CommitDone, CommitStore, Durability } from "./port.ts";
import { ThreadStore, type WakeUp } from "./thread-store.ts";

export interface AdaptiveStoreOptions {
  readonly database: DatabaseSync;
  readonly path: string;
  /** How the thread wakes the owner, which then calls {@link AdaptiveStore.poll}. */
  readonly wake: WakeUp;
  /** Milliseconds. */
  readonly now: () => number;
  readonly onModeChanged: (mode: "inline" | "thread", meanMs: number) => void;
  /** Makes every commit slower, to try out a slow disk. */
  readonly delayMs?: number;
}

export class AdaptiveStore implements CommitStore {
  readonly #options: AdaptiveStoreOptions;
  readonly #inline: InlineStore;
  readonly #speed = new DiskSpeed();
  #thread: ThreadStore | undefined;

  constructor(options: AdaptiveStoreOptions) {
    this.#options = options;
    this.#inline = new InlineStore(options.database, options.path);
  }

  get mode(): "inline" | "thread" {
    return this.#thread?.isReady ? "thread" : "inline";
  }

  /** Of recent commits that reached the disk. */
  get meanMs(): number | undefined {
    return this.#speed.meanMs;
  }

  get hasUnsynced(): boolean {
    return this.#inline.hasUnsynced || (this.#thread?.hasUnsynced ?? false);
  }

  commit(changes: readonly ChangeSet[], durability: Durability, done: CommitDone): void {
    const thread = this.#chooseThread();
    if (thread !== undefined) thread.commit(changes, durability, done);
    else if (durability === "written") this.#inline.commit(changes, durability, done);
    else this.#timed((timedDone) => this.#inline.commit(changes, durability, timedDone), done);
  }

  sync(done: CommitDone): void {
    const thread = this.#chooseThread();
    if (thread !== undefined) thread.sync(done);
    else this.#timed((timedDone) => this.#inline.sync(timedDone), done);
  }

  /** Takes what the thread has answered. */
  poll(): void {
    const thread = this.#thread;
    if (thread === undefined) return;
    const wasReady = thread.isReady;
    thread.poll();
    if (!wasReady && thread.isReady) this.#options.onModeChanged("thread", this.meanMs ?? 0);
  }

  close(): void {
    this.#thread?.stop();
    this.#inline.close();
  }

  /** Called between two batches. What one side has only written is synced by it before the other one takes over. */
  #chooseThread(): ThreadStore | undefined {
    if (this.#speed.wantsThread) {
      this.#thread ??= this.#startThread();
      return this.#thread.isReady && !this.#inline.hasUnsynced ? this.#thread : undefined;
    }
    const thread = this.#thread;
    if (thread === undefined || !thread.isReady || thread.hasUnsynced) return thread?.isReady ? thread : undefined;
    thread.stop();
    this.#thread = undefined;
    this.#options.onModeChanged("inline", this.meanMs ?? 0);
    return undefined;
  }

  #startThread(): ThreadStore {
    return new ThreadStore({
      path: this.#options.path,
      wake: this.#options.wake,
      delayMs: this.#options.delayMs ?? 0,
      onCommitted: (ms) => this.#speed.add(ms),
    });
  }

  #timed(work: (done: CommitDone) => void, done: CommitDone): void {
    const start = this.#options.now();
    if (this.#options.delayMs !== undefined) sleep(this.#options.delayMs);
    work((failure) => {
      this.#speed.add(this.#options.now() - start);
      done(failure);
    });
  }
}

const sleepCell = new Int32Array(new SharedArrayBuffer(4));

function sleep(ms: number): void {
  if (ms > 0) Atomics.wait(sleepCell, 0, 0, ms);
}
