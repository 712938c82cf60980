/** What HTTP itself is refused for, before anybody asks what the request wants. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { ApiReply } from "../dispatch.ts";
import { isApiUrl } from "../request-target.ts";
import { safeReason } from "./reply-writer.ts";
import { MAX_BODY_BYTES } from "./request-body.ts";

export const MAX_HEADER_BYTES = 8192;
export const MAX_HEADER_LINES = 64;
/** How long a refused client may take to read why. */
const LINGER_MS = 1_000;

type BareReply = Extract<ApiReply, { kind: "bare" }>;

export function bareReply(status: number, reason: string): BareReply {
  return { kind: "bare", status, reason, body: "" };
}

export function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers["content-length"];
  return length !== undefined && length !== "0";
}

/** What is refused whoever asks. */
export function refuseTransport(request: IncomingMessage, url: string): BareReply | undefined {
  const { headers, method } = request;
  if (request.rawHeaders.length > 2 * MAX_HEADER_LINES) return bareReply(400, "too many http header lines (> 64)");
  if (headers["transfer-encoding"] !== undefined) return bareReply(501, "chunked transfer encoding not supported");
  if (!hasBody(request))
    return isApiUrl(url) || method === "GET" ? undefined : bareReply(501, `method '${method}' not available`);
  if (method === "GET" || method === "DELETE") return bareReply(501, `Unexpected content for method '${method}'`);
  const isUpload = headers["content-type"]?.startsWith("multipart/form-data") === true;
  if (!isUpload && Number(headers["content-length"]) > MAX_BODY_BYTES) return bareReply(501, "for data too large");
  return undefined;
}

export function refuseMalformed(error: Error, socket: Duplex): void {
  if (socket.destroyed || !socket.writable) return;
  const code = "code" in error ? String(error.code) : "";
  // Without a handshake there is no channel for an answer.
  if (code === "ECONNRESET" || code === "EPIPE" || /^ERR_(?:SSL|TLS)/.test(code)) {
    socket.destroy();
    return;
  }
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") endSocket(socket, 408, "Request Timeout");
  else if (code === "HPE_HEADER_OVERFLOW") endSocket(socket, 400, "http header too large");
  else if (code.startsWith("HPE_INVALID_HEADER")) endSocket(socket, 506, "unable to parse http header");
  else endSocket(socket, 400, "bad request");
}

export function endSocket(socket: Duplex, status: number, reason: string): void {
  socket.end(`HTTP/1.1 ${status} ${safeReason(reason)}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, "latin1");
  // A client that does not read must not keep the socket.
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(timer));
}
