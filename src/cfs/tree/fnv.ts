/** 64-bit FNV-1a over a string with its terminating NUL: how log entries name nodes and users. */
const BASIS = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;
const MASK = 0xffffffffffffffffn;

export function fnv1a64(text: string): bigint {
  let hash = BASIS;
  for (const byte of Buffer.from(`${text}\0`, "utf8")) hash = ((hash ^ BigInt(byte)) * PRIME) & MASK;
  return hash;
}
