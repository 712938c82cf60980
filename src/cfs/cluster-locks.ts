/**
 * Cluster locks for one process. A lock is a directory in `priv/lock` that `mkdir` makes or finds taken; a holder that
 * died is robbed of it at the first request more than 120 s after its last refresh. Callers of one process queue up
 * before they ask, so that they do not fight each other.
 */
import { CfsError, type CfsEvent, CfsLockTimeoutError } from "./port.ts";

const LOCK_DIRECTORY = "priv/lock";
const DEFAULT_TIMEOUT_MS = 10_000;
/** The holder's work may take this long; the lock would be stealable at 120 s. */
const WORK_LIMIT_MS = 60_000;
const REFRESH_MS = 30_000;
/** How often a waiter asks for an expired lock; a release wakes it earlier. */
const RETRY_MS = 1000;

export interface LockPrimitives {
  makeDirectory(path: string, exclusive: boolean): Promise<void>;
  touch(path: string, mtimeSeconds: number): Promise<void>;
  remove(path: string): Promise<void>;
  watch(listener: (event: CfsEvent) => void): () => void;
}

export class ClusterLocks {
  readonly #primitives: LockPrimitives;
  readonly #now: () => number;
  /** The last in the queue of each lock of this process. */
  readonly #queues = new Map<string, Promise<void>>();
  #isClosed = false;

  /** @param now epoch seconds, whole. */
  constructor(primitives: LockPrimitives, now = () => Math.floor(Date.now() / 1000)) {
    this.#primitives = primitives;
    this.#now = now;
  }

  close(): void {
    this.#isClosed = true;
  }

  /**
   * @param work is given a signal that aborts when its 60 s are over; the caller gets the error then, but the lock is
   *   kept until the work has really ended (or another node finds it expired).
   */
  async run<T>(
    id: string,
    work: (signal: AbortSignal) => Promise<T>,
    { timeoutMs = DEFAULT_TIMEOUT_MS }: { readonly timeoutMs?: number },
  ): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    const leaveQueue = await this.#queue(id, timeoutMs);
    const path = `${LOCK_DIRECTORY}/${id}`;
    try {
      await this.#acquire(id, path, deadline);
    } catch (error) {
      leaveQueue();
      throw error;
    }
    return this.#hold(id, path, work, leaveQueue);
  }

  /** Waits for the earlier callers of this process. @returns what lets the next one go. */
  async #queue(id: string, timeoutMs: number): Promise<() => void> {
    const before = this.#queues.get(id);
    const { promise, resolve } = Promise.withResolvers<void>();
    const mine = (before ?? Promise.resolve()).then(() => promise);
    this.#queues.set(id, mine);
    const leave = (): void => {
      resolve();
      if (this.#queues.get(id) === mine) this.#queues.delete(id);
    };
    if (before === undefined) return leave;
    const timedOut = Promise.withResolvers<never>();
    const timer = setTimeout(() => timedOut.reject(new CfsLockTimeoutError(id)), timeoutMs);
    try {
      await Promise.race([before, timedOut.promise]);
    } catch (error) {
      leave();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return leave;
  }

  async #acquire(id: string, path: string, deadline: number): Promise<void> {
    await this.#primitives.makeDirectory(LOCK_DIRECTORY, false);
    const released = new ReleaseSignal(path, this.#primitives);
    try {
      while (true) {
        released.arm();
        if (await this.#tryOnce(path)) return;
        const left = deadline - performance.now();
        if (left <= 0 || this.#isClosed) throw new CfsLockTimeoutError(id);
        await released.wait(Math.min(left, RETRY_MS));
      }
    } finally {
      released.stop();
    }
  }

  /** @returns whether the lock is ours now. A request to take an expired one away is made on the way. */
  async #tryOnce(path: string): Promise<boolean> {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      try {
        await this.#primitives.makeDirectory(path, true);
        return true;
      } catch (error) {
        if (!hasErrno(error, "EEXIST")) throw error;
      }
      try {
        await this.#primitives.touch(path, 0);
      } catch (error) {
        // ENOENT: it is gone, try again at once. EACCES: it has not expired.
        if (hasErrno(error, "EACCES")) return false;
        if (!hasErrno(error, "ENOENT")) throw error;
      }
    }
    return false;
  }

  async #hold<T>(
    id: string,
    path: string,
    work: (signal: AbortSignal) => Promise<T>,
    leaveQueue: () => void,
  ): Promise<T> {
    const controller = new AbortController();
    const tooLate = Promise.withResolvers<never>();
    // An older time than the lock's own is refused: a clock that was set back must not cost the lock.
    let refreshedAt = this.#now();
    const refresh = setInterval(() => {
      refreshedAt = Math.max(refreshedAt, this.#now());
      this.#primitives.touch(path, refreshedAt).catch(() => {
        // A lost lock shows in the work's own writes; the release below finds out as well.
      });
    }, REFRESH_MS);
    const limit = setTimeout(() => {
      clearInterval(refresh);
      const error = new CfsLockTimeoutError(id, `'${id}'-locked command timed out - aborting`);
      controller.abort(error);
      tooLate.reject(error);
    }, WORK_LIMIT_MS);
    const stopTimers = (): void => {
      clearInterval(refresh);
      clearTimeout(limit);
    };
    let running: Promise<T>;
    try {
      running = work(controller.signal);
    } catch (error) {
      running = Promise.reject(error);
    }
    const released = running
      .then(
        () => {},
        () => {},
      )
      .then(async () => {
        stopTimers();
        try {
          await this.#primitives.remove(path);
        } catch (error) {
          // Somebody took it away meanwhile: it is released all the same.
          if (!hasErrno(error, "ENOENT")) throw error;
        } finally {
          leaveQueue();
        }
      });
    // Once the caller has its time-out, nobody waits for the release any more.
    released.catch(() => {});
    const result = await Promise.race([running, tooLate.promise]).catch(async (error: unknown) => {
      if (!controller.signal.aborted) await released;
      throw error;
    });
    await released;
    return result;
  }
}

function hasErrno(error: unknown, errno: string): boolean {
  return error instanceof CfsError && error.errno === errno;
}

/** Wakes a waiter when the lock directory is removed. */
class ReleaseSignal {
  #wake = Promise.withResolvers<void>();
  readonly #unwatch: () => void;

  constructor(path: string, primitives: LockPrimitives) {
    this.#unwatch = primitives.watch((event) => {
      if (event.kind === "resync" || (event.kind === "entry" && event.path === path)) this.#wake.resolve();
    });
  }

  /** To be called before the attempt, so that a release during it is not missed. */
  arm(): void {
    this.#wake = Promise.withResolvers<void>();
  }

  async wait(ms: number): Promise<void> {
    const timer = setTimeout(() => this.#wake.resolve(), ms);
    await this.#wake.promise;
    clearTimeout(timer);
  }

  stop(): void {
    this.#unwatch();
  }
}
