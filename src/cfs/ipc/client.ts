/**
 * The `ClusterFs` of every daemon but pmxcfs: over a socket of it. It connects at the first call or watch, waits a
 * while for a pmxcfs that is (re)starting, and tells watchers `resync` when a lost connection is back.
 */
import { createConnection, type Socket } from "node:net";
import { type Logger, silentLogger } from "../../log/logger.ts";
import { CfsError, type CfsEvent } from "../port.ts";
import { RequestClusterFs, type Transport, type TransportReply } from "../request-client.ts";
import { type CfsRequest, READ_ONLY_OPERATIONS } from "../requests.ts";
import { encodeFrame, type Frame, FrameReader } from "./frames.ts";
import {
  type ClientMessage,
  MAX_SERVER_FRAME_BYTES,
  OLDEST_PROTOCOL_VERSION,
  PROTOCOL_VERSION,
  type ServerMessage,
  serverMessageOf,
} from "./messages.ts";

export interface IpcClientOptions {
  /** `Layout.cfsSocket`, or `Layout.cfsReadSocket` for processes that are not root. */
  readonly socketPath: string;
  readonly nodeName: string;
  readonly log?: Logger;
  /** How long a call waits for pmxcfs to be there. Default 10 s. */
  readonly connectTimeoutMs?: number;
}

const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
const RETRY_MS = 10;
/** When pmxcfs stays away: how often watchers' connection is tried again. */
const SLOW_RETRY_MS = 1000;
const HELLO_TIMEOUT_MS = 5000;

export function connectClusterFs(options: IpcClientOptions): RequestClusterFs {
  return new RequestClusterFs(new IpcTransport(options));
}

interface Call {
  readonly request: CfsRequest;
  readonly body: Uint8Array | undefined;
  readonly resolve: (reply: TransportReply) => void;
  readonly reject: (error: Error) => void;
}

class IpcTransport implements Transport {
  readonly nodeName: string;
  readonly #options: IpcClientOptions;
  readonly #log: Logger;
  readonly #calls = new Map<number, Call>();
  readonly #listeners = new Set<(event: CfsEvent) => void>();
  #socket: Socket | undefined;
  #connecting: Promise<Socket> | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #lastId = 0;
  #wasConnected = false;
  #isClosed = false;

  constructor(options: IpcClientOptions) {
    this.#options = options;
    this.nodeName = options.nodeName;
    this.#log = options.log ?? silentLogger;
  }

  async call(request: CfsRequest, body?: Uint8Array): Promise<TransportReply> {
    const socket = this.#socket ?? (await this.#connect(request));
    return this.#send(socket, request, body);
  }

