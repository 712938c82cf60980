/** The `ClusterFs` port over requests: what all its makers share. A transport carries the requests. */
import { createHash } from "node:crypto";
import { ClusterLocks } from "./cluster-locks.ts";
import {
  CfsError,
  type CfsEvent,
  type ClusterFs,
  type ClusterInfo,
  type ClusterLogEntry,
  type DirEntry,
  FileChangedError,
  type FileSnapshot,
  type GuestEntry,
  type LoggedEntry,
  type WriteOptions,
} from "./port.ts";
import type { CfsHealth, CfsReply, CfsRequest } from "./requests.ts";

export interface TransportReply {
  readonly reply: CfsReply;
  readonly body?: Uint8Array;
}

export interface Transport {
  readonly nodeName: string;
  call(request: CfsRequest, body?: Uint8Array): Promise<TransportReply>;
  watch(listener: (event: CfsEvent) => void): () => void;
  close(): Promise<void>;
}

export class RequestClusterFs implements ClusterFs {
  readonly #transport: Transport;
  readonly #locks: ClusterLocks;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.#locks = new ClusterLocks({
      makeDirectory: (path, exclusive) => this.#callPath({ op: "mkdir", path, exclusive }),
      touch: (path, mtime) => this.#callPath({ op: "utime", path, mtime }),
      remove: (path) => this.remove(path),
      watch: (listener) => this.watch(listener),
    });
  }

  get nodeName(): string {
    return this.#transport.nodeName;
  }

  async read(path: string): Promise<FileSnapshot | undefined> {
    const { reply, body } = await this.#call({ op: "read", path }, path);
    if (reply.file === undefined) return undefined;
    const data = body === undefined ? Buffer.alloc(0) : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    const { mtime, version } = reply.file;
    return { data, digest: createHash("sha1").update(data).digest("hex"), mtime, version: BigInt(version) };
  }

  async write(path: string, data: string | Uint8Array, options: WriteOptions = {}): Promise<void> {
    const body = typeof data === "string" ? Buffer.from(data, "utf8") : data;
    const { ifDigest } = options;
    const request: CfsRequest = ifDigest === undefined ? { op: "write", path } : { op: "write", path, ifDigest };
    await this.#call(request, path, body);
  }

  remove(path: string): Promise<void> {
    return this.#callPath({ op: "remove", path });
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#call({ op: "rename", path: from, to }, from);
  }

  mkdir(path: string): Promise<void> {
    return this.#callPath({ op: "mkdir", path });
  }

  async list(path: string): Promise<DirEntry[] | undefined> {
    const { reply } = await this.#call({ op: "list", path }, path);
    return reply.entries === undefined ? undefined : [...reply.entries];
  }

  async guests(): Promise<ReadonlyMap<number, GuestEntry>> {
    const { reply } = await this.#call({ op: "guests" }, ".vmlist");
    return new Map((reply.guests ?? []).map((guest) => [guest.vmid, guest]));
  }

  async info(): Promise<ClusterInfo> {
    const { reply } = await this.#call({ op: "info" }, ".members");
    return reply.info ?? { nodeName: this.nodeName, isQuorate: false };
  }

  async guestProperties(names: readonly string[], vmid?: number): Promise<Map<number, Record<string, string>>> {
    const request: CfsRequest =
      vmid === undefined ? { op: "guestProperties", names } : { op: "guestProperties", names, vmid };
    const { reply } = await this.#call(request, "");
    return new Map(reply.properties ?? []);
  }

  lock<T>(
    id: string,
    work: (signal: AbortSignal) => Promise<T>,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<T> {
    return this.#locks.run(id, work, options);
  }

  async publish(key: string, value: string): Promise<void> {
    await this.#call({ op: "publish", key }, key, Buffer.from(value, "utf8"));
  }

  async status(key: string, node?: string): Promise<string | undefined> {
    const request: CfsRequest = node === undefined ? { op: "status", key } : { op: "status", key, node };
    const { reply } = await this.#call(request, key);
    return reply.value;
  }

  async statusOfAll(key: string): Promise<Map<string, string>> {
    const { reply } = await this.#call({ op: "statusOfAll", key }, key);
    return new Map(reply.values ?? []);
  }

  async rrd(): Promise<Map<string, string[]>> {
    const { reply } = await this.#call({ op: "rrd" }, ".rrd");
    return new Map((reply.values ?? []).map(([key, data]) => [key, data.split(":")]));
  }

  async log(entry: ClusterLogEntry): Promise<void> {
    const { priority, ident, tag, message } = entry;
    await this.#call({ op: "log", priority, ident, tag, message, pid: process.pid }, ".clusterlog");
  }

  async readLog(options: { readonly max?: number; readonly user?: string } = {}): Promise<LoggedEntry[]> {
    const { reply } = await this.#call({ op: "readLog", ...options }, ".clusterlog");
    return [...(reply.log ?? [])];
  }

  async verifyToken(tokenid: string, secret: string): Promise<boolean> {
    const { reply } = await this.#call({ op: "verifyToken", tokenid, secret }, "priv/token.cfg");
    return reply.isValid ?? false;
  }

  /** State of mount, store and quorum, for `doctor`. */
  async health(): Promise<CfsHealth | undefined> {
    const { reply } = await this.#call({ op: "health" }, "");
    return reply.health;
  }

  watch(listener: (event: CfsEvent) => void): () => void {
    return this.#transport.watch(listener);
  }

  close(): Promise<void> {
    this.#locks.close();
    return this.#transport.close();
  }

  async #callPath(request: CfsRequest & { readonly path: string }): Promise<void> {
    await this.#call(request, request.path);
  }

  async #call(request: CfsRequest, path: string, body?: Uint8Array): Promise<TransportReply> {
    const answer = await this.#transport.call(request, body);
    const { error } = answer.reply;
    if (error === undefined) return answer;
    if (error.code === "file-changed") throw new FileChangedError(path);
    throw new CfsError(error.errno ?? "EIO", path, error.message);
  }
}
