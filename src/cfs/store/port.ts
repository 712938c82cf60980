/** Where the tree is kept. One transaction per batch of changes; nothing is seen by anyone before it is committed. */
import type { ChangeSet } from "../tree/change-set.ts";

/**
 * `synced`: survives the loss of power. `written`: survives the death of this process; the next `synced` batch or
 * {@link CommitStore.sync} makes it survive the rest. Only what a following write replaces at once may be `written`.
 */
export type Durability = "synced" | "written";

/** @param failure undefined when the batch is committed. */
export type CommitDone = (failure: Error | undefined) => void;

export interface CommitStore {
  /**
   * Commits the changes in one transaction. One batch at a time: the next one after `done`, which may be called before
   * this returns.
   */
  commit(changes: readonly ChangeSet[], durability: Durability, done: CommitDone): void;
  /** Whether something is `written` and not yet `synced`. */
  readonly hasUnsynced: boolean;
  /** Makes all of it `synced`. Counts as a batch. */
  sync(done: CommitDone): void;
  close(): void;
}

/** Keeps nothing: for trees that live only in memory. */
export const memoryStore: CommitStore = {
  hasUnsynced: false,
  commit(_changes, _durability, done) {
    done(undefined);
  },
  sync(done) {
    done(undefined);
  },
  close() {},
};
