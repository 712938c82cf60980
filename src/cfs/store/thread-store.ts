/** Hands batches to the commit thread and hears of their end. One at a time. */
import assert from "node:assert/strict";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { ChangeSet } from "../tree/change-set.ts";
import type { CommitAnswer, CommitRequest, CommitThreadData, WakeUp } from "./commit-messages.ts";
import type { CommitDone, Durability } from "./port.ts";
import { rowChanges } from "./row-changes.ts";

export interface ThreadStoreOptions extends Omit<CommitThreadData, "port"> {
  /** @param ms how long the batch took on the thread. */
  readonly onCommitted: (ms: number) => void;
}

export type { WakeUp };

/** A failed commit as the thread reported it; `errcode` is SQLite's. */
class CommitThreadError extends Error {
  readonly errcode: number | undefined;

  constructor(message: string, errcode: number | undefined) {
    super(message);
    this.errcode = errcode;
  }
}

export class ThreadStore {
  readonly #port: MessagePort;
  readonly #options: ThreadStoreOptions;
  #done: CommitDone | undefined;
  #durability: Durability = "synced";
  #hasUnsynced = false;
  #isReady = false;

  constructor(options: ThreadStoreOptions) {
    this.#options = options;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const { path, wake, delayMs } = options;
    const workerData: CommitThreadData = { port: port2, path, wake, delayMs };
    const worker = new Worker(new URL("./commit-thread.ts", import.meta.url), { workerData, transferList: [port2] });
    worker.unref();
  }

  /** Whether the thread has opened the database. */
  get isReady(): boolean {
    return this.#isReady;
  }

  get isBusy(): boolean {
    return this.#done !== undefined;
  }

  get hasUnsynced(): boolean {
    return this.#hasUnsynced;
  }

  commit(changes: readonly ChangeSet[], durability: Durability, done: CommitDone): void {
    this.#begin({ kind: "commit", rows: rowChanges(changes), durability }, durability, done);
  }

  sync(done: CommitDone): void {
    this.#begin({ kind: "sync" }, "synced", done);
  }

  /** Takes what the thread has answered. To be called when the eventfd woke the owner. */
  poll(): void {
    for (let next = receiveMessageOnPort(this.#port); next !== undefined; next = receiveMessageOnPort(this.#port)) {
      // Made by `commit-thread.ts` only.
      this.#take(next.message as CommitAnswer);
    }
  }

  stop(): void {
    this.#post({ kind: "stop" });
  }

  #begin(request: CommitRequest, durability: Durability, done: CommitDone): void {
    assert.equal(this.#done, undefined, "a batch was committed before the one before it was done");
    this.#done = done;
    this.#durability = durability;
    this.#post(request);
  }

  #post(request: CommitRequest): void {
    this.#port.postMessage(request);
  }

  #take(answer: CommitAnswer): void {
    if (answer.kind === "ready") {
      this.#isReady = true;
      return;
    }
    const done = this.#done;
    this.#done = undefined;
    if (answer.failure === undefined) this.#hasUnsynced = this.#durability === "written";
    if (answer.ms !== undefined) this.#options.onCommitted(answer.ms);
    done?.(answer.failure && new CommitThreadError(answer.failure.message, answer.failure.errcode));
  }
}
