/** One pmxcfs per database: an flock(2) that dies with its holder. */
import { closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { QuorateError } from "../errors/quorate-error.ts";
import type { Logger } from "../log/logger.ts";
import { tryFlock } from "../os/libc.ts";

const NAME = ".pmxcfs.lockfile";
const ATTEMPTS = 10;
const RETRY_MS = 1000;

export class InstanceLockedError extends QuorateError {
  readonly code = "pmxcfs-locked";

  constructor(path: string) {
    super(`unable to acquire pmxcfs lock: Resource temporarily unavailable (${path}: another pmxcfs runs)`);
  }
}

export interface InstanceLock {
  release(): void;
}

/** @throws InstanceLockedError when another pmxcfs keeps it for 10 s. */
export async function holdInstanceLock(directory: string, log: Logger): Promise<InstanceLock> {
  const path = join(directory, NAME);
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  for (let attempt = 1; !tryFlock(fd); attempt += 1) {
    if (attempt >= ATTEMPTS) {
      closeSync(fd);
      throw new InstanceLockedError(path);
    }
    if (attempt === 1) log.warn({ path }, "unable to acquire pmxcfs lock - trying again");
    await delay(RETRY_MS);
  }
  return { release: () => closeSync(fd) };
}
