/** One of the two sockets of pmxcfs: root's, which may everything, or everyone's, which may read and watch. */
import { chmodSync, chownSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type { Logger } from "../../log/logger.ts";
import type { CfsEvent } from "../port.ts";
import type { TransportReply } from "../request-client.ts";
import { type CfsReply, type CfsRequest, READ_ONLY_OPERATIONS } from "../requests.ts";
import { isPrivatePath, VERSIONED_PATHS } from "../tree/paths.ts";
import { checkRequest } from "./check-request.ts";
import { encodeFrame, type Frame, FrameReader } from "./frames.ts";
import {
  type ClientMessage,
  clientMessageOf,
  MAX_CLIENT_FRAME_BYTES,
  OLDEST_PROTOCOL_VERSION,
  PROTOCOL_VERSION,
  type ServerMessage,
} from "./messages.ts";
import { RequestBudget } from "./request-budget.ts";

export interface IpcBackend {
  readonly nodeName: string;
  call(request: CfsRequest, body: Uint8Array | undefined, isReadOnly: boolean): Promise<TransportReply>;
}

export interface IpcServerOptions {
  readonly path: string;
  readonly mode: number;
  /** Owner and group of the socket; absent when the files belong to the caller anyway. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly isReadOnly: boolean;
  readonly backend: IpcBackend;
  /** Called when the number of clients that watch becomes or stops being zero. */
  readonly onWatching: (isAnyone: boolean) => void;
  readonly log: Logger;
}

/** A client that sends no hello within this time is cut off. */
const HELLO_LIMIT_MS = 10_000;
/** Questions of one client that are under way; then no more of it are taken. Each may be answered with a whole file. */
const MAX_QUESTIONS = 16;
/** The same of all clients together. */
const MAX_QUESTIONS_OF_ALL = 128;
/** Changes of one client that are under way. They wait for the disk, so questions must not have to wait for them. */
const MAX_CHANGES = 256;
/** Nor while so many bytes of answers wait for it to read them. */
const MAX_UNREAD_ANSWER_BYTES = 4 << 20;
/** When more than this waits for all clients together, the one that owes most is cut off. */
const MAX_UNREAD_BYTES_OF_ALL = 128 << 20;
/** Less of one client is not worth adding up all of them. */
const NOTABLE_UNREAD_BYTES = 1 << 20;
/** At the end a client has this long to read what it was sent. */
const END_LIMIT_MS = 200;
/** A watcher that reads nothing is cut off when this much waits for it; it comes back and starts over. */
const MAX_UNREAD_BYTES = 16 << 20;
const PUBLIC_PRIVATE_PATHS: ReadonlySet<string> = new Set(VERSIONED_PATHS.filter(isPrivatePath));

export class IpcServer {
  readonly #options: IpcServerOptions;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #budget = new RequestBudget(MAX_QUESTIONS_OF_ALL);
  #watchers = 0;

  constructor(options: IpcServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Listens; a socket that a dead predecessor left is replaced. */
  async start(): Promise<void> {
    const { path, mode, owner } = this.#options;
    rmSync(path, { force: true });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    // Nobody may connect before owner and mode are right.
    const mask = process.umask(0o177);
    try {
      this.#server.listen(path, resolve);
    } finally {
      process.umask(mask);
    }
    await promise;
    this.#server.off("error", reject);
    this.#server.on("error", (error) => this.#options.log.error({ path, error: error.message }, "socket failed"));
    if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
    chmodSync(path, mode);
  }

  /** Tells the watchers. In the order of calls, and before any reply that is sent later. */
  tell(event: CfsEvent): void {
    if (this.#connections.size === 0 || !this.#mayTell(event)) return;
    const message: ServerMessage = { kind: "event", event };
    const frame = encodeFrame(message);
    for (const connection of this.#connections) connection.tell(frame);
  }

  async stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const connection of this.#connections) connection.end();
    await promise;
    rmSync(this.#options.path, { force: true });
  }

  /** Names below private directories are private too, but those whose changes `.version` shows to everyone anyway. */
  #mayTell(event: CfsEvent): boolean {
    if (!this.#options.isReadOnly || (event.kind !== "file" && event.kind !== "entry")) return true;
    return !isPrivatePath(event.path) || PUBLIC_PRIVATE_PATHS.has(event.path);
  }

  #relieve(): void {
    let total = 0;
    let worst: Connection | undefined;
    for (const connection of this.#connections) {
      total += connection.unread;
      if (worst === undefined || connection.unread > worst.unread) worst = connection;
    }
    if (total > MAX_UNREAD_BYTES_OF_ALL) worst?.cutOff("clients read too slowly: the slowest is cut off");
  }

  #accept(socket: Socket): void {
    const connection = new Connection(socket, {
      ...this.#options,
      budget: this.#budget,
      onWatch: () => {
        this.#watchers += 1;
        if (this.#watchers === 1) this.#options.onWatching(true);
      },
      onBacklog: () => this.#relieve(),
    });
    this.#connections.add(connection);
    socket.on("close", () => {
      this.#connections.delete(connection);
      if (!connection.isWatching) return;
      this.#watchers -= 1;
      if (this.#watchers === 0) this.#options.onWatching(false);
    });
  }
}

interface ConnectionOptions extends IpcServerOptions {
  readonly budget: RequestBudget;
  readonly onWatch: () => void;
  /** A notable amount waits for this client. */
  readonly onBacklog: () => void;
}

class Connection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #reader = new FrameReader(MAX_CLIENT_FRAME_BYTES);
  readonly #helloTimer: NodeJS.Timeout;
  readonly #goOn = (): void => this.#takeFrames();
  #hasGreeted = false;
  #isWatching = false;
  #hasEnded = false;
  #questions = 0;
  #changes = 0;
  /** Came in and was not looked at yet. No more is read meanwhile, so it is what one chunk held. */
  #frames: Frame[] = [];

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#helloTimer = setTimeout(() => this.#goodbye("no hello came in time"), HELLO_LIMIT_MS);
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("drain", this.#goOn);
    // ECONNRESET and EPIPE: the client is gone, "close" follows and cleans up.
    socket.on("error", (error) => options.log.debug({ error: error.message }, "client connection failed"));
    socket.on("close", () => {
      clearTimeout(this.#helloTimer);
      this.#hasEnded = true;
      options.budget.forget(this.#goOn);
    });
  }

  /** Bytes that wait for the client to read them. */
  get unread(): number {
    return this.#socket.destroyed ? 0 : this.#socket.writableLength;
  }

  get isWatching(): boolean {
    return this.#isWatching;
  }

  tell(frame: Buffer): void {
    if (!this.#isWatching || !this.#socket.writable) return;
    if (this.unread > MAX_UNREAD_BYTES) this.cutOff("a watcher does not read: it is cut off");
    else this.#write(frame);
  }

  cutOff(why: string): void {
    this.#options.log.warn({ unread: this.unread }, why);
    this.#socket.destroy();
  }

  /** Answers that are on their way still go out, to a client that reads them. */
  end(): void {
    clearTimeout(this.#helloTimer);
    this.#hasEnded = true;
    this.#frames = [];
    this.#socket.destroySoon();
    const timer = setTimeout(() => this.#socket.destroy(), END_LIMIT_MS);
    this.#socket.once("close", () => clearTimeout(timer));
  }

  #onData(chunk: Buffer): void {
    if (this.#hasEnded) return;
    try {
      this.#frames.push(...this.#reader.push(chunk));
    } catch (error) {
      this.#goodbye(error instanceof Error ? error.message : String(error));
      return;
    }
    this.#takeFrames();
  }

  /** As many as may be under way. A client that does not read its answers is not read either. */
  #takeFrames(): void {
    let taken = 0;
    for (const frame of this.#frames) {
      if (this.#isBusy) break;
      taken += 1;
      const message = clientMessageOf(frame.header);
      if (message === undefined) this.#options.log.debug({}, "a client sent a message that is not known: ignored");
      else if (!this.#hasGreeted && message.kind !== "hello") this.#goodbye("a client must say hello first");
      else this.#onMessage(message, frame.body);
    }
    this.#frames = this.#frames.slice(taken);
    if (this.#frames.length === 0 && !this.#isBusy) this.#socket.resume();
    else {
      this.#socket.pause();
      if (this.#options.budget.isSpent && !this.#hasEnded) this.#options.budget.whenFree(this.#goOn);
    }
  }

  get #isBusy(): boolean {
    return (
      this.#hasEnded ||
      this.#questions >= MAX_QUESTIONS ||
      this.#changes >= MAX_CHANGES ||
      this.#options.budget.isSpent ||
      this.#socket.writableLength > MAX_UNREAD_ANSWER_BYTES
    );
  }

  #onMessage(message: ClientMessage, body: Uint8Array | undefined): void {
    switch (message.kind) {
      case "hello":
        this.#greet(message.oldest, message.newest);
        return;
      case "watch":
        if (!this.#isWatching) this.#options.onWatch();
        this.#isWatching = true;
        return;
      case "request":
        this.#request(message.id, message.request, body);
        return;
      default:
        message satisfies never;
    }
  }

  #greet(oldest: number, newest: number): void {
    clearTimeout(this.#helloTimer);
    if (newest < OLDEST_PROTOCOL_VERSION || oldest > PROTOCOL_VERSION) {
      this.#goodbye(
        `pmxcfs speaks protocol ${OLDEST_PROTOCOL_VERSION} to ${PROTOCOL_VERSION}, the client ${oldest} to ${newest}`,
      );
      return;
    }
    this.#hasGreeted = true;
    const { backend, isReadOnly } = this.#options;
    this.#send({
      kind: "hello",
      version: Math.min(newest, PROTOCOL_VERSION),
      nodeName: backend.nodeName,
      isReadOnly,
    });
  }

  #request(id: number, value: unknown, body: Uint8Array | undefined): void {
    const request = checkRequest(value);
    if ("problem" in request) {
      this.#reply(id, { reply: { error: { code: request.code, errno: "EINVAL", message: request.problem } } });
      return;
    }
    const { isReadOnly, backend, budget } = this.#options;
    if (isReadOnly && !READ_ONLY_OPERATIONS.has(request.op)) {
      const error = { code: "cfs-refused", errno: "EPERM", message: `cannot ${request.op}: this socket is read-only` };
      this.#reply(id, { reply: { error } });
      return;
    }
    const isQuestion = READ_ONLY_OPERATIONS.has(request.op);
    if (isQuestion) {
      this.#questions += 1;
      budget.take();
    } else this.#changes += 1;
    const finish = (answer: TransportReply): void => this.#finish(id, answer, isQuestion);
    backend.call(request, body, isReadOnly).then(finish, (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      this.#options.log.error({ op: request.op, error: message }, "a request failed");
      finish({ reply: { error: { code: "cfs-refused", errno: "EIO", message } } });
    });
  }

  #finish(id: number, answer: TransportReply, isQuestion: boolean): void {
    if (isQuestion) this.#questions -= 1;
    else this.#changes -= 1;
    this.#reply(id, answer);
    if (this.#socket.isPaused()) this.#takeFrames();
    if (isQuestion) this.#options.budget.give();
  }

  #reply(id: number, { reply, body }: { readonly reply: CfsReply; readonly body?: Uint8Array }): void {
    this.#send({ kind: "reply", id, reply }, body);
  }

  #goodbye(reason: string): void {
    this.#options.log.warn({ reason }, "a client was sent away");
    this.#send({ kind: "goodbye", reason });
    this.end();
  }

  #send(message: ServerMessage, body?: Uint8Array): void {
    if (this.#socket.writable) this.#write(encodeFrame(message, body));
  }

  #write(frame: Buffer): void {
    this.#socket.write(frame);
    if (this.unread > NOTABLE_UNREAD_BYTES) this.#options.onBacklog();
  }
}
