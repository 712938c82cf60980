/**
 * The loop of the thread that owns everything: requests of the kernel, messages of the main thread, ends of commits.
 * It sleeps in poll(2) and never returns to Node's own event loop: no timers, no promises here.
 */

import type { Logger } from "../log/logger.ts";
import { lastErrno, POLLIN, PollSet, readFd } from "../os/libc.ts";
import { READ_BUFFER_BYTES } from "./fuse/protocol.ts";
import type { Replica } from "./replica.ts";
import { ERRNO } from "./tree/errno.ts";

const EINTR = 4;
const ENODEV = 19;
/** Requests of the kernel between two looks at everything else. */
const BURST = 64;
/** After some activity the next request is awaited this long before sleeping: a wake-up across cores costs as much. */
const SPIN_US = 100;
/** A file that was created or emptied reaches the disk after this time at the latest, if no write takes it along. */
const UNSYNCED_LIMIT_MS = 2;
/** After a sync that failed the next one is tried: a disk that refuses is not to be asked, and told of, all the time. */
const SYNC_RETRY_MS = 1000;
/** How often a commit under way is looked after. */
const COMMIT_WATCH_MS = 1000;

/** After so many requests and so long a silence it is worth giving memory back. */
const TRIM_REQUESTS = 2000;
const QUIET_MS = 5000;

export interface OwnerLoopOptions {
  readonly replica: Replica;
  readonly wakeFd: number;
  readonly wakeFlag: Int32Array;
  readonly log: Logger;
  /** False on a single core: there the client could not run meanwhile. */
  readonly canSpin: boolean;
  readonly handleKernel: (buffer: Buffer, length: number) => void;
  /** Takes messages and ends of commits. */
  readonly takeMessages: () => void;
  readonly onUnmounted: () => void;
  /** It has been quiet for a while after a lot of work: the time for what takes tens of milliseconds. */
  readonly onQuiet: () => void;
}

export class OwnerLoop {
  readonly #options: OwnerLoopOptions;
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  readonly #wakeBuffer = Buffer.alloc(8);
  #fuseFd: number | undefined;
  #poll: PollSet;
  #isStopped = false;
  #unsyncedSince: number | undefined;
  /** By the monotonic clock; 0 while syncs succeed. */
  #noSyncBeforeMs = 0;
  /** Since memory was given back. The start counts as much: reading the database leaves a lot behind. */
  #requests = TRIM_REQUESTS;

  constructor(options: OwnerLoopOptions) {
    this.#options = options;
    this.#poll = new PollSet([options.wakeFd]);
  }

  /** From now on requests of this connection are served. Non-blocking descriptor. */
  serve(fd: number): void {
    this.#fuseFd = fd;
    this.#poll = new PollSet([this.#options.wakeFd, fd]);
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Blocks until {@link stop}. */
  run(): void {
    const { replica } = this.#options;
    while (!this.#isStopped) {
      const hadWork = this.#takeWork();
      replica.flush();
      if (hadWork && this.#spin()) continue;
      if (this.#isStopped) return;
      if (replica.isCommitting) replica.checkStall();
      // A message may have come since: then the descriptor is readable and this returns at once.
      const ready = this.#poll.wait(this.#timeoutMs());
      if (ready === 0) this.#onSilence();
      if (ready > 0 && (this.#poll.revents(0) & POLLIN) !== 0) this.#resetWake();
    }
  }

  /** @returns whether there was any. */
  #takeWork(): boolean {
    const hadRequests = this.#drain();
    const { wakeFlag } = this.#options;
    if (Atomics.load(wakeFlag, 0) === 0) return hadRequests;
    Atomics.store(wakeFlag, 0, 0);
    this.#options.takeMessages();
    return true;
  }

  /** Requests of the kernel, as many as there are, within bounds. */
  #drain(): boolean {
    let handled = 0;
    while (this.#fuseFd !== undefined && handled < BURST) {
      const length = readFd(this.#fuseFd, this.#buffer, READ_BUFFER_BYTES);
      if (length >= 0) {
        this.#options.handleKernel(this.#buffer, length);
        handled += 1;
        continue;
      }
      const errno = lastErrno();
      if (errno === ERRNO.EAGAIN) break;
      // ENOENT: the request was taken back before it was read.
      if (errno === EINTR || errno === ERRNO.ENOENT) continue;
      this.#lose(errno);
    }
    this.#requests += handled;
    return handled > 0;
  }

  #lose(errno: number): void {
    if (errno !== ENODEV) this.#options.log.error({ errno }, "cannot read from the kernel");
    this.#fuseFd = undefined;
    this.#poll = new PollSet([this.#options.wakeFd]);
    this.#options.onUnmounted();
  }

  /** @returns whether something came. */
  #spin(): boolean {
    this.#syncWhenDue();
    if (!this.#options.canSpin) return false;
    const end = performance.now() + SPIN_US / 1000;
    do {
      if (this.#takeWork()) {
        this.#options.replica.flush();
        return true;
      }
    } while (performance.now() < end);
    return false;
  }

  #timeoutMs(): number {
    if (this.#options.replica.hasUnsynced) {
      return Math.max(UNSYNCED_LIMIT_MS, Math.ceil(this.#noSyncBeforeMs - performance.now()));
    }
    if (this.#options.replica.isCommitting) return COMMIT_WATCH_MS;
    return this.#requests >= TRIM_REQUESTS ? QUIET_MS : -1;
  }

  #onSilence(): void {
    const { replica } = this.#options;
    if (replica.hasUnsynced || replica.isCommitting) {
      this.#syncWhenDue();
      return;
    }
    this.#requests = 0;
    this.#options.onQuiet();
  }

  /** What is written and not synced waits a moment for the write that is expected to follow. */
  #syncWhenDue(): void {
    const { replica } = this.#options;
    if (!replica.hasUnsynced) {
      this.#unsyncedSince = undefined;
      return;
    }
    this.#unsyncedSince ??= performance.now();
    const now = performance.now();
    if (replica.isCommitting || now - this.#unsyncedSince < UNSYNCED_LIMIT_MS || now < this.#noSyncBeforeMs) return;
    this.#unsyncedSince = undefined;
    // The replica tells of a failure.
    replica.sync((failure) => {
      this.#noSyncBeforeMs = failure === undefined ? 0 : performance.now() + SYNC_RETRY_MS;
    });
  }

  #resetWake(): void {
    readFd(this.#options.wakeFd, this.#wakeBuffer, this.#wakeBuffer.length);
  }
}
