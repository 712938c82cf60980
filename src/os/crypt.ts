/** Password hashes of crypt(5), by the system's libcrypt. */
import { timingSafeEqual } from "node:crypto";
import { createRequire } from "node:module";
import type { KoffiFunc } from "koffi";
import { QuorateError } from "../errors/quorate-error.ts";
import { TooManyWaitingError, Turns } from "./turns.ts";

/** `sizeof(struct crypt_data)` of libxcrypt, crypt(3). */
const CRYPT_DATA_BYTES = 32_768;
/** yescrypt. */
const NEW_PREFIX = "$y$";
const TIMEOUT_MS = 10_000;
const MAX_RUNNING = 2;
const MAX_WAITING = 64;
const KNOWN_PREFIX = /^\$(?:1|2[abxy]|3|5|6|7|y|gy|md5|sha1)[$,]/;

interface CryptLibrary {
  readonly crypt: KoffiFunc<(phrase: string, setting: string, data: Buffer, size: number) => string | null>;
  readonly gensalt: KoffiFunc<
    (prefix: string, count: number, random: null, size: number, out: Buffer, outSize: number) => string | null
  >;
}

let library: CryptLibrary | undefined;

function load(): CryptLibrary {
  if (library !== undefined) return library;
  // On first use: it costs 2 MB, and a daemon in which nobody logs in needs none of them.
  const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
  const lib = koffi.load("libcrypt.so.1");
  library = {
    crypt: lib.func("const char *crypt_rn(const char *phrase, const char *setting, void *data, int size)"),
    gensalt: lib.func(
      "const char *crypt_gensalt_rn(const char *prefix, unsigned long count, const void *rbytes, int nrbytes, void *output, int output_size)",
    ),
  };
  return library;
}

/** In a thread: a hash is meant to take long. @returns null when the library refuses. */
function compute(password: string, setting: string): Promise<string | null> {
  // The result points into it: the closure keeps it until the result has become a text.
  const data = Buffer.alloc(CRYPT_DATA_BYTES);
  return new Promise((resolve, reject) => {
    load().crypt.async(password, setting, data, data.length, (error: unknown, hash) => {
      data.fill(0);
      if (error === null || error === undefined) resolve(hash);
      else reject(new Error("cannot compute a hash", { cause: error }));
    });
  });
}

/** Hashes a new password. @throws Error when the system's library cannot. */
export async function hashPassword(password: string): Promise<string> {
  // C would take what is before it for the whole.
  if (password.includes("\0")) throw new Error("cannot hash a password: it holds a NUL character");
  const setting = load().gensalt(NEW_PREFIX, 0, null, 0, Buffer.alloc(192), 192);
  const hash = setting === null ? null : await compute(password, setting);
  if (hash === null || !hash.startsWith(NEW_PREFIX)) throw new Error("cannot hash a password: libcrypt refuses");
  return hash;
}

/** Whether the password belongs to the hash. A text that is no hash (locked, empty) belongs to none. */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  // Without a known prefix the library would fall back to the old 56-bit scheme.
  if (!KNOWN_PREFIX.test(hash) || password.includes("\0")) return false;
  const computed = await compute(password, hash);
  if (computed === null || computed.startsWith("*")) return false;
  const [a, b] = [Buffer.from(computed), Buffer.from(hash)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Passwords could not be looked at: too many at once, or a hash whose cost is beyond reason. */
export class CryptUnavailableError extends QuorateError {
  readonly code = "crypt-unavailable";
}

export interface PasswordHashesOptions {
  readonly timeoutMs?: number;
  /** More would keep the threads from everything else that a daemon does in them. */
  readonly maxRunning?: number;
  readonly maxWaiting?: number;
}

/** Passwords and hashes for a daemon: few at a time, and nobody waits without limit. */
export class PasswordHashes {
  readonly #turns: Turns;
  readonly #timeoutMs: number;

  constructor({
    timeoutMs = TIMEOUT_MS,
    maxRunning = MAX_RUNNING,
    maxWaiting = MAX_WAITING,
  }: PasswordHashesOptions = {}) {
    this.#timeoutMs = timeoutMs;
    this.#turns = new Turns({ maxRunning, maxWaiting, refusal: "cannot look at a password" });
  }

  /** @throws CryptUnavailableError */
  hash(password: string): Promise<string> {
    return this.#bounded(() => hashPassword(password));
  }

  /** @throws CryptUnavailableError */
  verify(password: string, hash: string): Promise<boolean> {
    return this.#bounded(() => verifyPassword(password, hash));
  }

  /** The turn lasts as long as the thread does, which nothing can end. */
  async #bounded<T>(work: () => Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new CryptUnavailableError(`cannot look at a password: no answer within ${this.#timeoutMs} ms`));
    }, this.#timeoutMs);
    try {
      return await Promise.race([this.#turns.take(work), late.promise]);
    } catch (error) {
      if (error instanceof TooManyWaitingError) throw new CryptUnavailableError(error.message, { cause: error });
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
