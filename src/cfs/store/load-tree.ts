/** From rows to a tree, with every check that a database must pass. Pure. */
import { type Entry, newRoot, ROOT_INODE, TYPE_DIRECTORY, TYPE_FILE } from "../tree/entry.ts";
import { nameFromBytes } from "../tree/name-bytes.ts";
import { Tree } from "../tree/tree.ts";

export interface TreeRow {
  readonly inode: number;
  readonly parent: number;
  readonly version: number;
  readonly writer: number;
  readonly mtime: number;
  readonly type: number;
  readonly name: Uint8Array;
  readonly data: Uint8Array | null;
}

export const VERSION_ROW_NAME = "__version__";

/** @returns the tree, or the reason (in the words that operators search for) why the rows do not make one. */
export function loadTree(rows: Iterable<TreeRow>): Tree | string {
  let root: Entry | undefined;
  const entries = new Map<number, Entry>();
  for (const row of rows) {
    const name = nameFromBytes(row.name);
    if (row.inode === ROOT_INODE) {
      if (name !== VERSION_ROW_NAME) return `root inode has unexpected name '${name}'`;
      root = newRoot(row);
      continue;
    }
    const entry = entryOf(row, name);
    if (typeof entry === "string") return entry;
    entries.set(entry.inode, entry);
  }
  return checkLinks(entries) ?? build(root, entries);
}

function entryOf(row: TreeRow, name: string): Entry | string {
  const { inode, parent, version, writer, mtime, type } = row;
  if (name === "") return `inode has no name (inode = ${hex16(inode)})`;
  const size = row.data?.length ?? 0;
  if (type === TYPE_DIRECTORY) {
    if (size > 0) return `directory inode contains data (inode = ${hex16(inode)})`;
    return { inode, parent, version, writer, mtime, name, data: undefined };
  }
  if (type !== TYPE_FILE) return `inode has unknown type (inode = ${hex16(inode)}, type = ${type})`;
  return { inode, parent, version, writer, mtime, name, data: contentOf(row.data) };
}

function contentOf(data: Uint8Array | null): Buffer {
  return data === null ? Buffer.alloc(0) : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

function checkLinks(entries: ReadonlyMap<number, Entry>): string | undefined {
  const names = new Map<string, Entry>();
  for (const entry of entries.values()) {
    if (entry.parent !== ROOT_INODE) {
      const parent = entries.get(entry.parent);
      if (parent === undefined) return `missing directory inode (inode = ${hex16(entry.parent)})`;
      if (parent.data !== undefined) {
        const { inode, name } = entry;
        return `parent is not a directory (inode = ${hex16(inode)}, parent = ${hex16(entry.parent)}, name = '${name}')`;
      }
    }
    const key = `${entry.parent}/${entry.name}`;
    const other = names.get(key);
    if (other !== undefined) {
      return `found entry with duplicate name '${entry.name}' - A:(${describe(other)}) vs. B:(${describe(entry)})`;
    }
    names.set(key, entry);
  }
  return findCycle(entries);
}

/** Directories that are each other's parents would be there and never be seen. */
function findCycle(entries: ReadonlyMap<number, Entry>): string | undefined {
  const rooted = new Set<number>([ROOT_INODE]);
  for (const start of entries.keys()) {
    const path: number[] = [];
    for (let at = start; !rooted.has(at); at = entries.get(at)?.parent ?? ROOT_INODE) {
      if (path.length > entries.size) return `directory is below itself (inode = ${hex16(start)})`;
      path.push(at);
    }
    for (const inode of path) rooted.add(inode);
  }
  return undefined;
}

function build(root: Entry | undefined, entries: ReadonlyMap<number, Entry>): Tree | string {
  // New inodes are taken from the tree's version: it must be above everything that exists.
  let version = root?.version ?? 1;
  for (const entry of entries.values()) version = Math.max(version, entry.version, entry.inode);
  const { writer, mtime } = root ?? { writer: 0, mtime: 0 };
  const tree = new Tree();
  const duplicate = tree.load(newRoot({ version, writer, mtime }), entries.values());
  return duplicate === undefined ? tree : `detected duplicate VMID ${duplicate}`;
}

function describe({ inode, parent, version, mtime }: Entry): string {
  return `inode = 0x${hex16(inode)}, parent = 0x${hex16(parent)}, v./mtime = 0x${version.toString(16)}/0x${mtime.toString(16)}`;
}

function hex16(inode: number): string {
  return inode.toString(16).toUpperCase().padStart(16, "0");
}
