/**
 * Tells the kernel what others changed. Only the two notifications that take no lock in the kernel are used, from the
 * serving thread itself: dropped attributes of an inode (the next access asks, sees another time, and drops the pages),
 * and the epoch (every name is looked up anew). Any other can hang the server for good.
 */
import type { SeenChange } from "../replica.ts";
import type { AskedNames } from "./asked-names.ts";
import type { KnownNodes } from "./known-nodes.ts";
import { nodeOfInode } from "./nodes.ts";

export interface NotifyChannel {
  /** @returns false when the kernel does not know the inode (yet). */
  invalidateInode(node: number): boolean;
  incrementEpoch(): void;
}

export class Invalidation {
  readonly #channel: NotifyChannel;
  readonly #known: KnownNodes;
  readonly #asked: AskedNames;

  constructor(channel: NotifyChannel, known: KnownNodes, asked: AskedNames) {
    this.#channel = channel;
    this.#known = known;
    this.#asked = asked;
  }

  /** After the changes are in the seen tree. The kernel knows of its own changes. */
  tell(changes: readonly SeenChange[]): void {
    let needsEpoch = false;
    for (const { change, isFromKernel } of changes) {
      if (isFromKernel) continue;
      const { put, previous, dropped } = change;
      if (put !== undefined && previous !== undefined) needsEpoch = !this.#drop(put.inode) || needsEpoch;
      if (dropped !== undefined) needsEpoch = !this.#drop(dropped.inode) || needsEpoch;
      const isSameName = previous !== undefined && previous.parent === put?.parent && previous.name === put.name;
      if (isSameName) continue;
      for (const named of [put, previous, dropped]) {
        if (named === undefined) continue;
        if (this.#asked.has(named.parent, named.name)) needsEpoch = true;
        needsEpoch = !this.#drop(named.parent) || needsEpoch;
      }
    }
    if (needsEpoch) this.#newEpoch();
  }

  /** Modes depend on quorum: all attributes are others now. */
  dropAll(): void {
    let isComplete = true;
    for (const node of this.#known.nodes()) isComplete = this.#channel.invalidateInode(node) && isComplete;
    this.#channel.invalidateInode(nodeOfInode(0));
    if (!isComplete) this.#newEpoch();
  }

  /** @returns false when a reply that carries the old attributes is still on its way: only an epoch catches that. */
  #drop(inode: number): boolean {
    const node = nodeOfInode(inode);
    if (inode !== 0 && !this.#known.has(node)) return true;
    return this.#channel.invalidateInode(node);
  }

  #newEpoch(): void {
    this.#channel.incrementEpoch();
    this.#asked.clear();
  }
}
