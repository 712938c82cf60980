/** Joins a WebSocket with a byte stream, both ways, each side held back by the other's pace. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocket, WebSocketServer } from "ws";
import type { Logger } from "../../log/logger.ts";

/** Frames above this end the connection. */
const MAX_FRAME_BYTES = 128 * 1024;
/** Bytes waiting for the client at which the stream is paused, and at which it goes on. */
const PAUSE_BYTES = 1024 * 1024;
const RESUME_BYTES = 256 * 1024;
const PING_MS = 30_000;

export class WebSocketBridge {
  readonly #log: Logger;
  #server: Promise<WebSocketServer> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Completes the handshake and joins; `stream` is ended with the WebSocket and the reverse. */
  async join(request: IncomingMessage, socket: Duplex, head: Buffer, stream: Duplex): Promise<void> {
    this.#server ??= import("ws").then(
      ({ WebSocketServer: Server }) =>
        new Server({
          noServer: true,
          perMessageDeflate: false,
          maxPayload: MAX_FRAME_BYTES,
          handleProtocols: (protocols) => (protocols.has("binary") ? "binary" : false),
        }),
    );
    const server = await this.#server;
    server.handleUpgrade(request, socket, head, (webSocket) => this.#couple(webSocket, stream));
    // A handshake that was refused never calls back.
    if (socket.destroyed || socket.writableEnded) stream.destroy();
  }

  #couple(webSocket: WebSocket, stream: Duplex): void {
    let isAlive = true;
    const ping = setInterval(() => {
      if (!isAlive) webSocket.terminate();
      isAlive = false;
      if (webSocket.readyState === webSocket.OPEN) webSocket.ping();
    }, PING_MS);
    webSocket.on("pong", () => {
      isAlive = true;
    });
    stream.on("data", (chunk: Buffer) => {
      webSocket.send(chunk, { binary: true }, () => {
        if (stream.isPaused() && webSocket.bufferedAmount < RESUME_BYTES) stream.resume();
      });
      if (webSocket.bufferedAmount > PAUSE_BYTES) stream.pause();
    });
    stream.on("end", () => webSocket.close(1000));
    stream.on("error", (error) => {
      this.#log.debug({ err: error }, "a console's stream ended");
      webSocket.close(1011);
    });
    stream.on("close", () => webSocket.close(1000));
    webSocket.on("message", (data: Buffer) => {
      isAlive = true;
      if (!stream.writable || stream.write(data)) return;
      webSocket.pause();
      stream.once("drain", () => webSocket.resume());
    });
    webSocket.on("error", (error) => this.#log.debug({ err: error }, "a WebSocket broke off"));
    webSocket.on("close", () => {
      clearInterval(ping);
      stream.destroy();
    });
  }
}
