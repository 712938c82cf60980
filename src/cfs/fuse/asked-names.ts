/**
 * Which names the kernel has ever been told about, existing or not: only a change of such a name needs its cache of
 * names dropped. A table of bits by hash: it never grows, and two names that share a bit only cost a needless drop.
 */

const BITS = 1 << 20;

export class AskedNames {
  readonly #bits = new Uint32Array(BITS >>> 5);

  add(parent: number, name: string): void {
    const bit = bitOf(parent, name);
    const word = bit >>> 5;
    this.#bits[word] = (this.#bits[word] ?? 0) | (1 << (bit & 31));
  }

  /** @returns false only when the kernel knows nothing of the name. */
  has(parent: number, name: string): boolean {
    const bit = bitOf(parent, name);
    return ((this.#bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0;
  }

  /** After the kernel was told to look up every name anew. */
  clear(): void {
    this.#bits.fill(0);
  }
}

/** FNV-1a, 32 bits, folded to the table's size. */
function bitOf(parent: number, name: string): number {
  let hash = Math.imul(0x811c9dc5 ^ (parent >>> 0), 0x01000193);
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return ((hash >>> 12) ^ hash) & (BITS - 1);
}
