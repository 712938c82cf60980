/** What the kernel is told of entries and virtual names, and for how long it may believe it. */
import type { Replica } from "../replica.ts";
import type { Entry } from "../tree/entry.ts";
import { isLinkName, type VirtualFileName } from "../tree/paths.ts";
import { entryAttributes, type Ownership, virtualAttributes } from "./attributes.ts";
import type { Attributes, NodeReply } from "./encode.ts";
import type { KnownNodes } from "./known-nodes.ts";
import { inodeOfNode, nodeOfInode, type VirtualName } from "./nodes.ts";

/** How long the kernel may keep what it was told, as a backstop: changes are told to it. */
export const CACHE_SECONDS = 60;
/** Of names, on kernels that cannot be told to look them up anew. */
const NAME_SECONDS_WITHOUT_EPOCH = 1;
const NOTHING = Buffer.alloc(0);

interface VirtualContent {
  readonly content: Buffer;
  readonly generation: number;
}

export class NodeReplies {
  /** Whether the kernel can be told to look up every name anew. */
  hasEpoch = true;
  readonly #replica: Replica;
  readonly #known: KnownNodes;
  readonly #owner: Ownership;
  readonly #virtual = new Map<VirtualFileName, VirtualContent>();
  #virtualGeneration = 0;

  constructor(replica: Replica, known: KnownNodes, owner: Ownership) {
    this.#replica = replica;
    this.#known = known;
    this.#owner = owner;
  }

  get nameSeconds(): number {
    return this.hasEpoch ? CACHE_SECONDS : NAME_SECONDS_WITHOUT_EPOCH;
  }

  /** The reply that gives the entry to the kernel once more. */
  give(entry: Entry): NodeReply {
    const node = nodeOfInode(entry.inode);
    this.#known.give(node);
    if (entry.data !== undefined) this.#known.show(node, entry.data);
    return this.ofEntry(entry);
  }

  ofEntry(entry: Entry): NodeReply {
    const path = this.#replica.seen.pathOf(entry.inode) ?? entry.name;
    const attributes = entryAttributes(this.#replica, entry, { path, owner: this.#owner });
    const node = nodeOfInode(entry.inode);
    return { node, attributes, entrySeconds: this.nameSeconds, attributeSeconds: CACHE_SECONDS };
  }

  /** From now on reads are answered from the version that these attributes describe. */
  attributesOf(node: number): Attributes | undefined {
    const inode = inodeOfNode(node);
    const owner = this.#owner;
    const entry = this.#replica.seen.entry(inode);
    if (entry !== undefined) {
      if (entry.data !== undefined) this.#known.show(node, entry.data);
      const path = this.#replica.seen.pathOf(inode) ?? entry.name;
      return entryAttributes(this.#replica, entry, { path, owner });
    }
    const orphan = this.#known.orphanOf(node);
    return orphan && entryAttributes(this.#replica, orphan, { path: orphan.name, nlink: 0, owner });
  }

  /** Made anew for each reply; the attributes of a virtual file are never kept by the kernel. */
  ofVirtual(node: number, name: VirtualName): NodeReply {
    const owner = this.#owner;
    if (isLinkName(name)) {
      const attributes = virtualAttributes(this.#replica, name, { content: NOTHING, generation: 0, owner });
      return { node, attributes, entrySeconds: CACHE_SECONDS, attributeSeconds: CACHE_SECONDS };
    }
    const attributes = virtualAttributes(this.#replica, name, { ...this.#newContent(name), owner });
    return { node, attributes, entrySeconds: CACHE_SECONDS, attributeSeconds: 0 };
  }

  /** As it was when its attributes were sent. */
  virtualContent(name: VirtualFileName): Buffer {
    return (this.#virtual.get(name) ?? this.#newContent(name)).content;
  }

  #newContent(name: VirtualFileName): VirtualContent {
    const content = this.#replica.virtualFile(name);
    const before = this.#virtual.get(name);
    if (before?.content.equals(content)) return before;
    this.#virtualGeneration += 1;
    const made = { content, generation: this.#virtualGeneration };
    this.#virtual.set(name, made);
    return made;
  }
}
