/** From an answer to the bytes of its reply, in one reused buffer: a reply is written before the next one is made. */
import { ERRNO, type Errno } from "../tree/errno.ts";
import { nameToBytes } from "../tree/name-bytes.ts";
import {
  ATTR_OUT_BYTES,
  DIRENT_BYTES,
  ENTRY_OUT_BYTES,
  MAX_PAGES,
  MAX_WRITE_BYTES,
  NOTIFY,
  OUT_HEADER_BYTES,
  READ_BUFFER_BYTES,
} from "./protocol.ts";

export interface Attributes {
  readonly ino: number;
  readonly size: number;
  /** Epoch seconds. */
  readonly mtime: number;
  /** Told apart by the kernel's cache: another one after each change. */
  readonly mtimeNanoseconds: number;
  /** With the type bits. */
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
}

export interface NodeReply {
  readonly node: number;
  readonly attributes: Attributes;
  /** Seconds that the kernel may keep name and attributes. */
  readonly entrySeconds: number;
  readonly attributeSeconds: number;
}

export interface StatfsReply {
  readonly blocks: number;
  readonly freeBlocks: number;
  readonly files: number;
  readonly freeFiles: number;
  readonly blockBytes: number;
  readonly nameBytes: number;
}

const SECTOR_BYTES = 512;

export class ReplyEncoder {
  readonly buffer = Buffer.alloc(READ_BUFFER_BYTES);
  /** Bytes of the reply that was encoded last. */
  length = 0;
  #directoryLimit = 0;

  error(unique: number, errno: Errno): void {
    this.#header(unique, OUT_HEADER_BYTES);
    this.buffer.writeInt32LE(-ERRNO[errno], 4);
  }

  empty(unique: number): void {
    this.#header(unique, OUT_HEADER_BYTES);
  }

  /** A name that does not exist, for the kernel to remember. */
  absent(unique: number, entrySeconds: number): void {
    this.#header(unique, OUT_HEADER_BYTES + ENTRY_OUT_BYTES);
    this.buffer.fill(0, OUT_HEADER_BYTES, this.length);
    this.#u64(OUT_HEADER_BYTES + 16, entrySeconds);
  }

  node(unique: number, reply: NodeReply): void {
    this.#header(unique, OUT_HEADER_BYTES + ENTRY_OUT_BYTES);
    this.#entry(OUT_HEADER_BYTES, reply);
  }

  /** @param openFlags of `fuse_open_out`; there are no file handles. */
  created(unique: number, reply: NodeReply, openFlags: number): void {
    const open = OUT_HEADER_BYTES + ENTRY_OUT_BYTES;
    this.#header(unique, open + 16);
    this.#entry(OUT_HEADER_BYTES, reply);
    this.#u64(open, 0);
    this.buffer.writeUInt32LE(openFlags, open + 8);
    this.buffer.writeUInt32LE(0, open + 12);
  }

  attributes(unique: number, attributes: Attributes, seconds: number): void {
    this.#header(unique, OUT_HEADER_BYTES + ATTR_OUT_BYTES);
    this.#u64(OUT_HEADER_BYTES, seconds);
    this.#u64(OUT_HEADER_BYTES + 8, 0);
    this.#attributes(OUT_HEADER_BYTES + 16, attributes);
  }

  data(unique: number, data: Uint8Array): void {
    this.#header(unique, OUT_HEADER_BYTES + data.length);
    this.buffer.set(data, OUT_HEADER_BYTES);
  }

  written(unique: number, size: number): void {
    this.#header(unique, OUT_HEADER_BYTES + 8);
    this.buffer.writeUInt32LE(size, OUT_HEADER_BYTES);
    this.buffer.writeUInt32LE(0, OUT_HEADER_BYTES + 4);
  }

  statfs(unique: number, reply: StatfsReply): void {
    const at = OUT_HEADER_BYTES;
    this.#header(unique, at + 80);
    this.buffer.fill(0, at, at + 80);
    this.#u64(at, reply.blocks);
    this.#u64(at + 8, reply.freeBlocks);
    this.#u64(at + 16, reply.freeBlocks);
    this.#u64(at + 24, reply.files);
    this.#u64(at + 32, reply.freeFiles);
    this.buffer.writeUInt32LE(reply.blockBytes, at + 40);
    this.buffer.writeUInt32LE(reply.nameBytes, at + 44);
    this.buffer.writeUInt32LE(reply.blockBytes, at + 48);
  }

