/** Plain HTTP on the TLS port: tells the client where to go and closes. */
import type { Socket } from "node:net";
import { safeReason } from "./reply-writer.ts";

const MAX_HEADER_BYTES = 8192;

/** @param timeoutMs until the whole header must have arrived. */
export function redirectPlainHttp(socket: Socket, timeoutMs: number): void {
  let header = "";
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  socket.once("close", () => clearTimeout(timer));
  const onData = (chunk: Buffer): void => {
    header += chunk.toString("latin1");
    if (header.includes("\r\n\r\n") || header.includes("\n\n") || header.length > MAX_HEADER_BYTES) {
      socket.off("data", onData);
      socket.end(answerTo(header), "latin1");
    }
  };
  socket.on("data", onData);
}

/** 301 keeps GET and HEAD, 308 any method. Without a host there is nowhere to send the client. */
function answerTo(header: string): string {
  const [, method, uri] = /^([A-Z]+) (\/\S*) HTTP\/1\.[01]\r?\n/.exec(header) ?? [];
  const [, host] = /^host:[ \t]*([A-Za-z0-9.:[\]_-]+)[ \t]*\r?$/im.exec(header) ?? [];
  if (method === undefined || uri === undefined || host === undefined) {
    return "HTTP/1.1 400 bad request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  }
  const status = method === "GET" || method === "HEAD" ? "301 Moved Permanently" : "308 Permanent Redirect";
  return `HTTP/1.1 ${status}\r\nLocation: https://${host}${safeReason(uri)}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
}
