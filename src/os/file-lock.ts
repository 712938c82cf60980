/**
 * flock(2): a lock between processes that the kernel drops when its holder dies. Inside one process callers queue, so
 * that they are served in order; between processes the lock is tried again every few milliseconds.
 */
import { closeSync, constants, openSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as delay } from "node:timers/promises";
import { QuorateError } from "../errors/quorate-error.ts";

// flock(2)
const LOCK_EX = 2;
const LOCK_NB = 4;
const RETRY_MS = 5;

export class FileLockTimeoutError extends QuorateError {
  readonly code = "file-lock-timeout";

  constructor(path: string, timeoutMs: number) {
    super(`can't lock file '${path}' - got timeout after ${timeoutMs} ms`);
  }
}

const queues = new Map<string, Promise<unknown>>();

/**
 * Runs `work` while this process holds `path` exclusively; the file is made (0600) when missing and never removed.
 * The lock is not reentrant: taking it again inside `work` waits for itself until the limit.
 * @throws FileLockTimeoutError when it was not to be had within `timeoutMs`.
 */
export function withFileLock<T>(path: string, timeoutMs: number, work: () => Promise<T> | T): Promise<T> {
  const turn = queues.get(path) ?? Promise.resolve();
  const mine = turn.then(() => runLocked(path, timeoutMs, work));
  // The queue only orders callers: each one's failure goes to itself.
  const settled = mine.then(
    () => {},
    () => {},
  );
  queues.set(path, settled);
  void settled.then(() => {
    if (queues.get(path) === settled) queues.delete(path);
  });
  return mine;
}

async function runLocked<T>(path: string, timeoutMs: number, work: () => Promise<T> | T): Promise<T> {
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    const deadline = performance.now() + timeoutMs;
    while (!tryLock(fd, path)) {
      if (performance.now() >= deadline) throw new FileLockTimeoutError(path, timeoutMs);
      await delay(RETRY_MS);
    }
    return await work();
  } finally {
    // Closing the only descriptor of this open file drops the lock.
    closeSync(fd);
  }
}

interface LibcLock {
  readonly flock: (fd: number, operation: number) => number;
  readonly errno: () => number;
  readonly wouldBlock: ReadonlySet<number>;
}
let loaded: LibcLock | undefined;

function libc(): LibcLock {
  if (loaded === undefined) {
    // Loaded on first use: a task worker that ends under its parent's eyes never needs it.
    const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
    const flock = koffi.load("libc.so.6").func("int flock(int fd, int operation)");
    const { EWOULDBLOCK, EAGAIN, EINTR } = koffi.os.errno as Record<string, number>;
    const wouldBlock = new Set([EWOULDBLOCK, EAGAIN, EINTR].filter((number) => number !== undefined));
    loaded = { flock: (fd, operation) => Number(flock(fd, operation)), errno: () => koffi.errno(), wouldBlock };
  }
  return loaded;
}

function tryLock(fd: number, path: string): boolean {
  const { flock, errno, wouldBlock } = libc();
  if (flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
  const number = errno();
  if (wouldBlock.has(number)) return false;
  throw new Error(`cannot lock ${path}: errno ${number}`);
}
