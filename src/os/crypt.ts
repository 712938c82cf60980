/** Password hashes of crypt(5), by the system's libcrypt. */
import { timingSafeEqual } from "node:crypto";
import koffi from "koffi";

/** `sizeof(struct crypt_data)` of libxcrypt, crypt(3). */
const CRYPT_DATA_BYTES = 32_768;
/** yescrypt. */
const NEW_PREFIX = "$y$";
const KNOWN_PREFIX = /^\$(?:1|2[abxy]|3|5|6|7|y|gy|md5|sha1)[$,]/;

interface CryptLibrary {
  crypt_rn(phrase: string, setting: string, data: Buffer, size: number): string | null;
  crypt_gensalt_rn(
    prefix: string,
    count: number,
    random: null,
    size: number,
    out: Buffer,
    outSize: number,
  ): string | null;
}

let library: CryptLibrary | undefined;

function load(): CryptLibrary {
  if (library !== undefined) return library;
  const lib = koffi.load("libcrypt.so.1");
  library = {
    crypt_rn: lib.func("const char *crypt_rn(const char *phrase, const char *setting, void *data, int size)"),
    crypt_gensalt_rn: lib.func(
      "const char *crypt_gensalt_rn(const char *prefix, unsigned long count, const void *rbytes, int nrbytes, void *output, int output_size)",
    ),
  };
  return library;
}

/** Hashes a new password. @throws Error when the system's library cannot. */
export function hashPassword(password: string): string {
  // C would take what is before it for the whole.
  if (password.includes("\0")) throw new Error("cannot hash a password: it holds a NUL character");
  const { crypt_gensalt_rn, crypt_rn } = load();
  const setting = crypt_gensalt_rn(NEW_PREFIX, 0, null, 0, Buffer.alloc(192), 192);
  const hash = setting === null ? null : crypt_rn(password, setting, Buffer.alloc(CRYPT_DATA_BYTES), CRYPT_DATA_BYTES);
  if (hash === null || !hash.startsWith(NEW_PREFIX)) throw new Error("cannot hash a password: libcrypt refuses");
  return hash;
}

/** Whether the password belongs to the hash. A text that is no hash (locked, empty) belongs to none. */
export function verifyPassword(password: string, hash: string): boolean {
  // Without a known prefix the library would fall back to the old 56-bit scheme.
  if (!KNOWN_PREFIX.test(hash) || password.includes("\0")) return false;
  const computed = load().crypt_rn(password, hash, Buffer.alloc(CRYPT_DATA_BYTES), CRYPT_DATA_BYTES);
  if (computed === null || computed.startsWith("*")) return false;
  const [a, b] = [Buffer.from(computed), Buffer.from(hash)];
  return a.length === b.length && timingSafeEqual(a, b);
}
