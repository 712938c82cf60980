/**
 * Answers the kernel from the seen tree and sends its changes through the replica. It runs on the thread that owns the
 * replica; reads are answered at once, changes when they are committed. Nothing here may block or touch the mount.
 *
 * OPEN, OPENDIR and FLUSH are answered ENOSYS once: from then on open and close never reach the server. Errors of a
 * write therefore belong on WRITE, CREATE and SETATTR.
 */
import type { Logger } from "../../log/logger.ts";
import type { Batch, BatchResult, Replica, SeenChange } from "../replica.ts";
import { BLOCK_BYTES, type Entry, isDirectory, MAX_ENTRIES, MAX_FILE_BYTES, MAX_TOTAL_BYTES } from "../tree/entry.ts";
import { ERRNO, type Errno } from "../tree/errno.ts";
import type { Operation } from "../tree/operation.ts";
import { allowedChmod, isLinkName, joinPath, linkTarget } from "../tree/paths.ts";
import { AskedNames } from "./asked-names.ts";
import type { Ownership } from "./attributes.ts";
import * as decode from "./decode.ts";
import { type NodeReply, ReplyEncoder } from "./encode.ts";
import { Invalidation } from "./invalidation.ts";
import { KnownNodes } from "./known-nodes.ts";
import { Listings } from "./listings.ts";
import { CACHE_SECONDS, NodeReplies } from "./node-replies.ts";
import { inodeOfNode, nodeOfInode, type VirtualName, virtualNameOf, virtualNode } from "./nodes.ts";
import { INIT_FLAG, O_APPEND, O_EXCL, O_TRUNC, OP, ROOT_NODE, S_IF, S_IFMT, SET } from "./protocol.ts";

/** Where replies and notifications go. */
export interface KernelChannel {
  /** @returns 0, or the errno of the failed write. */
  send(buffer: Buffer, length: number): number;
}

export interface FuseServerOptions {
  readonly replica: Replica;
  readonly channel: KernelChannel;
  readonly owner: Ownership;
  readonly log: Logger;
  /** Called once the kernel has begun to ask. */
  readonly onInit: () => void;
}

/** `FOPEN_KEEP_CACHE`: what is cached stays valid until it is invalidated. */
const KEEP_CACHE = 1 << 1;
const NAME_BYTES_SHOWN = 256;
const MAX_MTIME = 0xffffffff;

const INIT_FLAGS =
  INIT_FLAG.ASYNC_READ |
  INIT_FLAG.BIG_WRITES |
  INIT_FLAG.AUTO_INVAL_DATA |
  INIT_FLAG.DO_READDIRPLUS |
  INIT_FLAG.READDIRPLUS_AUTO |
  INIT_FLAG.PARALLEL_DIROPS |
  INIT_FLAG.MAX_PAGES |
  INIT_FLAG.CACHE_SYMLINKS;

export class FuseServer {
  readonly #options: FuseServerOptions;
  readonly #replica: Replica;
  readonly #encoder = new ReplyEncoder();
  readonly #known = new KnownNodes();
  readonly #asked = new AskedNames();
  readonly #listings = new Listings();
  readonly #nodes: NodeReplies;
  readonly #invalidation: Invalidation;
  readonly #unlisten: () => void;
  #isWritable: boolean;
  #isInitialized = false;

