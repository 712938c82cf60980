/**
 * Slows password guessing: failed logins are counted by address and by user. A login that succeeds clears nothing, or
 * one account of his own would let a guesser go on for ever. Bounded memory.
 */
import { ApiError } from "../errors.ts";

export interface LoginLimitOptions {
  readonly windowMs: number;
  /** Failures within the window until an address has to wait. */
  readonly maxByAddress: number;
  /** Likewise for a user name from anywhere. Higher, so that a stranger cannot easily lock somebody out. */
  readonly maxByUser: number;
}

export const LOGIN_LIMITS: LoginLimitOptions = { windowMs: 60_000, maxByAddress: 20, maxByUser: 60 };

const MAX_ENTRIES = 10_000;

interface Count {
  failures: number;
  untilMs: number;
}

export class LoginLimit {
  readonly #options: LoginLimitOptions;
  readonly #nowMs: () => number;
  readonly #counts = new Map<string, Count>();

  constructor(options: LoginLimitOptions, nowMs: () => number) {
    this.#options = options;
    this.#nowMs = nowMs;
  }

  /** @throws ApiError 429 when this address or user has failed too often. */
  assertAllowed(address: string, user: string): void {
    const { maxByAddress, maxByUser } = this.#options;
    if (this.#failures(`a ${address}`) >= maxByAddress || this.#failures(`u ${user}`) >= maxByUser) {
      throw new ApiError(429, "too many failed logins, try again in a minute");
    }
  }

  noteFailure(address: string, user: string): void {
    this.#add(`a ${address}`);
    this.#add(`u ${user}`);
  }

  #failures(key: string): number {
    const count = this.#counts.get(key);
    if (count === undefined) return 0;
    if (count.untilMs > this.#nowMs()) return count.failures;
    this.#counts.delete(key);
    return 0;
  }

  #add(key: string): void {
    const failures = this.#failures(key) + 1;
    const untilMs = this.#counts.get(key)?.untilMs ?? this.#nowMs() + this.#options.windowMs;
    this.#counts.set(key, { failures, untilMs });
    const oldest = this.#counts.size > MAX_ENTRIES ? this.#counts.keys().next().value : undefined;
    if (oldest !== undefined) this.#counts.delete(oldest);
  }
}