  init(unique: number, { maxReadahead, flags }: { maxReadahead: number; flags: number }): void {
    const at = OUT_HEADER_BYTES;
    this.#header(unique, at + 64);
    this.buffer.fill(0, at, at + 64);
    this.buffer.writeUInt32LE(7, at);
    this.buffer.writeUInt32LE(38, at + 4);
    this.buffer.writeUInt32LE(maxReadahead, at + 8);
    this.buffer.writeUInt32LE(flags, at + 12);
    this.buffer.writeUInt16LE(64, at + 16);
    this.buffer.writeUInt16LE(48, at + 18);
    this.buffer.writeUInt32LE(MAX_WRITE_BYTES, at + 20);
    this.buffer.writeUInt32LE(1, at + 24);
    this.buffer.writeUInt16LE(MAX_PAGES, at + 28);
  }

  startDirectory(unique: number, size: number): void {
    this.#header(unique, OUT_HEADER_BYTES);
    this.#directoryLimit = OUT_HEADER_BYTES + Math.min(size, MAX_WRITE_BYTES);
  }

  /**
   * @param entry.next the offset from which a later READDIR goes on.
   * @param reply with it, an entry of READDIRPLUS; `null` there for `.` and `..`; undefined for READDIR.
   * @returns false when it does not fit any more: the reply is full.
   */
  addEntry(
    entry: { readonly ino: number; readonly next: number; readonly type: number; readonly name: string },
    reply?: NodeReply | null,
  ): boolean {
    const name = nameToBytes(entry.name);
    const head = reply === undefined ? 0 : ENTRY_OUT_BYTES;
    const end = this.length + head + ((DIRENT_BYTES + name.length + 7) & ~7);
    if (end > this.#directoryLimit) return false;
    if (reply) this.#entry(this.length, reply);
    else this.buffer.fill(0, this.length, this.length + head);
    const at = this.length + head;
    this.#u64(at, entry.ino);
    this.#u64(at + 8, entry.next);
    this.buffer.writeUInt32LE(name.length, at + 16);
    this.buffer.writeUInt32LE(entry.type, at + 20);
    this.buffer.set(name, at + DIRENT_BYTES);
    this.buffer.fill(0, at + DIRENT_BYTES + name.length, end);
    this.length = end;
    this.buffer.writeUInt32LE(end, 0);
    return true;
  }

  /** Attributes only, no page range: this form takes no lock in the kernel and cannot hang. */
  invalidateInode(node: number): void {
    const at = OUT_HEADER_BYTES;
    this.#notify(NOTIFY.INVAL_INODE, at + 24);
    this.#u64(at, node);
    this.buffer.fill(0xff, at + 8, at + 16);
    this.#u64(at + 16, 0);
  }

  /** Makes the kernel look up every name anew before it uses it again. */
  incrementEpoch(): void {
    this.#notify(NOTIFY.INC_EPOCH, OUT_HEADER_BYTES);
  }

  #notify(code: number, length: number): void {
    this.#header(0, length);
    this.buffer.writeInt32LE(code, 4);
  }

  #header(unique: number, length: number): void {
    this.length = length;
    this.buffer.writeUInt32LE(length, 0);
    this.buffer.writeInt32LE(0, 4);
    this.#u64(8, unique);
  }

  #entry(at: number, { node, attributes, entrySeconds, attributeSeconds }: NodeReply): void {
    this.#u64(at, node);
    this.#u64(at + 8, 0);
    this.#u64(at + 16, entrySeconds);
    this.#u64(at + 24, attributeSeconds);
    this.#u64(at + 32, 0);
    this.#attributes(at + 40, attributes);
  }

  #attributes(at: number, attributes: Attributes): void {
    const { buffer } = this;
    const { ino, size, mtime, mtimeNanoseconds, mode, nlink, uid, gid } = attributes;
    this.#u64(at, ino);
    this.#u64(at + 8, size);
    this.#u64(at + 16, Math.ceil(size / SECTOR_BYTES));
    for (const offset of [24, 32, 40]) this.#u64(at + offset, mtime);
    for (const offset of [48, 52, 56]) buffer.writeUInt32LE(mtimeNanoseconds, at + offset);
    buffer.writeUInt32LE(mode, at + 60);
    buffer.writeUInt32LE(nlink, at + 64);
    buffer.writeUInt32LE(uid, at + 68);
    buffer.writeUInt32LE(gid, at + 72);
    buffer.writeUInt32LE(0, at + 76);
    buffer.writeUInt32LE(4096, at + 80);
    buffer.writeUInt32LE(0, at + 84);
  }

  #u64(at: number, value: number): void {
    this.buffer.writeUInt32LE(value >>> 0, at);
    this.buffer.writeUInt32LE(Math.floor(value / 0x1_0000_0000), at + 4);
  }
}
