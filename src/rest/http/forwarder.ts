/**
 * Sends a call on: to the privileged daemon of this node, or to another node, whose certificate must be the known one.
 * Headers and body go through unchanged; what answers is streamed back with back-pressure.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Dispatcher as Client, Pool } from "undici";
import type { Logger } from "../../log/logger.ts";
import { ApiError } from "../errors.ts";
import { type OnHead, safeReason } from "./reply-writer.ts";

export interface NodeAddress {
  readonly host: string;
  readonly port: number;
  /** SHA-256 of its certificate: `AB:CD:…`. */
  readonly fingerprint: string;
}

export interface ForwarderDeps {
  readonly daemon: { readonly port: number } | { readonly socket: string };
  /** @throws Error `hostname lookup '<node>' failed - …` for a node that is not known. */
  readonly resolveNode: (node: string) => Promise<NodeAddress>;
  readonly log: Logger;
}

export interface ForwardedCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Undefined: the daemon of this node. */
  readonly node: string | undefined;
  readonly body: Buffer | undefined;
  /** Replaces the request's own, for a body that was made here. */
  readonly contentType?: string;
  readonly clientAddress: string;
  readonly onHead: OnHead;
  /** Sees the answer's body as it passes. */
  readonly onData?: (chunk: Buffer) => void;
  /** Resolves when an answer with this status may be sent. */
  readonly delay: (status: number) => Promise<void> | undefined;
}

const CONNECTIONS = 64;
/** Methods that take longer start a task. */
const DAEMON_TIMEOUT_MS = 120_000;
const NODE_TIMEOUT_MS = 30_000;
/** Silence in the middle of an answer. */
const BODY_TIMEOUT_MS = 300_000;

/** How long a daemon may be away, and how often it is looked for. */
const RESTART_MS = 3_000;
const RECONNECT_MS = 50;

const COPIED_REQUEST_HEADERS = [
  "cookie",
  "authorization",
  "csrfpreventiontoken",
  "content-type",
  "accept-encoding",
  "host",
];
const COPIED_REPLY_HEADERS = [
  "server",
  "cache-control",
  "expires",
  "pragma",
  "content-type",
  "content-encoding",
  "content-length",
  "content-disposition",
  "x-content-type-options",
];

export class Forwarder {
  readonly #deps: ForwarderDeps;
  #daemon: Promise<Pool> | undefined;
  readonly #nodes = new Map<string, { fingerprint: string; pool: Pool }>();

  constructor(deps: ForwarderDeps) {
    this.#deps = deps;
  }

