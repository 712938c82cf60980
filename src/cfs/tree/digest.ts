/** Digests by which nodes compare entries, locks and whole trees, and the index that is made of them. */
import { createHash, type Hash } from "node:crypto";
import { type Entry, ROOT_INODE, sizeOf, typeOf } from "./entry.ts";
import { nameToBytes } from "./name-bytes.ts";
import type { Tree } from "./tree.ts";

const EMPTY_NAME = Buffer.alloc(0);

/** The fields that every digest is made of, in their order, little endian, without padding. */
function hashEntry(hash: Hash, entry: Entry, withInode: boolean): void {
  const head = Buffer.alloc(37);
  head.writeBigUInt64LE(BigInt(entry.inode), 0);
  head.writeBigUInt64LE(BigInt(entry.version), 8);
  head.writeUInt32LE(entry.writer, 16);
  head.writeUInt32LE(entry.mtime, 20);
  head.writeUInt32LE(sizeOf(entry), 24);
  head.writeUInt8(typeOf(entry), 28);
  head.writeBigUInt64LE(BigInt(entry.parent), 29);
  hash.update(withInode ? head : head.subarray(8));
  hash.update(entry.inode === ROOT_INODE ? EMPTY_NAME : nameToBytes(entry.name));
  if (entry.data !== undefined && entry.data.length > 0) hash.update(entry.data);
}

/** SHA-256 of an entry as the index lists it: the inode stands beside it and is not hashed. */
export function indexDigest(entry: Entry): Buffer {
  const hash = createHash("sha256");
  hashEntry(hash, entry, false);
  return hash.digest();
}

/** SHA-256 of an entry as lock requests name it: with the inode. */
export function lockDigest(entry: Entry): Buffer {
  const hash = createHash("sha256");
  hashEntry(hash, entry, true);
  return hash.digest();
}

/** SHA-256 of the whole tree. */
export function treeDigest(tree: Tree): Buffer {
  const hash = createHash("sha256");
  for (const entry of byInode(tree)) hashEntry(hash, entry, true);
  return hash.digest();
}

const INDEX_HEADER_BYTES = 32;
const INDEX_ENTRY_BYTES = 40;

/** The index: what a node tells the others about its tree. */
export function encodeIndex(tree: Tree): Buffer {
  const entries = byInode(tree);
  const index = Buffer.alloc(INDEX_HEADER_BYTES + INDEX_ENTRY_BYTES * entries.length);
  index.writeBigUInt64LE(BigInt(tree.root.version), 0);
  index.writeBigUInt64LE(BigInt(entries.at(-1)?.inode ?? 0), 8);
  index.writeUInt32LE(tree.root.writer, 16);
  index.writeUInt32LE(tree.root.mtime, 20);
  index.writeUInt32LE(entries.length, 24);
  index.writeUInt32LE(index.length, 28);
  let at = INDEX_HEADER_BYTES;
  for (const entry of entries) {
    index.writeBigUInt64LE(BigInt(entry.inode), at);
    indexDigest(entry).copy(index, at + 8);
    at += INDEX_ENTRY_BYTES;
  }
  return index;
}

function byInode(tree: Tree): Entry[] {
  return [...tree.entries()].sort((a, b) => a.inode - b.inode);
}
