/**
 * How long each cluster lock has been unrefreshed, by this node's own clock. A lock is a directory directly in
 * `priv/lock`; nothing expires by itself, only a request later than 120 s after the last refresh takes it away.
 */
import type { ChangeSet } from "./change-set.ts";
import { lockDigest } from "./digest.ts";
import { type Entry, isDirectory } from "./entry.ts";
import { parentPath } from "./paths.ts";
import type { Tree } from "./tree.ts";

export const LOCK_LIFE_SECONDS = 120;
const LOCK_DIRECTORY = "priv/lock";

interface Timer {
  readonly digest: Buffer;
  readonly since: number;
}

export class LockTimers {
  readonly #timers = new Map<string, Timer>();

  /** Starts every lock's time anew: at start, and after the tree was reloaded. */
  reload(tree: Tree, now: number): void {
    this.#timers.clear();
    const directory = tree.lookup(LOCK_DIRECTORY);
    if (directory === undefined) return;
    for (const entry of tree.children(directory.inode).values()) {
      if (isDirectory(entry)) this.#start(`${LOCK_DIRECTORY}/${entry.name}`, entry, now);
    }
  }

  /** @param now seconds on a monotonic clock. */
  follow(change: ChangeSet, now: number): void {
    if (change.cause === "delete") {
      this.#timers.delete(change.path);
      return;
    }
    if (change.cause !== "mkdir" && change.cause !== "mtime") return;
    const { put } = change;
    if (put !== undefined && isDirectory(put) && parentPath(change.path) === LOCK_DIRECTORY) {
      this.#start(change.path, put, now);
    }
  }

  /**
   * Judges a request to take the lock away.
   * @returns `expired`: it may be deleted; `kept`: it is younger; `reset`: it was another lock, its time starts now.
   */
  judge(path: string, entry: Entry, now: number): "expired" | "kept" | "reset" {
    const digest = lockDigest(entry);
    const timer = this.#timers.get(path);
    if (timer?.digest.equals(digest)) return now - timer.since > LOCK_LIFE_SECONDS ? "expired" : "kept";
    this.#timers.set(path, { digest, since: now });
    return timer === undefined ? "kept" : "reset";
  }

  #start(path: string, entry: Entry, now: number): void {
    this.#timers.set(path, { digest: lockDigest(entry), since: now });
  }
}
