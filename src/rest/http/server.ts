/**
 * The HTTP server of pveproxy and pvedaemon: limits, transport rules, and the way from a request to the dispatcher, the
 * static files, another daemon, or a WebSocket. A slow or hostile client costs its own connection and nothing else.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { messageOf } from "../../errors/quorate-error.ts";
import type { Logger } from "../../log/logger.ts";
import type { Answer, ApiReply, ApiRequest, ConnectionMemo, Dispatcher } from "../dispatch.ts";
import { ApiError } from "../errors.ts";
import { isFormatName, printFailure, wireStatus } from "../formatters.ts";
import { isApiUrl, parseTarget } from "../request-target.ts";
import type { AccessLog } from "./access-log.ts";
import type { RealIpRule } from "./defaults-file.ts";
import type { Forwarder } from "./forwarder.ts";
import { OpenConnections } from "./open-connections.ts";
import { redirectPlainHttp } from "./plain-http.ts";
import { type OnHead, writePlain, writeRaw } from "./reply-writer.ts";
import { readRequestBody } from "./request-body.ts";
import type { StaticFiles } from "./static-files.ts";
import {
  bareReply,
  endSocket,
  hasBody,
  headerText,
  MAX_HEADER_BYTES,
  MAX_HEADER_LINES,
  refuseMalformed,
  refuseTransport,
} from "./transport-rules.ts";
import type { WebSocketBridge } from "./websocket-bridge.ts";

/** Certificate chain and key, PEM. */
export interface TlsIdentity {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

export interface TlsOptions {
  readonly ciphers?: string;
  readonly honorCipherOrder?: boolean;
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  readonly maxVersion?: "TLSv1.2" | "TLSv1.3";
  readonly dhparam?: string | Buffer;
}

export interface ApiServerDeps {
  readonly dispatcher: Dispatcher;
  readonly log: Logger;
  /** Absent: plain HTTP, for the daemon behind the proxy. */
  readonly tls?: { readonly identity: TlsIdentity; readonly options?: TlsOptions };
  /** Where calls go that do not run here; absent where everything does. */
  readonly forwarder?: Forwarder;
  readonly staticFiles?: StaticFiles;
  readonly accessLog?: AccessLog;
  readonly webSockets: WebSocketBridge;
  /** Where files that clients send are stored. */
  readonly uploadDir: string;
  /** Whether a peer may connect. */
  readonly isAllowed?: (address: string) => boolean;
  /** A reverse proxy in front that names the client. */
  readonly realIp?: RealIpRule;
  /** Whether replies may be compressed. Default: yes. */
  readonly compresses?: boolean;
  /** Believes the headers with which the proxy says whose request it is. */
  readonly trustsProxy: boolean;
  /** 401 answers leave no sooner than this after the request came. */
  readonly refusedLoginMs?: number;
  readonly limits?: Partial<ServerLimits>;
  /** Told of each request, for upkeep in quiet times. */
  readonly onRequest?: () => void;
}

export interface ServerLimits {
  readonly maxConnections: number;
  readonly maxConnectionsByAddress: number;
  /** From a connection or the previous answer to the end of the header. */
  readonly headerMs: number;
  readonly keepAliveMs: number;
  /** In the middle of a request or an answer, while nothing moves: longer than any method takes. */
  readonly stallMs: number;
}

const DEFAULT_LIMITS: ServerLimits = {
  maxConnections: 1500,
  maxConnectionsByAddress: 300,
  headerMs: 10_000,
  keepAliveMs: 5_000,
  stallMs: 300_000,
};

const REFUSED_LOGIN_MS = 3_000;
const STOP_MS = 5_000;

export class ApiServer {
  readonly #deps: ApiServerDeps;
  readonly #limits: ServerLimits;
  readonly #memos = new WeakMap<object, ConnectionMemo>();
  readonly #open = new OpenConnections();
  readonly #http: Server;
  /** Event streams and consoles: they last as long as their client does, so a stop does not wait for them. */
  readonly #lasting = new Set<Socket | Duplex>();
  /** Connections whose last request was refused for its form. */
  readonly #refused = new WeakSet<Duplex>();
  #isStopping = false;

