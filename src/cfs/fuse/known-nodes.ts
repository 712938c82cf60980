/**
 * What the kernel holds: how often it was given each node, which version of a file it was shown last, and files that
 * are deleted but still open. A node lives here from its first reply until the kernel forgets it.
 */
import type { Entry } from "../tree/entry.ts";

interface KnownNode {
  lookups: number;
  /** The content whose attributes were sent last: reads are answered from it, so that none is cut or torn. */
  view: Buffer | undefined;
  /** The last form of an entry that is gone from the tree. */
  orphan: Entry | undefined;
}

export class KnownNodes {
  readonly #nodes = new Map<number, KnownNode>();

  get size(): number {
    return this.#nodes.size;
  }

  nodes(): Iterable<number> {
    return this.#nodes.keys();
  }

  has(node: number): boolean {
    return this.#nodes.has(node);
  }

  /** The kernel was given the node once more. */
  give(node: number): void {
    const known = this.#nodes.get(node);
    if (known === undefined) this.#nodes.set(node, { lookups: 1, view: undefined, orphan: undefined });
    else known.lookups += 1;
  }

  forget(node: number, lookups: number): void {
    const known = this.#nodes.get(node);
    if (known === undefined) return;
    known.lookups -= lookups;
    if (known.lookups <= 0) this.#nodes.delete(node);
  }

  show(node: number, content: Buffer): void {
    const known = this.#nodes.get(node);
    if (known !== undefined) known.view = content;
  }

  viewOf(node: number): Buffer | undefined {
    return this.#nodes.get(node)?.view;
  }

  orphan(node: number, entry: Entry): void {
    const known = this.#nodes.get(node);
    if (known !== undefined) known.orphan = entry;
  }

  orphanOf(node: number): Entry | undefined {
    return this.#nodes.get(node)?.orphan;
  }
}
