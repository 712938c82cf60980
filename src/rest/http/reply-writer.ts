/** Writes replies of the dispatcher as HTTP. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Logger } from "../../log/logger.ts";
import type { ApiReply } from "../dispatch.ts";
import { contentTypeOf } from "../formatters.ts";
import type { RawResponse } from "../method.ts";
import { acceptsGzip, compressText } from "./compression.ts";

/** Called when the reply's head is written. */
export type OnHead = (status: number, bytes: number | undefined) => void;

type PlainReply = Extract<ApiReply, { kind: "bare" | "text" }>;

const SERVER = "pve-api-daemon/3.0";

let expires = { second: -1, text: "" };

/** The current second as an HTTP date. */
function httpDate(): string {
  const nowMs = Date.now();
  const second = Math.floor(nowMs / 1000);
  if (second !== expires.second) expires = { second, text: new Date(nowMs).toUTCString() };
  return expires.text;
}

/** Latin-1 bytes of UTF-8, control characters blank: what a status line can carry. */
export function safeReason(reason: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that must not get out.
  const clean = reason.replace(/[\u0000-\u001f\u007f]+/g, " ");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: anything beyond ASCII has to be encoded.
  return /^[\u0000-\u007f]*$/.test(clean) ? clean : Buffer.from(clean, "utf8").toString("latin1");
}

export interface WriteContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly onHead: OnHead;
  readonly compresses?: boolean;
}

export function writePlain(
  reply: PlainReply,
  { request, response, onHead, compresses = true }: WriteContext,
): void | Promise<void> {
  if (compresses && reply.kind === "text" && acceptsGzip(request.headers["accept-encoding"])) {
    const compressed = compressText(reply.text, reply.source);
    if (compressed instanceof Promise) return compressed.then((bytes) => send(reply, bytes, true, response, onHead));
    if (compressed !== undefined) {
      send(reply, compressed, true, response, onHead);
      return;
    }
  }
  send(reply, reply.kind === "text" ? reply.text : reply.body, false, response, onHead);
}

function send(
  reply: PlainReply,
  body: string | Buffer,
  isCompressed: boolean,
  response: ServerResponse,
  onHead: OnHead,
): void {
  if (response.destroyed) return;
  const { status } = reply;
  const length = typeof body === "string" ? Buffer.byteLength(body) : body.length;
  const headers = ["Server", SERVER, "Cache-Control", "max-age=0", "Expires", httpDate(), "Pragma", "no-cache"];
  if (reply.kind === "text") headers.push("Content-Type", contentTypeOf(reply.format));
  if (isCompressed) headers.push("Content-Encoding", "gzip");
  headers.push("Content-Length", String(length));
  if (status >= 400) response.shouldKeepAlive = false;
  onHead(status, length);
  if (status === 200) {
    response.writeHead(200, "OK", headers);
    response.end(body);
    return;
  }
  response.writeHead(status, safeReason(reply.reason), headers);
  // With a text Node would send the head in the text's encoding, and so encode the reason twice.
  response.end(typeof body === "string" ? Buffer.from(body) : body);
}

/** Downloads and event streams. A client that goes away ends the source. */
export async function writeRaw(
  raw: RawResponse,
  { response, onHead, log }: { response: ServerResponse; onHead: OnHead; log: Logger },
): Promise<void> {
  const isStream = raw.body instanceof Readable;
  const bytes = raw.body instanceof Readable ? undefined : Buffer.byteLength(raw.body);
  const headers: Record<string, string> = {
    Server: SERVER,
    "Cache-Control": "no-cache",
    "Content-Type": raw.contentType,
    "X-Content-Type-Options": "nosniff",
    ...(bytes === undefined ? {} : { "Content-Length": String(bytes) }),
    ...raw.headers,
  };
  onHead(200, bytes);
  response.writeHead(200, "OK", headers);
  if (!isStream) {
    response.end(raw.body);
    return;
  }
  response.flushHeaders();
  try {
    await pipeline(raw.body as Readable, response);
  } catch (error) {
    // The head is out, so the client sees a connection that ends early. A client that went away is no failure.
    if (!isGoneClient(error)) log.warn({ err: error }, "a download broke off");
  }
}

function isGoneClient(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ERR_STREAM_PREMATURE_CLOSE" || code === "ECONNRESET" || code === "EPIPE" || code === "ABORT_ERR";
}
