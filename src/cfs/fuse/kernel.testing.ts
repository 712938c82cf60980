/** A kernel for tests of the server: it sends requests and keeps replies and notifications. */
import { silentLogger } from "../../log/logger.ts";
import { SingleMemberGroup } from "../group.ts";
import { type Clock, Replica } from "../replica.ts";
import { type CommitStore, memoryStore } from "../store/port.ts";
import { ERRNO } from "../tree/errno.ts";
import { nameToBytes } from "../tree/name-bytes.ts";
import { Tree } from "../tree/tree.ts";
import { readU64 } from "./decode.ts";
import { IN_HEADER_BYTES, NOTIFY, OP, ROOT_NODE } from "./protocol.ts";
import { FuseServer } from "./server.ts";

export interface KernelReply {
  /** 0, or a positive errno. */
  readonly errno: number;
  readonly body: Buffer;
}

export interface KernelOptions {
  readonly store?: CommitStore;
  readonly clock?: Clock;
  readonly hasEpoch?: boolean;
}

export class TestKernel {
  readonly replica: Replica;
  readonly server: FuseServer;
  /** Notifications since the last look: `epoch`, or the number of an inode. */
  notified: ("epoch" | number)[] = [];
  /** Nodes whose invalidation the kernel answers with ENOENT. */
  readonly unknownNodes = new Set<number>();
  readonly #replies = new Map<number, KernelReply>();
  readonly #hasEpoch: boolean;
  #lastUnique = 0;

  constructor({ store = memoryStore, clock, hasEpoch = true }: KernelOptions = {}) {
    this.#hasEpoch = hasEpoch;
    this.replica = new Replica({
      nodeName: "n1",
      tree: new Tree(),
      store,
      group: new SingleMemberGroup("n1"),
      clock: clock ?? { now: () => 1_700_000_000, monotonic: () => 0 },
      log: silentLogger,
      pid: 1,
    });
    this.server = new FuseServer({
      replica: this.replica,
      channel: { send: (buffer, length) => this.#take(buffer.subarray(0, length)) },
      owner: { uid: 0, gid: 33 },
      log: silentLogger,
      onInit() {},
    });
    const init = Buffer.alloc(64);
    init.writeUInt32LE(7, 0);
    init.writeUInt32LE(45, 4);
    init.writeUInt32LE(0x73fffffb, 12);
    this.call(OP.INIT, 0, init);
    this.notified = [];
  }

  /** Sends a request. @returns its reply, undefined while it waits for a commit. */
  call(opcode: number, node: number, body: Buffer = Buffer.alloc(0)): KernelReply | undefined {
    const unique = this.post(opcode, node, body);
    return this.replyOf(unique);
  }

  /** Like {@link call}. @returns the number by which to look for the reply later. */
  post(opcode: number, node: number, body: Buffer): number {
    this.#lastUnique += 2;
    const request = Buffer.alloc(IN_HEADER_BYTES + body.length);
    request.writeUInt32LE(request.length, 0);
    request.writeUInt32LE(opcode, 4);
    request.writeBigUInt64LE(BigInt(this.#lastUnique), 8);
    request.writeBigUInt64LE(BigInt(node), 16);
    body.copy(request, IN_HEADER_BYTES);
    this.server.handle(request, request.length);
    // The server may not keep the buffer of a request: the next one overwrites it.
    request.fill(0xee);
    this.replica.flush();
    return this.#lastUnique;
  }

  replyOf(unique: number): KernelReply | undefined {
    return this.#replies.get(unique);
  }

  /** @returns the node of a name, 0 when there is none. */
  lookup(name: string, parent = ROOT_NODE): number {
    const reply = this.call(OP.LOOKUP, parent, Buffer.concat([nameToBytes(name), Buffer.from([0])]));
    return reply === undefined ? 0 : readU64(reply.body, 0);
  }

  getattr(node: number): { size: number; mtime: string; mode: number; nlink: number } | undefined {
    const reply = this.call(OP.GETATTR, node, Buffer.alloc(16));
    if (reply === undefined || reply.errno !== 0) return undefined;
    const at = 16;
    return {
      size: readU64(reply.body, at + 8),
      mtime: `${readU64(reply.body, at + 32)}.${reply.body.readUInt32LE(at + 52)}`,
      mode: reply.body.readUInt32LE(at + 60),
      nlink: reply.body.readUInt32LE(at + 64),
    };
  }

  read(node: number, offset = 0, size = 1 << 20): string | undefined {
    const body = Buffer.alloc(40);
    body.writeBigUInt64LE(BigInt(offset), 8);
    body.writeUInt32LE(size, 16);
    const reply = this.call(OP.READ, node, body);
    return reply?.errno === 0 ? reply.body.toString() : undefined;
  }

  /** @param flags of the descriptor. */
  write(node: number, text: string, { offset = 0, flags = 0 } = {}): KernelReply | undefined {
    const data = Buffer.from(text);
    const body = Buffer.alloc(40 + data.length);
    body.writeBigUInt64LE(BigInt(offset), 8);
    body.writeUInt32LE(data.length, 16);
    body.writeUInt32LE(flags, 32);
    data.copy(body, 40);
    return this.call(OP.WRITE, node, body);
  }

  create(name: string, { parent = ROOT_NODE, flags = 0 } = {}): KernelReply | undefined {
    const head = Buffer.alloc(16);
    head.writeUInt32LE(flags, 0);
    return this.call(OP.CREATE, parent, Buffer.concat([head, nameToBytes(name), Buffer.from([0])]));
  }

  unlink(name: string, parent = ROOT_NODE): KernelReply | undefined {
    return this.call(OP.UNLINK, parent, Buffer.concat([nameToBytes(name), Buffer.from([0])]));
  }

  forget(node: number, lookups: number): void {
    const body = Buffer.alloc(8);
    body.writeBigUInt64LE(BigInt(lookups));
    this.call(OP.FORGET, node, body);
  }

  /** Notifications since the last call. */
  takeNotified(): ("epoch" | number)[] {
    const taken = this.notified;
    this.notified = [];
    return taken;
  }

  #take(message: Buffer): number {
    const unique = readU64(message, 8);
    if (unique !== 0) {
      this.#replies.set(unique, { errno: Math.abs(message.readInt32LE(4)), body: Buffer.from(message.subarray(16)) });
      return 0;
    }
    if (message.readInt32LE(4) === NOTIFY.INC_EPOCH) {
      if (!this.#hasEpoch) return ERRNO.EINVAL;
      this.notified.push("epoch");
      return 0;
    }
    const node = readU64(message, 16);
    this.notified.push(node);
    return this.unknownNodes.has(node) ? ERRNO.ENOENT : 0;
  }
}