  /** @returns the status that the client got. @throws ApiError 595, 596 or 599 when nothing was answered. */
  async forward(call: ForwardedCall): Promise<number> {
    if (call.node !== undefined) return await send(await this.#nodePool(call.node), call, this.#deps.log);
    const pool = await this.#daemonPool();
    const untilMs = performance.now() + RESTART_MS;
    for (;;) {
      try {
        return await send(pool, call, this.#deps.log);
      } catch (error) {
        // Nothing was sent where nobody listens. A daemon that restarts is back in a moment.
        const isAway = error instanceof ApiError && error.status === 595;
        if (!isAway || performance.now() > untilMs || call.response.destroyed) throw error;
        await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
      }
    }
  }

  async close(): Promise<void> {
    const pools = [...this.#nodes.values()].map(({ pool }) => pool);
    if (this.#daemon !== undefined) pools.push(await this.#daemon);
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  #daemonPool(): Promise<Pool> {
    const { daemon } = this.#deps;
    this.#daemon ??= import("undici").then(
      ({ Pool }) =>
        new Pool(`http://localhost:${"port" in daemon ? daemon.port : 80}`, {
          ...("socket" in daemon ? { socketPath: daemon.socket } : {}),
          connections: CONNECTIONS,
          headersTimeout: DAEMON_TIMEOUT_MS,
          bodyTimeout: BODY_TIMEOUT_MS,
        }),
    );
    return this.#daemon;
  }

  async #nodePool(node: string): Promise<Pool> {
    const { host, port, fingerprint } = await this.#deps.resolveNode(node);
    const origin = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
    const known = this.#nodes.get(origin);
    if (known?.fingerprint === fingerprint) return known.pool;
    const { buildConnector, Pool } = await import("undici");
    // The pin replaces the chain: a node's certificate is signed by the cluster's own authority.
    const connect = buildConnector({ rejectUnauthorized: false, timeout: NODE_TIMEOUT_MS });
    const pool = new Pool(origin, {
      connections: CONNECTIONS,
      headersTimeout: NODE_TIMEOUT_MS,
      bodyTimeout: BODY_TIMEOUT_MS,
      connect: (options, callback) => {
        connect(options, (...[error, socket]) => {
          if (error !== null) {
            callback(error, null);
            return;
          }
          const got = "getPeerCertificate" in socket ? socket.getPeerCertificate().fingerprint256 : undefined;
          if (got === fingerprint) {
            callback(null, socket);
            return;
          }
          socket.destroy();
          callback(new Error(`the certificate of node '${node}' has another fingerprint than the cluster knows`), null);
        });
      },
    });
    this.#nodes.set(origin, { fingerprint, pool });
    if (known !== undefined) void known.pool.close();
    return pool;
  }
}

function send(pool: Pool, call: ForwardedCall, log: Logger): Promise<number> {
  const { request, response, body } = call;
  return new Promise((resolve, reject) => {
    let status = 0;
    const onClose = (): void => {
      if (!response.writableFinished) abort?.(new Error("the client went away"));
    };
    let abort: ((reason: Error) => void) | undefined;
    const handler: Client.DispatchHandler = {
      onRequestStart(controller) {
        abort = (reason) => controller.abort(reason);
        if (response.destroyed) onClose();
      },
      onResponseStart(controller, statusCode, headers, statusMessage) {
        status = statusCode;
        const write = (): void => writeHead(call, statusCode, headers, statusMessage ?? "");
        const wait = call.delay(statusCode);
        if (wait === undefined) {
          write();
          return;
        }
        controller.pause();
        void wait.then(() => {
          write();
          controller.resume();
        });
      },
      onResponseData(controller, chunk) {
        call.onData?.(chunk);
        if (response.write(chunk)) return;
        controller.pause();
        response.once("drain", () => controller.resume());
      },
      onResponseEnd() {
        response.off("close", onClose);
        response.end();
        resolve(status);
      },
      onResponseError(_controller, error) {
        response.off("close", onClose);
        if (!response.headersSent) {
          reject(forwardError(error));
          return;
        }
        if (!response.destroyed) log.warn({ err: error, url: request.url }, "a forwarded answer broke off");
        response.destroy();
        resolve(status);
      },
    };
    response.on("close", onClose);
    pool.dispatch(
      {
        path: request.url ?? "/",
        method: (request.method ?? "GET") as Client.HttpMethod,
        headers: requestHeaders(call),
        body: body ?? null,
      },
      handler,
    );
  });
}

function requestHeaders({ request, clientAddress, contentType }: ForwardedCall): Record<string, string> {
  const headers: Record<string, string> = { PVEDisableProxy: "true", PVEClientIP: clientAddress };
  for (const name of COPIED_REQUEST_HEADERS) {
    const value = request.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  if (contentType !== undefined) headers["content-type"] = contentType;
  return headers;
}

function writeHead(call: ForwardedCall, status: number, from: IncomingHttpHeaders, reason: string): void {
  const { response, onHead } = call;
  if (response.destroyed) return;
  const headers: Record<string, string> = {};
  for (const name of COPIED_REPLY_HEADERS) {
    const value = from[name];
    if (typeof value === "string") headers[name] = value;
  }
  const length = headers["content-length"];
  if (status >= 400) response.shouldKeepAlive = false;
  onHead(status, length === undefined ? undefined : Number(length));
  response.writeHead(status, safeReason(reason), headers);
}

/** Connecting failed: 595; silence: 596; anything else: 599. */
function forwardError(error: Error): ApiError {
  const code = "code" in error ? String(error.code) : "";
  if (["ECONNREFUSED", "ENOENT", "EHOSTUNREACH", "ENETUNREACH", "EACCES"].includes(code)) {
    return new ApiError(595, "Connection refused", undefined, { cause: error });
  }
  if (code === "UND_ERR_CONNECT_TIMEOUT" || code === "UND_ERR_HEADERS_TIMEOUT") {
    return new ApiError(596, "Connection timed out", undefined, { cause: error });
  }
  return new ApiError(599, error.message, undefined, { cause: error });
}
