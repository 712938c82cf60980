/** Sorted listings of directories. Ordered by inode, a reader can go on from any entry although others come and go. */
import { type Entry, isDirectory, ROOT_INODE } from "../tree/entry.ts";
import { isLinkName } from "../tree/paths.ts";
import type { Tree } from "../tree/tree.ts";
import { ALL_VIRTUAL_NAMES, nodeOfInode, virtualNode } from "./nodes.ts";
import { DT } from "./protocol.ts";

export interface ListedEntry {
  readonly name: string;
  readonly node: number;
  readonly type: number;
  /** The offset that a reader passes to go on behind this entry. */
  readonly next: number;
  /** Undefined for `.`, `..` and virtual names. */
  readonly entry?: Entry;
}

/** Offsets below are those of `.`, `..` and the virtual names. */
const FIRST_ENTRY_OFFSET = 16;
const MAX_CACHED = 64;

interface Cached {
  readonly version: number;
  readonly entries: readonly Entry[];
}

export class Listings {
  readonly #cache = new Map<number, Cached>();

  /** What follows `offset` in the directory: `.` first, entries last. */
  *from(tree: Tree, directory: Entry, offset: number): Iterable<ListedEntry> {
    const { inode, parent } = directory;
    const dots = [
      { name: ".", node: nodeOfInode(inode) },
      { name: "..", node: nodeOfInode(parent) },
    ];
    for (const [index, dot] of dots.entries()) {
      if (offset <= index) yield { ...dot, type: DT.DIRECTORY, next: index + 1 };
    }
    if (inode === ROOT_INODE) {
      for (const [index, name] of ALL_VIRTUAL_NAMES.entries()) {
        const next = dots.length + index + 1;
        const type = isLinkName(name) ? DT.LINK : DT.FILE;
        if (offset < next) yield { name, node: virtualNode(name) ?? 0, type, next };
      }
    }
    const entries = this.#sorted(tree, inode);
    for (let at = firstBehind(entries, offset - FIRST_ENTRY_OFFSET); at < entries.length; at += 1) {
      const entry = entries[at];
      // A change of content keeps the listing: the tree has the newest form.
      const current = entry && tree.entry(entry.inode);
      if (current === undefined) continue;
      const type = isDirectory(current) ? DT.DIRECTORY : DT.FILE;
      const next = FIRST_ENTRY_OFFSET + current.inode;
      yield { name: current.name, node: nodeOfInode(current.inode), type, next, entry: current };
    }
  }

  #sorted(tree: Tree, inode: number): readonly Entry[] {
    const version = tree.listingVersion(inode);
    const cached = this.#cache.get(inode);
    if (cached?.version === version) return cached.entries;
    const entries = [...tree.children(inode).values()].sort((a, b) => a.inode - b.inode);
    this.#cache.delete(inode);
    this.#cache.set(inode, { version, entries });
    const oldest = this.#cache.keys().next();
    if (this.#cache.size > MAX_CACHED && !oldest.done) this.#cache.delete(oldest.value);
    return entries;
  }
}

/** @returns the index of the first entry whose inode is greater. */
function firstBehind(entries: readonly Entry[], inode: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.inode ?? 0) > inode) high = middle;
    else low = middle + 1;
  }
  return low;
}
