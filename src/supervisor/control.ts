/**
 * How the supervisor is asked: a Unix socket (0600), one JSON request a connection, answered by JSON lines of which the
 * last has `done` or `error`. Unknown fields are ignored on both sides.
 */
import { chmodSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { messageOf } from "../errors/quorate-error.ts";
import type { Logger } from "../log/logger.ts";
import type { DaemonReport, Supervisor } from "./supervisor.ts";

export type ControlRequest =
  | { readonly command: "status" }
  | { readonly command: "stop" }
  | { readonly command: "start-daemon" | "stop-daemon" | "restart-daemon"; readonly daemon: string };

export interface StatusReply {
  readonly pid: number;
  readonly isReady: boolean;
  /** Why the start failed, if it did. */
  readonly failure?: string;
  readonly release: string;
  readonly port: number;
  readonly daemons: readonly DaemonReport[];
}

export interface ControlServerOptions {
  readonly socket: string;
  readonly supervisor: Supervisor;
  readonly status: () => StatusReply;
  /** After a stop was carried out and answered. */
  readonly onStopped: () => void;
  readonly log: Logger;
}

const REQUEST_TIMEOUT_MS = 5_000;
/** The longest request names a daemon. */
const MAX_REQUEST_LENGTH = 4096;

export function serveControl(options: ControlServerOptions): Promise<Server> {
  const { socket } = options;
  // Only one supervisor runs (its pid file says so, and one `up` at a time starts one): what lies here is a dead one's.
  rmSync(socket, { force: true });
  const server = createServer((client) => serveClient(client, options));
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const mask = process.umask(0o177);
    server.listen(socket, () => {
      process.umask(mask);
      chmodSync(socket, 0o600);
      resolve(server);
    });
  });
}

/** A client may go away at any moment, with its request half sent or its answer not read: that is its own affair. */
function serveClient(client: Socket, options: ControlServerOptions): void {
  client.setTimeout(REQUEST_TIMEOUT_MS, () => client.destroy());
  client.on("error", (error) => options.log.debug({ err: error }, "a client of the control socket went away"));
  client.setEncoding("utf8");
  let text = "";
  const read = (chunk: string): void => {
    text += chunk;
    const end = text.indexOf("\n");
    if (end === -1 && text.length <= MAX_REQUEST_LENGTH) return;
    // What comes behind the first line is not looked at.
    client.off("data", read);
    client.setTimeout(0);
    if (end === -1) client.destroy();
    else void answer(client, text.slice(0, end), options);
  };
  client.on("data", read);
}

async function answer(client: Socket, line: string, options: ControlServerOptions): Promise<void> {
  const reply = (value: object): boolean => client.writable && client.write(`${JSON.stringify(value)}\n`);
  try {
    const request = parseRequest(line);
    reply({ done: true, ...(await carryOut(request, options, reply)) });
    client.end();
    if (request.command === "stop") options.onStopped();
  } catch (error) {
    options.log.warn({ err: error }, "a request was refused");
    reply({ error: messageOf(error) });
    client.end();
  }
}

async function carryOut(
  request: ControlRequest,
  { supervisor, status }: ControlServerOptions,
  progress: (value: object) => void,
): Promise<object> {
  switch (request.command) {
    case "status":
      return status();
    case "stop":
      await supervisor.stop((name) => progress({ stopped: name }));
      return {};
    case "start-daemon":
      await supervisor.find(request.daemon).start();
      return {};
    case "stop-daemon":
      await supervisor.find(request.daemon).stop();
      return {};
    case "restart-daemon":
      await supervisor.find(request.daemon).restart();
      return {};
    default:
      return request satisfies never;
  }
}

/** @throws Error for anything else than a request. */
export function parseRequest(line: string): ControlRequest {
  const value: unknown = JSON.parse(line);
  if (typeof value === "object" && value !== null && "command" in value) {
    const { command } = value;
    if (command === "status" || command === "stop") return { command };
    if (command === "start-daemon" || command === "stop-daemon" || command === "restart-daemon") {
      if ("daemon" in value && typeof value.daemon === "string") return { command, daemon: value.daemon };
      throw new Error(`'${command}' needs a daemon`);
    }
  }
  throw new Error("unknown request");
}

/** Nobody listens on the control socket. */
export class NoSupervisorError extends Error {}

/**
 * Asks the supervisor and waits for its last line.
 * @throws NoSupervisorError, or Error with the supervisor's refusal.
 */
export function askSupervisor(
  socket: string,
  request: ControlRequest,
  { timeoutMs, onProgress }: { readonly timeoutMs: number; readonly onProgress?: (value: object) => void },
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const client = connect(socket);
    const timer = setTimeout(() => {
      client.destroy();
      reject(new Error(`the supervisor did not answer '${request.command}' within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    client.once("connect", () => client.write(`${JSON.stringify(request)}\n`));
    client.once("error", (error) => {
      clearTimeout(timer);
      reject(new NoSupervisorError(`no supervisor answers on ${socket}`, { cause: error }));
    });
    client.once("close", () => {
      clearTimeout(timer);
      reject(new NoSupervisorError("the supervisor ended before it answered"));
    });
    // The reader repeats the socket's errors, which are dealt with above.
    createInterface({ input: client })
      .on("error", () => {})
      .on("line", (line) => {
        const value: unknown = JSON.parse(line);
        if (typeof value !== "object" || value === null) return;
        if ("error" in value) reject(new Error(String(value.error)));
        else if ("done" in value) resolve({ ...value });
        else onProgress?.(value);
      });
  });
}
