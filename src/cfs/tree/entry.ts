/** What the tree is made of, and its limits. Entries are immutable: a change makes a new one. */

/** Types as the database and the wire number them. */
export const TYPE_DIRECTORY = 4;
export const TYPE_FILE = 8;

export const ROOT_INODE = 0;

export interface Entry {
  /** The tree version at its creation; never used again. The root has 0. */
  readonly inode: number;
  readonly parent: number;
  /** The tree version of its last change. The root's is the tree's. */
  readonly version: number;
  /** Node id of the last writer, 0 outside a cluster. */
  readonly writer: number;
  /** Epoch seconds by the writer's clock. */
  readonly mtime: number;
  readonly name: string;
  /** The content; undefined for a directory. Never written to after the entry is made. */
  readonly data: Buffer | undefined;
}

export const MAX_FILE_BYTES = 1 << 20;
export const MAX_TOTAL_BYTES = 128 << 20;
/** The root counts as one. */
export const MAX_ENTRIES = 256 << 10;
/** The kernel's own limit for FUSE (`FUSE_NAME_MAX`); `statfs` reports 256. */
export const MAX_NAME_BYTES = 1024;
/** Nobody names a longer path to the kernel (`PATH_MAX` less its NUL, limits.h), and each step of one costs. */
export const MAX_PATH_LENGTH = 4095;
export const BLOCK_BYTES = 4096;

export const EMPTY = Buffer.alloc(0);

export function isDirectory(entry: Entry): boolean {
  return entry.data === undefined;
}

export function sizeOf(entry: Entry): number {
  return entry.data === undefined ? 0 : entry.data.length;
}

export function typeOf(entry: Entry): number {
  return entry.data === undefined ? TYPE_DIRECTORY : TYPE_FILE;
}

export function newRoot(state: { version: number; writer: number; mtime: number }): Entry {
  return { inode: ROOT_INODE, parent: ROOT_INODE, name: "", data: undefined, ...state };
}
