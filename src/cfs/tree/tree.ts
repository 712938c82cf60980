/**
 * One state of the tree: entries by inode and by name, the guest list and the version counters that follow from them.
 * It decides nothing (see `operation.ts`) and does no I/O: it only takes change sets, in order. A node keeps two of
 * them, the delivered and the seen one; they share their immutable entries.
 */
import assert from "node:assert/strict";
import type { ChangeSet } from "./change-set.ts";
import { type Entry, isDirectory, newRoot, ROOT_INODE, sizeOf } from "./entry.ts";
import { GuestList } from "./guest-list.ts";
import { joinPath, parseGuestPath, VERSIONED_PATHS } from "./paths.ts";

type Children = Map<string, Entry>;

const NO_CHILDREN: ReadonlyMap<string, Entry> = new Map();

export class Tree {
  readonly guests = new GuestList();
  readonly #entries = new Map<number, Entry>();
  readonly #children = new Map<number, Children>();
  /** Tree version at which the names of a directory last changed. Of this run only: it is not stored. */
  readonly #listedAt = new Map<number, number>();
  readonly #counters = new Map<string, number>(VERSIONED_PATHS.map((path) => [path, 1]));
  #bytes = 0;
  #root: Entry;

  constructor(root: Entry = newRoot({ version: 1, writer: 0, mtime: 0 })) {
    this.#root = root;
    this.#entries.set(ROOT_INODE, root);
  }

  /** Carries version, last writer and mtime of the whole tree. */
  get root(): Entry {
    return this.#root;
  }

  /** Content of all files together. */
  get totalBytes(): number {
    return this.#bytes;
  }

  /** The root counts as one. */
  get entryCount(): number {
    return this.#entries.size;
  }

  entry(inode: number): Entry | undefined {
    return this.#entries.get(inode);
  }

  entries(): IterableIterator<Entry> {
    return this.#entries.values();
  }

  child(parent: number, name: string): Entry | undefined {
    return this.#children.get(parent)?.get(name);
  }

  children(inode: number): ReadonlyMap<string, Entry> {
    return this.#children.get(inode) ?? NO_CHILDREN;
  }

  hasChildren(inode: number): boolean {
    return (this.#children.get(inode)?.size ?? 0) > 0;
  }

  /** Differs whenever the names in the directory have changed. */
  listingVersion(inode: number): number {
    return this.#listedAt.get(inode) ?? 0;
  }

  /** @returns undefined when there is none, also below something that is not a directory. */
  lookup(path: string): Entry | undefined {
    if (path === "") return this.#root;
    let at: Entry | undefined = this.#root;
    for (const name of path.split("/")) {
      if (name === "") continue;
      at = this.child(at.inode, name);
      if (at === undefined) return undefined;
    }
    return at;
  }

  /** @returns undefined when the entry is not in this tree. */
  pathOf(inode: number): string | undefined {
    let path = "";
    for (let at = inode; at !== ROOT_INODE; ) {
      const entry = this.#entries.get(at);
      if (entry === undefined) return undefined;
      path = path === "" ? entry.name : `${entry.name}/${path}`;
      at = entry.parent;
    }
    return path;
  }

  /** The counter of a versioned path, undefined for any other. */
  counter(path: string): number | undefined {
    return this.#counters.get(path);
  }

  /** Takes one change. It must have been made for exactly this state. */
  apply(change: ChangeSet): void {
    assert.ok(change.root.version >= this.#root.version, "a change set was applied out of order");
    this.#setRoot(change.root);
    if (change.dropped !== undefined) this.#drop(change.dropped);
    if (change.put !== undefined) this.#put(change.put, change.previous);
    this.#count(change.path);
    if (change.from !== undefined) this.#count(change.from);
    this.#followGuests(change);
  }

  /**
   * Fills an empty tree.
   * @returns the VMID that two config files claim, undefined when all is well.
   */
  load(root: Entry, entries: Iterable<Entry>): number | undefined {
    this.#setRoot(root);
    for (const entry of entries) {
      this.#entries.set(entry.inode, entry);
      this.#bytes += sizeOf(entry);
      this.#childrenOf(entry.parent).set(entry.name, entry);
    }
    const nodes = this.child(ROOT_INODE, "nodes");
    return this.guests.load(this.#guestPaths(), nodes !== undefined);
  }

  /** A tree of its own with the same entries, counters and guests started afresh from `this`. */
  copy(): Tree {
    const copy = new Tree(this.#root);
    copy.load(
      this.#root,
      [...this.#entries.values()].filter((entry) => entry.inode !== ROOT_INODE),
    );
    return copy;
  }

  *#guestPaths(): Iterable<string> {
    const nodes = this.child(ROOT_INODE, "nodes");
    if (nodes === undefined) return;
    for (const node of this.children(nodes.inode).values()) {
      for (const directory of this.children(node.inode).values()) {
        const path = `nodes/${node.name}/${directory.name}`;
        for (const file of this.children(directory.inode).values()) {
          if (!isDirectory(file)) yield joinPath(path, file.name);
        }
      }
    }
  }

  #setRoot(root: Entry): void {
    this.#root = root;
    this.#entries.set(ROOT_INODE, root);
  }

  #childrenOf(parent: number): Children {
    let children = this.#children.get(parent);
    if (children === undefined) {
      children = new Map();
      this.#children.set(parent, children);
    }
    return children;
  }

  #put(entry: Entry, previous: Entry | undefined): void {
    const isSameName = previous !== undefined && previous.parent === entry.parent && previous.name === entry.name;
    if (previous !== undefined) {
      this.#bytes -= sizeOf(previous);
      if (!isSameName) this.#unlink(previous);
    }
    this.#bytes += sizeOf(entry);
    this.#entries.set(entry.inode, entry);
    this.#childrenOf(entry.parent).set(entry.name, entry);
    if (!isSameName) this.#listedAt.set(entry.parent, this.#root.version);
  }

  #drop(entry: Entry): void {
    this.#bytes -= sizeOf(entry);
    this.#entries.delete(entry.inode);
    this.#children.delete(entry.inode);
    this.#listedAt.delete(entry.inode);
    this.#unlink(entry);
  }

  #unlink(entry: Entry): void {
    const siblings = this.#children.get(entry.parent);
    siblings?.delete(entry.name);
    if (siblings?.size === 0) this.#children.delete(entry.parent);
    this.#listedAt.set(entry.parent, this.#root.version);
  }

  #count(path: string): void {
    const counter = this.#counters.get(path);
    if (counter !== undefined) this.#counters.set(path, counter + 1);
  }

  #followGuests(change: ChangeSet): void {
    if (change.cause === "mtime" || change.cause === "mkdir") return;
    const from = change.from === undefined || change.put === undefined ? undefined : parseGuestPath(change.from);
    if (from !== undefined && !(change.put !== undefined && isDirectory(change.put))) this.guests.remove(from.vmid);
    const guest = parseGuestPath(change.path);
    if (guest === undefined) return;
    if (change.put !== undefined && !isDirectory(change.put)) this.guests.register(guest);
    else if (change.dropped !== undefined && !isDirectory(change.dropped)) this.guests.remove(guest.vmid);
  }
}
