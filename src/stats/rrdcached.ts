/**
 * The daemon that writes RRD files: its command line, and a client of its socket. One connection per exchange, all
 * commands sent at once, answers in order (rrdcached(1)).
 */
import { createConnection, type Socket } from "node:net";
import { QuorateError } from "../errors/quorate-error.ts";
import type { Layout } from "../os/layout.ts";

/** The daemon is not there, or did not answer in time. */
export class RrdCachedUnreachableError extends QuorateError {
  readonly code = "rrdcached-unreachable";
}

/** Seconds: updates wait up to so long, spread over so long; unused files are looked through so often. */
const WRITE_AFTER_SECONDS = 300;
const SPREAD_SECONDS = 60;
const FLUSH_DEAD_SECONDS = 3600;

/**
 * What the supervisor runs, in the foreground. The database, journal and run directories exist before; stale socket and
 * pid files are removed before; SIGTERM ends it and flushes.
 */
export function rrdcachedCommand(layout: Layout): string[] {
  return [
    "rrdcached",
    "-g",
    // Mode of the socket: it has to come before the socket.
    ...["-m", "0660"],
    ...["-l", `unix:${layout.rrdcachedSocket}`],
    // Nothing outside the database; folders are made as files are.
    ...["-b", layout.rrdDir, "-B", "-R"],
    ...["-j", layout.rrdJournalDir],
    ...["-p", layout.rrdcachedPid],
    ...["-w", String(WRITE_AFTER_SECONDS), "-z", String(SPREAD_SECONDS), "-f", String(FLUSH_DEAD_SECONDS)],
    // Flush everything at the end.
    "-F",
    ...["-V", "LOG_WARNING"],
  ];
}

export interface RrdReply {
  /** Negative: refused. */
  readonly status: number;
  readonly text: string;
  readonly lines: readonly string[];
}

const TIMEOUT_MS = 5_000;
/** rrdcached cuts longer lines. */
const MAX_LINE_BYTES = 4096;

export class RrdCachedClient {
  readonly #socketPath: string;
  readonly #timeoutMs: number;

  constructor(socketPath: string, options: { readonly timeoutMs?: number } = {}) {
    this.#socketPath = socketPath;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  }

  /**
   * Sends commands and gives one reply each.
   * @throws RrdCachedUnreachableError
   */
  run(commands: readonly string[]): Promise<RrdReply[]> {
    if (commands.length === 0) return Promise.resolve([]);
    for (const command of commands) assertLine(command);
    return this.#exchange(`${commands.join("\n")}\nQUIT\n`, commands.length);
  }

  /**
   * Sends many commands as one.
   * @returns what was refused: `<number of the command, from 1> <why>`.
   * @throws RrdCachedUnreachableError
   */
  async batch(commands: readonly string[]): Promise<readonly string[]> {
    if (commands.length === 0) return [];
    for (const command of commands) assertLine(command);
    const replies = await this.#exchange(`BATCH\n${commands.join("\n")}\n.\nQUIT\n`, 2);
    return replies[1]?.lines ?? [];
  }

  #exchange(text: string, replyCount: number): Promise<RrdReply[]> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(this.#socketPath);
      const reader = new ReplyReader();
      const timer = setTimeout(() => fail(`no answer within ${this.#timeoutMs} ms`), this.#timeoutMs);
      const settle = (): void => {
        clearTimeout(timer);
        socket.destroy();
      };
      const fail = (why: string, cause?: unknown): void => {
        settle();
        reject(new RrdCachedUnreachableError(`cannot reach rrdcached at ${this.#socketPath}: ${why}`, { cause }));
      };
      socket.setEncoding("latin1");
      socket.on("error", (error: Error) => fail(error.message, error));
      socket.on("data", (chunk: string) => {
        reader.push(chunk);
        if (reader.replies.length < replyCount) return;
        settle();
        resolve(reader.replies.slice(0, replyCount));
      });
      socket.on("end", () => {
        if (reader.replies.length < replyCount) fail("it closed the connection");
      });
      send(socket, text);
    });
  }
}

function send(socket: Socket, text: string): void {
  socket.write(text, "latin1");
}

function assertLine(command: string): void {
  const isLine = command.length > 0 && command.length < MAX_LINE_BYTES && !command.includes("\n") && command !== ".";
  if (!isLine) throw new TypeError("rrdcached: a command is one line of at most 4 KiB");
}

/** `N text`, then N lines when N is positive. */
class ReplyReader {
  readonly replies: RrdReply[] = [];
  #partial = "";
  #open: { status: number; text: string; lines: string[] } | undefined;

  push(chunk: string): void {
    const lines = (this.#partial + chunk).split("\n");
    this.#partial = lines.pop() ?? "";
    for (const line of lines) this.#take(line);
  }

  #take(line: string): void {
    if (this.#open !== undefined) {
      this.#open.lines.push(line);
      if (this.#open.lines.length >= this.#open.status) this.#close(this.#open);
      return;
    }
    const [, digits = "-1", text = ""] = /^(-?\d+) ?(.*)$/.exec(line) ?? [];
    const reply = { status: Number(digits), text, lines: [] };
    if (reply.status > 0) this.#open = reply;
    else this.replies.push(reply);
  }

  #close(reply: RrdReply): void {
    this.replies.push(reply);
    this.#open = undefined;
  }
}