  constructor(options: FuseServerOptions) {
    this.#options = options;
    this.#replica = options.replica;
    this.#isWritable = options.replica.isWritable;
    this.#nodes = new NodeReplies(options.replica, this.#known, options.owner);
    this.#invalidation = new Invalidation(
      {
        invalidateInode: (node) => this.#invalidateInode(node),
        incrementEpoch: () => this.#incrementEpoch(),
      },
      this.#known,
      this.#asked,
    );
    this.#unlisten = options.replica.listen({
      seen: (changes) => this.#onSeen(changes),
      events: (events) => {
        if (events.some((event) => event.kind === "members")) this.#onMembers();
      },
    });
  }

  close(): void {
    this.#unlisten();
  }

  /** Nodes that the kernel holds at the moment. */
  get knownNodes(): number {
    return this.#known.size;
  }

  /** @param buffer holds one request; it is used again after this returns. */
  handle(buffer: Buffer, received: number): void {
    const { opcode, unique, node, length } = decode.decodeHeader(buffer, received);
    switch (opcode) {
      case OP.LOOKUP:
        this.#lookup(unique, node, decode.decodeNameOnly(buffer, length));
        break;
      case OP.GETATTR:
        this.#getattr(unique, node);
        break;
      case OP.READ: {
        const { offset, size } = decode.decodeRead(buffer);
        this.#read(unique, node, offset, size);
        break;
      }
      case OP.WRITE:
        this.#write(unique, node, decode.decodeWrite(buffer, length));
        break;
      case OP.SETATTR:
        this.#setattr(unique, node, decode.decodeSetattr(buffer));
        break;
      case OP.CREATE: {
        const { flags, name } = decode.decodeCreate(buffer, length);
        this.#create(unique, node, name, flags);
        break;
      }
      case OP.MKNOD: {
        const { mode, name } = decode.decodeMknod(buffer, length);
        if ((mode & S_IFMT) === S_IF.FILE) this.#make(unique, node, name, "create");
        else this.#error(unique, "ENOSYS");
        break;
      }
      case OP.MKDIR:
        this.#make(unique, node, decode.decodeMkdir(buffer, length).name, "mkdir");
        break;
      case OP.UNLINK:
      case OP.RMDIR:
        this.#remove(unique, node, decode.decodeNameOnly(buffer, length));
        break;
      case OP.RENAME:
        this.#rename(unique, node, decode.decodeRename(buffer, length, false));
        break;
      case OP.RENAME2:
        this.#rename(unique, node, decode.decodeRename(buffer, length, true));
        break;
      case OP.READDIR:
      case OP.READDIRPLUS: {
        const { offset, size } = decode.decodeRead(buffer);
        this.#readdir(unique, node, { offset, size, isPlus: opcode === OP.READDIRPLUS });
        break;
      }
      case OP.READLINK:
        this.#readlink(unique, node);
        break;
      case OP.STATFS:
        this.#statfs(unique);
        break;
      case OP.FSYNC:
      case OP.FSYNCDIR:
        this.#replica.sync((failure) => (failure === undefined ? this.#empty(unique) : this.#error(unique, "EIO")));
        break;
      case OP.FORGET:
        this.#known.forget(node, decode.decodeForget(buffer));
        break;
      case OP.BATCH_FORGET:
        for (const one of decode.decodeBatchForget(buffer, length)) this.#known.forget(one.node, one.lookups);
        break;
      case OP.INIT:
        this.#init(unique, decode.decodeInit(buffer));
        break;
      case OP.INTERRUPT:
        // The answer to the interrupted request is certain to come: it ends the wait.
        break;
      case OP.LINK:
        this.#error(unique, "EPERM");
        break;
      case OP.DESTROY:
        this.#empty(unique);
        break;
      default:
        // The kernel then stops asking, or answers its caller EOPNOTSUPP or ENOTTY as fits the call.
        this.#error(unique, "ENOSYS");
    }
  }

  #init(unique: number, { major, maxReadahead, flags }: decode.InitIn): void {
    if (major !== 7) {
      this.#options.log.error({ major }, "the kernel speaks another FUSE protocol");
      this.#error(unique, "EIO");
      return;
    }
    this.#encoder.init(unique, { maxReadahead, flags: INIT_FLAGS & flags });
    this.#send();
    this.#encoder.incrementEpoch();
    this.#nodes.hasEpoch = this.#options.channel.send(this.#encoder.buffer, this.#encoder.length) !== ERRNO.EINVAL;
    this.#options.log.debug({ hasEpoch: this.#nodes.hasEpoch }, "the kernel has mounted");
    if (!this.#isInitialized) this.#options.onInit();
    this.#isInitialized = true;
  }

  // Questions

  #lookup(unique: number, parentNode: number, name: string): void {
    const parent = inodeOfNode(parentNode);
    if (parentNode === ROOT_NODE) {
      const virtual = virtualNode(name);
      const virtualName = virtual === undefined ? undefined : virtualNameOf(virtual);
      if (virtual !== undefined && virtualName !== undefined) {
        this.#known.give(virtual);
        this.#encoder.node(unique, this.#nodes.ofVirtual(virtual, virtualName));
        this.#send();
        return;
      }
    }
    this.#asked.add(parent, name);
    const entry = this.#replica.seen.child(parent, name);
    if (entry === undefined) this.#encoder.absent(unique, this.#nodes.nameSeconds);
    else this.#encoder.node(unique, this.#nodes.give(entry));
    this.#send();
  }

  #getattr(unique: number, node: number): void {
    const virtual = virtualNameOf(node);
    if (virtual !== undefined) {
      const { attributes, attributeSeconds } = this.#nodes.ofVirtual(node, virtual);
      this.#encoder.attributes(unique, attributes, attributeSeconds);
      this.#send();
      return;
    }
    const attributes = this.#nodes.attributesOf(node);
    if (attributes === undefined) this.#encoder.error(unique, "ENOENT");
    else this.#encoder.attributes(unique, attributes, CACHE_SECONDS);
    this.#send();
  }

  #read(unique: number, node: number, offset: number, size: number): void {
    const content = this.#contentOf(node);
    if (content === undefined) this.#encoder.error(unique, "ENOENT");
    else this.#encoder.data(unique, content.subarray(offset, offset + size));
    this.#send();
  }

  #contentOf(node: number): Buffer | undefined {
    const virtual = virtualNameOf(node);
    if (virtual !== undefined) return isLinkName(virtual) ? undefined : this.#nodes.virtualContent(virtual);
    return (
      this.#known.viewOf(node) ?? this.#replica.seen.entry(inodeOfNode(node))?.data ?? this.#known.orphanOf(node)?.data
    );
  }

  #readlink(unique: number, node: number): void {
    const name = virtualNameOf(node);
    if (name === undefined || !isLinkName(name)) this.#encoder.error(unique, "EINVAL");
    else this.#encoder.data(unique, Buffer.from(linkTarget(name, this.#replica.nodeName), "utf8"));
    this.#send();
  }

  #readdir(
    unique: number,
    node: number,
    { offset, size, isPlus }: { readonly offset: number; readonly size: number; readonly isPlus: boolean },
  ): void {
    const directory = this.#replica.seen.entry(inodeOfNode(node));
    if (directory === undefined || !isDirectory(directory)) {
      this.#error(unique, directory === undefined ? "ENOENT" : "ENOTDIR");
      return;
    }
    this.#encoder.startDirectory(unique, size);
    for (const listed of this.#listings.from(this.#replica.seen, directory, offset)) {
      const { name, next, type } = listed;
      const reply = isPlus ? this.#listedReply(listed.node, listed.entry, name) : undefined;
      if (!this.#encoder.addEntry({ ino: listed.node, next, type, name }, reply)) break;
      if (reply) {
        this.#known.give(listed.node);
        if (listed.entry?.data !== undefined) this.#known.show(listed.node, listed.entry.data);
        if (listed.entry !== undefined) this.#asked.add(listed.entry.parent, name);
      }
    }
    this.#send();
  }

  #listedReply(node: number, entry: Entry | undefined, name: string): NodeReply | null {
    if (name === "." || name === "..") return null;
    const virtual = virtualNameOf(node);
    if (virtual !== undefined) return this.#nodes.ofVirtual(node, virtual);
    return entry === undefined ? null : this.#nodes.ofEntry(entry);
  }

  #statfs(unique: number): void {
    const { seen } = this.#replica;
    const blocks = MAX_TOTAL_BYTES / BLOCK_BYTES;
    this.#encoder.statfs(unique, {
      blocks,
      freeBlocks: Math.max(0, blocks - Math.ceil(seen.totalBytes / BLOCK_BYTES)),
      files: MAX_ENTRIES,
      freeFiles: Math.max(0, MAX_ENTRIES - seen.entryCount),
      blockBytes: BLOCK_BYTES,
      nameBytes: NAME_BYTES_SHOWN,
    });
    this.#send();
  }

  // Changes

  #write(unique: number, node: number, { offset, flags, data }: decode.WriteIn): void {
    const virtual = virtualNameOf(node);
    if (virtual !== undefined) {
      this.#writeVirtual(unique, virtual, offset, data);
      return;
    }
    const path = this.#replica.head.pathOf(inodeOfNode(node));
    const size = this.#replica.head.entry(inodeOfNode(node))?.data?.length;
    if (path === undefined || size === undefined) {
      this.#error(unique, "ENOENT");
      return;
    }
    // The kernel may know an older size than ours: an append goes to our end of the file.
    const start = (flags & O_APPEND) === 0 ? offset : size;
    // A write that crosses the limit is a short one up to it; the next one is refused.
    const kept = start < MAX_FILE_BYTES ? data.subarray(0, MAX_FILE_BYTES - start) : data;
    const operation: Operation = { kind: "write", path, offset: start, data: kept, truncate: false };
    this.#submit(unique, { operations: [operation] }, () => {
      this.#showSeen(node);
      this.#encoder.written(unique, kept.length);
      this.#send();
    });
  }

  #writeVirtual(unique: number, name: VirtualName, offset: number, data: Buffer): void {
    const start = data.toString("latin1", 0, 2);
    if (name !== ".debug" || offset !== 0 || (start !== "0\n" && start !== "1\n")) {
      this.#error(unique, "EIO");
      return;
    }
    this.#replica.setDebug(start === "1\n");
    this.#encoder.written(unique, data.length);
    this.#send();
  }

  #create(unique: number, parentNode: number, name: string, flags: number): void {
    const path = this.#childPath(parentNode, name);
    if (path === undefined) {
      this.#error(unique, "ENOENT");
      return;
    }
    const existing = this.#replica.head.lookup(path);
    if (existing?.data !== undefined && (flags & O_EXCL) === 0) {
      this.#openExisting(unique, path, (flags & O_TRUNC) !== 0);
      return;
    }
    // A file is created to be written: the write that follows at once brings both to the disk.
    this.#submit(unique, { operations: [{ kind: "create", path }], durability: "written" }, ({ changes }) =>
      this.#created(unique, path, changes[0]?.put),
    );
  }

  /** Another node, or a client of the socket, has just made the file that the kernel thinks it is creating. */
  #openExisting(unique: number, path: string, truncate: boolean): void {
    const operations: Operation[] = truncate
      ? [{ kind: "write", path, offset: 0, data: Buffer.alloc(0), truncate: true }]
      : [];
    const open = (): void => this.#created(unique, path, this.#replica.seen.lookup(path));
    if (truncate) this.#submit(unique, { operations }, open);
    // It may have been delivered but not be seen yet.
    else this.#replica.sync((failure) => (failure === undefined ? open() : this.#error(unique, "EIO")));
  }

  #created(unique: number, path: string, entry: Entry | undefined): void {
    const current = entry && this.#replica.seen.entry(entry.inode);
    if (current === undefined) {
      this.#options.log.debug({ path }, "a file vanished while it was created");
      this.#error(unique, "ENOENT");
      return;
    }
    this.#asked.add(current.parent, current.name);
    this.#encoder.created(unique, this.#nodes.give(current), KEEP_CACHE);
    this.#send();
  }

  #make(unique: number, parentNode: number, name: string, kind: "create" | "mkdir"): void {
    const path = this.#childPath(parentNode, name);
    if (path === undefined) {
      this.#error(unique, "ENOENT");
      return;
    }
    this.#submit(unique, { operations: [{ kind, path }] }, ({ changes }) => {
      const inode = changes[0]?.put?.inode;
      const entry = inode === undefined ? undefined : this.#replica.seen.entry(inode);
      if (entry === undefined) {
        this.#error(unique, "ENOENT");
        return;
      }
      this.#asked.add(entry.parent, entry.name);
      this.#encoder.node(unique, this.#nodes.give(entry));
      this.#send();
    });
  }

  #remove(unique: number, parentNode: number, name: string): void {
    const path = this.#childPath(parentNode, name);
    if (path === undefined) this.#error(unique, "ENOENT");
    else this.#submit(unique, { operations: [{ kind: "delete", path }] }, () => this.#empty(unique));
  }

  #rename(unique: number, parentNode: number, { flags, newParent, name, newName }: decode.RenameIn): void {
    const path = this.#childPath(parentNode, name);
    const to = this.#childPath(newParent, newName);
    if (flags !== 0) this.#error(unique, "EINVAL");
    else if (path === undefined || to === undefined) this.#error(unique, "ENOENT");
    else {
      this.#submit(unique, { operations: [{ kind: "rename", path, to }] }, ({ changes }) => {
        const put = changes[0]?.put;
        if (put !== undefined) this.#asked.add(put.parent, put.name);
        this.#empty(unique);
      });
    }
  }

  #setattr(unique: number, node: number, set: decode.SetattrIn): void {
    const virtual = virtualNameOf(node);
    const path = virtual ?? this.#replica.head.pathOf(inodeOfNode(node));
    if (path === undefined) {
      this.#error(unique, "ENOENT");
      return;
    }
    const refused = this.#refuseOwnership(path, set);
    if (refused !== undefined) this.#error(unique, refused);
    else if (virtual !== undefined) this.#setVirtual(unique, node, virtual, set);
    else if ((set.valid & SET.SIZE) !== 0) this.#truncate(unique, node, path, set);
    else if ((set.valid & SET.MTIME) !== 0 && (set.valid & SET.ATIME) !== 0) this.#utimens(unique, node, path, set);
    else this.#getattr(unique, node);
  }

  #refuseOwnership(path: string, { valid, mode, uid, gid }: decode.SetattrIn): Errno | undefined {
    const { owner } = this.#options;
    if ((valid & SET.MODE) !== 0 && (mode & 0o7777) !== allowedChmod(path)) return "EPERM";
    if ((valid & SET.UID) !== 0 && uid !== owner.uid) return "EPERM";
    if ((valid & SET.GID) !== 0 && gid !== owner.gid) return "EPERM";
    return undefined;
  }

  /** A shell's `>` truncates before it writes: that must pass where the write will. */
  #setVirtual(unique: number, node: number, name: VirtualName, { valid }: decode.SetattrIn): void {
    if ((valid & SET.SIZE) !== 0 && name !== ".debug") this.#error(unique, "EIO");
    else if ((valid & SET.MTIME) !== 0 && (valid & SET.SIZE) === 0) this.#error(unique, "EACCES");
    else this.#getattr(unique, node);
  }

  #truncate(unique: number, node: number, path: string, { size }: decode.SetattrIn): void {
    const before = this.#replica.head.lookup(path)?.data?.length ?? 0;
    // An empty file that grows is written: a truncation would leave other nodes with a size and no content.
    const operation: Operation =
      before === 0 && size > 0 && size <= MAX_FILE_BYTES
        ? { kind: "write", path, offset: 0, data: Buffer.alloc(size), truncate: true }
        : { kind: "write", path, offset: size, data: Buffer.alloc(0), truncate: true };
    // A file is emptied to be written: the write that follows at once brings both to the disk.
    const durability = size === 0 ? "written" : "synced";
    this.#submit(unique, { operations: [operation], durability }, () => this.#getattr(unique, node));
  }

  #utimens(unique: number, node: number, path: string, set: decode.SetattrIn): void {
    const mtime = (set.valid & SET.MTIME_NOW) !== 0 ? this.#replica.now() : set.mtime;
    if (mtime > MAX_MTIME) {
      this.#error(unique, "EINVAL");
      return;
    }
    this.#replica.setMtime(path, mtime, { isFromKernel: true }, ({ refused }) => {
      if (refused === undefined) this.#getattr(unique, node);
      else this.#error(unique, refused === "changed" ? "EIO" : refused);
    });
  }

  #submit(unique: number, batch: Omit<Batch, "isFromKernel">, done: (result: BatchResult) => void): void {
    this.#replica.submit({ ...batch, isFromKernel: true }, (result) => {
      if (result.refused === undefined) done(result);
      else this.#error(unique, result.refused === "changed" ? "EIO" : result.refused);
    });
  }

  // What the kernel is told

  #onSeen(changes: readonly SeenChange[]): void {
    for (const { change } of changes) {
      if (change.dropped !== undefined) this.#known.orphan(nodeOfInode(change.dropped.inode), change.dropped);
    }
    if (this.#isInitialized) this.#invalidation.tell(changes);
  }

  #onMembers(): void {
    if (this.#isWritable === this.#replica.isWritable) return;
    this.#isWritable = this.#replica.isWritable;
    if (this.#isInitialized) this.#invalidation.dropAll();
  }

  #invalidateInode(node: number): boolean {
    this.#encoder.invalidateInode(node);
    return this.#options.channel.send(this.#encoder.buffer, this.#encoder.length) !== ERRNO.ENOENT;
  }

  #incrementEpoch(): void {
    // Without it, names live for a second only.
    if (!this.#nodes.hasEpoch) return;
    this.#encoder.incrementEpoch();
    this.#send();
  }

  // Replies

  #showSeen(node: number): void {
    const data = this.#replica.seen.entry(inodeOfNode(node))?.data;
    if (data !== undefined) this.#known.show(node, data);
  }

  /** @returns undefined when the directory is gone. */
  #childPath(parentNode: number, name: string): string | undefined {
    const parent = this.#replica.head.pathOf(inodeOfNode(parentNode));
    return parent === undefined ? undefined : joinPath(parent, name);
  }

  #empty(unique: number): void {
    this.#encoder.empty(unique);
    this.#send();
  }

  #error(unique: number, errno: Errno): void {
    this.#encoder.error(unique, errno);
    this.#send();
  }

  #send(): void {
    const errno = this.#options.channel.send(this.#encoder.buffer, this.#encoder.length);
    // ENOENT: the caller has gone meanwhile. ENODEV: unmounted; the loop finds out as well.
    if (errno !== 0 && errno !== ERRNO.ENOENT && errno !== ENODEV) {
      this.#options.log.error({ errno }, "cannot answer the kernel");
    }
  }
}

const ENODEV = 19;