  constructor(deps: ApiServerDeps) {
    this.#deps = deps;
    this.#limits = { ...DEFAULT_LIMITS, ...deps.limits };
    this.#http = this.#makeHttp();
    this.#http.maxConnections = this.#limits.maxConnections;
    if (deps.tls !== undefined) this.#redirectPlainHttp();
    this.#http.prependListener("connection", (socket: Socket) => this.#admit(socket));
  }

  listen(where: { readonly port: number; readonly host?: string } | { readonly path: string }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#http.once("error", reject);
      this.#http.listen(where, () => {
        this.#http.off("error", reject);
        this.#http.on("error", (error) => this.#deps.log.error({ err: error }, "the listener broke"));
        resolve();
      });
    });
  }

  /** The port, once listening on one. */
  get port(): number | undefined {
    const address = this.#http.address();
    return typeof address === "object" && address !== null ? address.port : undefined;
  }

  /** New connections get the new certificate. */
  renewIdentity({ cert, key }: TlsIdentity): void {
    if ("setSecureContext" in this.#http && typeof this.#http.setSecureContext === "function") {
      this.#http.setSecureContext({ ...this.#deps.tls?.options, ca: [], cert, key });
    }
  }

  /** Takes no more connections, lets requests that run finish for a while, then closes the rest. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    this.#http.closeIdleConnections();
    for (const socket of this.#lasting) socket.destroy();
    const timer = setTimeout(() => {
      this.#open.destroyAll();
    }, STOP_MS);
    await closed;
    clearTimeout(timer);
  }

  #makeHttp(): Server {
    const { tls } = this.#deps;
    const options = {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: this.#limits.headerMs,
      keepAliveTimeout: this.#limits.keepAliveMs,
      // Bodies have limits of their own: an upload may take hours.
      requestTimeout: 0,
      // A peer whose machine is gone is noticed even on an event stream.
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
      // Anything else that asks for an upgrade is answered as the plain request that it is too.
      shouldUpgradeCallback: ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === "websocket",
      connectionsCheckingInterval: Math.min(this.#limits.headerMs, 5_000),
    };
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => this.#onRequest(request, response);
    // Importing these modules by name costs 7 MB each.
    const http = process.getBuiltinModule("node:http");
    const server: Server =
      tls === undefined
        ? http.createServer(options, onRequest)
        : process.getBuiltinModule("node:https").createServer(
            {
              ...options,
              ...tls.options,
              ...tls.identity,
              // No client certificates are asked for, so no root certificates are needed.
              ca: [],
              // The protocol is what the request line says; offering less would refuse old clients in the handshake.
              ALPNProtocols: ["http/1.1", "http/1.0"],
              minVersion: tls.options?.minVersion ?? "TLSv1.2",
              handshakeTimeout: this.#limits.headerMs,
            },
            onRequest,
          );
    server.timeout = this.#limits.stallMs;
    server.maxHeadersCount = MAX_HEADER_LINES + 1;
    server.on("clientError", (error: Error, socket: Duplex) => {
      // What follows a request that was refused already gets no second answer: the first one ends the connection.
      if (!this.#refused.has(socket)) refuseMalformed(error, socket);
    });
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      void this.#onUpgrade(request, socket, head);
    });
    return server;
  }

  /** Looks at the first byte of each connection: what is not TLS is plain HTTP, which gets redirected. */
  #redirectPlainHttp(): void {
    const { headerMs } = this.#limits;
    const startTls = this.#http.listeners("connection");
    this.#http.removeAllListeners("connection");
    this.#http.on("connection", (socket: Socket) => {
      const timer = setTimeout(() => socket.destroy(), headerMs);
      socket.on("error", () => socket.destroy());
      socket.once("close", () => clearTimeout(timer));
      socket.once("data", (first: Buffer) => {
        clearTimeout(timer);
        socket.pause();
        socket.unshift(first);
        // A TLS record of type handshake.
        if (first[0] === 0x16) for (const start of startTls) start.call(this.#http, socket);
        else redirectPlainHttp(socket, headerMs);
        process.nextTick(() => socket.resume());
      });
    });
  }

  #admit(socket: Socket): void {
    const address = socket.remoteAddress ?? "";
    if (this.#deps.isAllowed?.(address) === false) {
      this.#deps.log.info({ address }, "refused a connection by the access rules");
      socket.destroy();
      return;
    }
    // The only client of the daemon is the proxy, which has counted already.
    const max = this.#deps.trustsProxy ? Number.POSITIVE_INFINITY : this.#limits.maxConnectionsByAddress;
    if (!this.#open.add(socket, address, max)) socket.destroy();
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const startedMs = performance.now();
    this.#deps.onRequest?.();
    if (this.#isStopping) response.shouldKeepAlive = false;
    const url = request.url ?? "/";
    const refusal = refuseTransport(request, url);
    if (refusal !== undefined) {
      this.#refused.add(request.socket);
      this.#write({ reply: refusal, authid: undefined }, request, response, startedMs);
      return;
    }
    if (!isApiUrl(url) && this.#deps.staticFiles !== undefined && request.method === "GET") {
      const onHead = this.#headLogger(request, undefined);
      this.#deps.staticFiles.serve(request, response, onHead).catch((error: unknown) => this.#crash(error, response));
      return;
    }
    try {
      const answer = this.#deps.dispatcher.dispatch(this.#toApiRequest(request, response));
      if (answer instanceof Promise) {
        answer.then(
          (settled) => this.#write(settled, request, response, startedMs),
          (error: unknown) => this.#crash(error, response),
        );
      } else this.#write(answer, request, response, startedMs);
    } catch (error) {
      this.#crash(error, response);
    }
  }

  #toApiRequest(request: IncomingMessage, response: ServerResponse | undefined): ApiRequest {
    const { headers, socket } = request;
    let memo = this.#memos.get(socket);
    if (memo === undefined) {
      memo = {};
      this.#memos.set(socket, memo);
    }
    return {
      verb: request.method ?? "",
      url: request.url ?? "/",
      cookie: headers.cookie,
      authorization: headers.authorization,
      csrfToken: headerText(headers.csrfpreventiontoken),
      contentType: headers["content-type"],
      hasBody: hasBody(request),
      clientAddress: this.#clientOf(request),
      isForwarded: headers.pvedisableproxy !== undefined,
      connection: memo,
      readBody: () => readRequestBody(request),
      signal: () => signalOf(response ?? socket),
    };
  }

  /** The address that a trusted proxy names, else the peer's. */
  #clientOf({ headers, socket }: IncomingMessage): string {
    const peer = socket.remoteAddress ?? "";
    if (this.#deps.trustsProxy) return headerText(headers.pveclientip) ?? peer;
    const { realIp } = this.#deps;
    if (realIp === undefined || !realIp.isTrusted(peer)) return peer;
    const named = headerText(headers[realIp.header])?.split(",")[0]?.trim() ?? "";
    return isIP(named) === 0 ? peer : named;
  }

  #write(answer: Answer, request: IncomingMessage, response: ServerResponse, startedMs: number): void {
    const wait = this.#delayOf(answer.reply, startedMs);
    const write = (): void | Promise<void> => this.#writeNow(answer, request, response, startedMs);
    const done = wait === undefined ? write() : wait.then(write);
    if (done instanceof Promise) done.catch((error: unknown) => this.#crash(error, response));
  }

  #writeNow(
    answer: Answer,
    request: IncomingMessage,
    response: ServerResponse,
    startedMs: number,
  ): void | Promise<void> {
    const { reply, onStatus } = answer;
    const logHead = this.#headLogger(request, answer.authid);
    const onHead: OnHead =
      onStatus === undefined
        ? logHead
        : (status, bytes) => {
            onStatus(reply.kind === "text" && reply.format !== "json" ? innerStatus(reply.text) : status);
            logHead(status, bytes);
          };
    switch (reply.kind) {
      case "bare":
      case "text":
        return writePlain(reply, { request, response, onHead, compresses: this.#deps.compresses !== false });
      case "raw":
        if (reply.response.contentType.startsWith("text/event-stream")) this.#keepAsLasting(request.socket);
        return writeRaw(reply.response, { response, onHead, log: this.#deps.log });
      case "forward":
        return this.#forward(reply, request, response, { onHead, startedMs }).then(() => {});
      case "upload":
        return this.#upload(reply, request, response, { onHead, startedMs, authid: answer.authid });
      case "websocket":
        return writePlain(bareReply(426, "Upgrade Required"), { request, response, onHead });
      default:
        reply satisfies never;
    }
  }

  async #forward(
    reply: Extract<ApiReply, { kind: "forward" }> & { readonly contentType?: string },
    request: IncomingMessage,
    response: ServerResponse,
    { onHead, startedMs, onData }: { onHead: OnHead; startedMs: number; onData?: (chunk: Buffer) => void },
  ): Promise<number> {
    const { forwarder, log } = this.#deps;
    if (forwarder === undefined) throw new TypeError("nothing to forward a call with");
    try {
      return await forwarder.forward({
        request,
        response,
        node: reply.node,
        body: reply.body,
        ...(reply.contentType === undefined ? {} : { contentType: reply.contentType }),
        clientAddress: this.#clientOf(request),
        onHead,
        ...(onData === undefined ? {} : { onData }),
        delay: (status) => (status === 401 ? this.#waitFrom(startedMs) : undefined),
      });
    } catch (error) {
      log.warn({ err: error, node: reply.node, url: request.url }, "cannot forward a call");
      const status = error instanceof ApiError ? error.status : 500;
      await writePlain(failedReply(request.url ?? "", status, messageOf(error)), { request, response, onHead });
      return status;
    }
  }

  async #upload(
    reply: Extract<ApiReply, { kind: "upload" }>,
    request: IncomingMessage,
    response: ServerResponse,
    context: { onHead: OnHead; startedMs: number; authid: string | undefined },
  ): Promise<void> {
    // The parser is needed by the first upload, not by the start.
    const { readRest, receiveUpload } = await import("./upload.ts");
    response.shouldKeepAlive = false;
    let received: Awaited<ReturnType<typeof receiveUpload>>;
    try {
      received = await receiveUpload(request, this.#deps.uploadDir, this.#deps.log);
    } catch (error) {
      if (request.socket.destroyed) {
        this.#deps.log.info({ err: error, url: request.url }, "an upload broke off");
        response.destroy();
        return;
      }
      const { reply: refusal } = reply.fail(error);
      await readRest(request);
      if (refusal.kind === "text") await writePlain(refusal, { request, response, onHead: context.onHead });
      return;
    }
    const answer = await reply.finish(received.params);
    let isTaken = false;
    const onHead: OnHead = (status, bytes) => {
      isTaken = status === 200;
      context.onHead(status, bytes);
    };
    // In the formats for browsers a refusal is a 200 as well, and says so in its first characters.
    const onData = (chunk: Buffer): void => {
      if (/^\{(?:"|&quot;)success(?:"|&quot;):0/.test(chunk.toString("latin1", 0, 40))) isTaken = false;
    };
    if (answer.reply.kind === "forward") {
      const form = { ...answer.reply, contentType: "application/x-www-form-urlencoded" };
      await this.#forward(form, request, response, { onHead, startedMs: context.startedMs, onData });
    } else if (answer.reply.kind === "text" || answer.reply.kind === "bare") {
      await writePlain(answer.reply, { request, response, onHead });
      if (answer.reply.kind === "text") onData(Buffer.from(answer.reply.text));
    }
    // Accepted: the file is the method's from now on.
    if (!isTaken) await received.discard();
  }

  async #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on("error", () => socket.destroy());
    const onHead = this.#headLogger(request, undefined);
    try {
      const answer = await this.#deps.dispatcher.dispatch(this.#toApiRequest(request, undefined));
      const { reply } = answer;
      if (reply.kind === "websocket") {
        const stream = await reply.open();
        this.#headLogger(request, answer.authid)(101, undefined);
        this.#keepAsLasting(socket);
        await this.#deps.webSockets.join(request, socket, head, stream);
        return;
      }
      const isRefusal = (reply.kind === "bare" || reply.kind === "text") && reply.status >= 400;
      const status = isRefusal ? reply.status : 501;
      onHead(status, 0);
      endSocket(socket, status, isRefusal ? reply.reason : "this path has no WebSocket");
    } catch (error) {
      const status = error instanceof ApiError ? error.status : 500;
      this.#deps.log.warn({ err: error, url: request.url?.split("?")[0] }, "cannot open a WebSocket");
      onHead(status, 0);
      endSocket(socket, status, messageOf(error).split("\n")[0] ?? "");
    }
  }

  #keepAsLasting(socket: Socket | Duplex): void {
    // Silence is normal here.
    if ("setTimeout" in socket) socket.setTimeout(0);
    this.#lasting.add(socket);
    socket.once("close", () => this.#lasting.delete(socket));
  }

  #headLogger(request: IncomingMessage, authid: string | undefined): OnHead {
    const { accessLog } = this.#deps;
    if (accessLog === undefined) return () => {};
    return (status, bytes) => {
      accessLog.add({
        clientAddress: this.#clientOf(request) || "-",
        authid,
        verb: request.method ?? "",
        url: request.url ?? "",
        httpVersion: request.httpVersion,
        status,
        bytes,
      });
    };
  }

  #delayOf(reply: ApiReply, startedMs: number): Promise<void> | undefined {
    return (reply.kind === "bare" || reply.kind === "text") && reply.status === 401
      ? this.#waitFrom(startedMs)
      : undefined;
  }

  /** Until refused logins may be answered: guessing has to be slow. */
  #waitFrom(startedMs: number): Promise<void> | undefined {
    const restMs = (this.#deps.refusedLoginMs ?? REFUSED_LOGIN_MS) - (performance.now() - startedMs);
    return restMs <= 0 || this.#deps.trustsProxy ? undefined : new Promise((resolve) => setTimeout(resolve, restMs));
  }

  /** A fault of ours: logged with its stack, and the client gets as much of an answer as can still be given. */
  #crash(error: unknown, response: ServerResponse): void {
    this.#deps.log.error({ err: error }, "a request broke");
    if (response.headersSent) response.destroy();
    else response.writeHead(500, "internal error", { Connection: "close", "Content-Length": "0" }).end();
  }
}

/** With a body like every failure of a method: clients read it whoever has failed. */
function failedReply(url: string, status: number, message: string): Extract<ApiReply, { kind: "text" | "bare" }> {
  const [firstLine = ""] = message.split("\n");
  const { format } = parseTarget(url) ?? {};
  if (format === undefined || !isFormatName(format)) return bareReply(status, firstLine);
  const text = printFailure(format, { status, message: `${message}\n` });
  const onWire = wireStatus(format, status);
  return { kind: "text", status: onWire, reason: onWire === 200 ? "OK" : firstLine, format, text, source: undefined };
}

/** The status inside an extjs answer. */
function innerStatus(text: string): number {
  const status = /"status":(\d{3})/.exec(text)?.[1];
  return status === undefined ? 200 : Number(status);
}

function signalOf(closing: ServerResponse | Socket | TLSSocket): AbortSignal {
  const controller = new AbortController();
  closing.once("close", () => controller.abort());
  return controller.signal;
}
