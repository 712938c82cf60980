/** Commits on the caller's own thread: right while a commit takes less time than handing it over. */
import type { DatabaseSync } from "node:sqlite";
import type { ChangeSet } from "../tree/change-set.ts";
import type { CommitDone, CommitStore, Durability } from "./port.ts";
import { rowChanges } from "./row-changes.ts";
import { RowWriter } from "./row-writer.ts";

export class InlineStore implements CommitStore {
  readonly #writer: RowWriter;

  constructor(database: DatabaseSync, path: string) {
    this.#writer = new RowWriter(database, path);
  }

  get hasUnsynced(): boolean {
    return this.#writer.hasUnsynced;
  }

  commit(changes: readonly ChangeSet[], durability: Durability, done: CommitDone): void {
    done(failureOf(() => this.#writer.write(rowChanges(changes), durability)));
  }

  sync(done: CommitDone): void {
    done(failureOf(() => this.#writer.sync()));
  }

  close(): void {
    this.#writer.close();
  }
}

/** What the action threw. The store's caller decides what a failure means. */
export function failureOf(action: () => void): Error | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