  watch(listener: (event: CfsEvent) => void): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) {
      if (this.#socket !== undefined) this.#post(this.#socket, { kind: "watch" });
      else this.#keepConnected();
    }
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retryTimer);
    const socket = this.#socket;
    this.#socket = undefined;
    this.#failCalls("the client was closed");
    if (socket === undefined || socket.destroyed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.once("close", () => resolve());
    socket.destroySoon();
    await promise;
  }

  #send(socket: Socket, request: CfsRequest, body: Uint8Array | undefined): Promise<TransportReply> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { request, body, resolve, reject });
      // A process with nothing but this connection may end; with a call under way it may not.
      socket.ref();
      this.#post(socket, { kind: "request", id, request }, body);
    });
  }

  #post(socket: Socket, message: ClientMessage, body?: Uint8Array): void {
    socket.write(encodeFrame(message, body));
  }

  async #connect(request: CfsRequest): Promise<Socket> {
    try {
      return await this.#connectOnce();
    } catch (cause) {
      const path = "path" in request ? request.path : "";
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new CfsError("EIO", path, `cannot ${request.op} ${path}: pmxcfs does not answer (${reason})`, { cause });
    }
  }

  /** All callers share one attempt. */
  #connectOnce(): Promise<Socket> {
    this.#connecting ??= this.#connectWithin(this.#options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS).finally(
      () => {
        this.#connecting = undefined;
      },
    );
    return this.#connecting;
  }

  async #connectWithin(timeoutMs: number): Promise<Socket> {
    const deadline = performance.now() + timeoutMs;
    while (true) {
      if (this.#isClosed) throw new Error("the client was closed");
      try {
        return await this.#greet(await this.#open());
      } catch (error) {
        if (!isAbsent(error) || performance.now() + RETRY_MS > deadline) throw error;
        // pmxcfs is starting: there is no event for that.
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  #open(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(this.#options.socketPath);
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(socket);
      });
    });
  }

  /** Waits for the server's hello; from then on the socket is in service. */
  #greet(socket: Socket): Promise<Socket> {
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    const reader = new FrameReader(MAX_SERVER_FRAME_BYTES);
    let isGreeted = false;
    const timer = setTimeout(() => socket.destroy(new Error("no hello came in time")), HELLO_TIMEOUT_MS);
    const take = ({ header, body }: Frame): void => {
      const message = serverMessageOf(header);
      if (message?.kind === "goodbye") socket.destroy(new GoodbyeError(message.reason));
      else if (message?.kind === "hello" && !isGreeted) {
        isGreeted = true;
        clearTimeout(timer);
        this.#enter(socket);
        resolve(socket);
      } else if (message !== undefined && isGreeted) this.#onMessage(message, body, socket);
    };
    let failure: Error | undefined;
    socket.on("data", (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk)) take(frame);
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    });
    socket.on("error", (error) => {
      failure = error;
    });
    socket.on("close", () => {
      clearTimeout(timer);
      // A server that stops between accept and hello is as good as none yet.
      if (!isGreeted) reject(failure ?? new AbsentError("the connection was closed"));
      else this.#leave(socket, failure);
    });
    const hello: ClientMessage = {
      kind: "hello",
      oldest: OLDEST_PROTOCOL_VERSION,
      newest: PROTOCOL_VERSION,
      client: process.title,
    };
    this.#post(socket, hello);
    return promise;
  }

  #enter(socket: Socket): void {
    this.#socket = socket;
    if (this.#listeners.size > 0) this.#post(socket, { kind: "watch" });
    socket.unref();
    if (!this.#wasConnected) {
      this.#wasConnected = true;
      return;
    }
    this.#log.info({}, "the connection to pmxcfs is back");
    this.#tell({ kind: "resync" });
  }

  #leave(socket: Socket, failure: Error | undefined): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    if (this.#isClosed) return;
    this.#log.warn({ error: failure?.message }, "the connection to pmxcfs was lost");
    this.#retryCalls();
    if (this.#listeners.size > 0) this.#keepConnected();
  }

  /** Questions are asked again. Nobody knows what became of a change: its caller has to look. */
  #retryCalls(): void {
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const { request, body, resolve, reject } of calls) {
      if (READ_ONLY_OPERATIONS.has(request.op)) {
        this.call(request, body).then(resolve, reject);
        continue;
      }
      const path = "path" in request ? request.path : "";
      const message = `cannot tell whether ${request.op} ${path} was done: pmxcfs went away`;
      reject(new CfsError("EIO", path, message));
    }
  }

  #failCalls(reason: string): void {
    for (const { request, reject } of this.#calls.values()) {
      const path = "path" in request ? request.path : "";
      reject(new CfsError("EIO", path, `cannot ${request.op} ${path}: ${reason}`));
    }
    this.#calls.clear();
  }

  /** For watchers: keeps trying, ever more slowly, until the client is closed. */
  #keepConnected(): void {
    if (this.#isClosed || this.#socket !== undefined) return;
    this.#connectOnce().catch((error: unknown) => {
      this.#log.warn({ error: String(error) }, "pmxcfs does not answer");
      this.#retryTimer = setTimeout(() => this.#keepConnected(), SLOW_RETRY_MS);
      this.#retryTimer.unref();
    });
  }

  #onMessage(message: ServerMessage, body: Uint8Array | undefined, socket: Socket): void {
    if (message.kind === "event") {
      this.#tell(message.event);
      return;
    }
    if (message.kind !== "reply") return;
    const call = this.#calls.get(message.id);
    this.#calls.delete(message.id);
    if (this.#calls.size === 0) socket.unref();
    const { reply } = message;
    call?.resolve(body === undefined ? { reply } : { reply, body });
  }

  #tell(event: CfsEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

/** The server refuses this client for good. */
class GoodbyeError extends Error {}

/** There is nobody yet: worth another attempt. */
class AbsentError extends Error {}

const ABSENT_CODES: ReadonlySet<unknown> = new Set(["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE", "EAGAIN"]);

function isAbsent(error: unknown): boolean {
  if (error instanceof AbsentError) return true;
  return error instanceof Error && "code" in error && ABSENT_CODES.has(error.code);
}
