/**
 * One connection to a QEMU monitor or a guest agent: requests out, answers matched by id, events to whoever listens.
 * It never connects anew by itself: a lost connection fails what waits, and the caller decides.
 */
import { connect, type Socket } from "node:net";
import { QmpClosedError, QmpCommandError, QmpTimeoutError } from "./errors.ts";
import { JsonLines } from "./json-lines.ts";
import { commandTimeoutMs } from "./limits.ts";

export interface QmpEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface ExecuteOptions {
  /** Default: the command's own limit. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface ConnectOptions {
  readonly path: string;
  /** Who is at the other end, for messages, e.g. `VM 100`. */
  readonly peer: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

interface Waiter {
  readonly command: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class JsonConnection {
  readonly peer: string;
  readonly #socket: Socket;
  readonly #lines = new JsonLines();
  readonly #waiters = new Map<string, Waiter>();
  readonly #eventListeners = new Set<(event: QmpEvent) => void>();
  readonly #messageListeners = new Set<(message: Record<string, unknown>) => void>();
  #nextId = 1;
  #closedBy: Error | undefined;

  private constructor(socket: Socket, peer: string) {
    this.#socket = socket;
    this.peer = peer;
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    // ECONNRESET is how a QEMU that quits ends its monitor.
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(undefined));
  }

  /** @throws QmpClosedError when nobody listens, QmpTimeoutError when the queue of connections does not move. */
  static open({ path, peer, timeoutMs, signal }: ConnectOptions): Promise<JsonConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      const settle = (action: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        socket.removeAllListeners();
        action();
      };
      const fail = (error: Error): void =>
        settle(() => {
          socket.on("error", () => {}); // Already failed: what comes after adds nothing.
          socket.destroy();
          reject(error);
        });
      const timer = setTimeout(() => fail(new QmpTimeoutError(peer, "connect")), timeoutMs);
      const onAbort = (): void => fail(new QmpClosedError(peer, "connect", "interrupted"));
      if (signal?.aborted) return onAbort();
      signal?.addEventListener("abort", onAbort, { once: true });
      socket.once("connect", () => settle(() => resolve(new JsonConnection(socket, peer))));
      socket.once("error", (cause) => fail(new QmpClosedError(peer, "connect", cause.message, { cause })));
    });
  }

  /**
   * Sends a command and waits for its answer.
   * @returns the `return` member.
   * @throws QmpCommandError, QmpTimeoutError, QmpClosedError.
   */
  execute(command: string, args?: Readonly<Record<string, unknown>>, options: ExecuteOptions = {}): Promise<unknown> {
    const id = `quorate-${this.#nextId++}`;
    const message = args === undefined ? { execute: command, id } : { execute: command, arguments: args, id };
    return this.#wait(id, command, options, () => {
      this.send(message);
      return undefined;
    });
  }

  /** Writes a message as it is; nothing waits for an answer. */
  send(message: unknown): void {
    this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  sendBytes(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Messages that are neither an answer to a command of ours nor an event: greetings, answers of an agent's sync. */
  onMessage(listener: (message: Record<string, unknown>) => void): () => void {
    this.#messageListeners.add(listener);
    return () => this.#messageListeners.delete(listener);
  }

  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  /** The first message that `accept` turns into a value; subscribe before sending what causes it. */
  nextMessage<T>(what: string, options: ExecuteOptions, accept: (message: Record<string, unknown>) => T | undefined) {
    return this.#wait(`message ${this.#nextId++}`, what, options, (resolve) =>
      this.onMessage((message) => {
        const value = accept(message);
        if (value !== undefined) resolve(value);
      }),
    ) as Promise<T>;
  }

  /** The first event for which `accept` holds; call it before sending what causes the event. */
  nextEvent(what: string, options: ExecuteOptions, accept: (event: QmpEvent) => boolean): Promise<QmpEvent> {
    return this.#wait(`event ${this.#nextId++}`, what, options, (resolve) =>
      this.onEvent((event) => {
        if (accept(event)) resolve(event);
      }),
    ) as Promise<QmpEvent>;
  }

  close(): void {
    this.#socket.destroy();
    this.#fail(undefined);
  }

  #wait(
    id: string,
    command: string,
    { timeoutMs = commandTimeoutMs(command), signal }: ExecuteOptions,
    begin: (resolve: (value: unknown) => void) => (() => unknown) | undefined,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let undo: (() => unknown) | undefined;
      const settle = (action: () => void): void => {
        if (!this.#waiters.delete(id)) return;
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        undo?.();
        action();
      };
      const waiter: Waiter = {
        command,
        resolve: (value) => settle(() => resolve(value)),
        reject: (error) => settle(() => reject(error)),
      };
      const timer = setTimeout(() => waiter.reject(new QmpTimeoutError(this.peer, command)), timeoutMs);
      const onAbort = (): void => waiter.reject(new QmpClosedError(this.peer, command, "interrupted"));
      this.#waiters.set(id, waiter);
      if (this.#closedBy !== undefined) return waiter.reject(this.#closedError(command));
      if (signal?.aborted) return onAbort();
      signal?.addEventListener("abort", onAbort, { once: true });
      undo = begin(waiter.resolve);
    });
  }

  #onData(chunk: Buffer): void {
    let values: unknown[];
    try {
      values = this.#lines.push(chunk);
    } catch (error) {
      // What follows a broken line cannot be trusted: the connection ends, which tells everyone who waits.
      this.#socket.destroy();
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    for (const value of values) if (isRecord(value)) this.#onMessage(value);
  }

  #onMessage(message: Record<string, unknown>): void {
    if (typeof message.event === "string") {
      const event: QmpEvent = { event: message.event, data: isRecord(message.data) ? message.data : {} };
      for (const listener of [...this.#eventListeners]) listener(event);
      return;
    }
    const waiter = typeof message.id === "string" ? this.#waiters.get(message.id) : undefined;
    if (waiter !== undefined && isRecord(message.error)) {
      const { class: errorClass, desc } = message.error;
      waiter.reject(new QmpCommandError(this.peer, waiter.command, String(errorClass), String(desc)));
    } else if (waiter !== undefined && "return" in message) waiter.resolve(message.return);
    else for (const listener of [...this.#messageListeners]) listener(message);
  }

  #fail(cause: Error | undefined): void {
    if (this.#closedBy === undefined) this.#closedBy = cause ?? new Error("connection closed");
    for (const waiter of [...this.#waiters.values()]) waiter.reject(this.#closedError(waiter.command));
  }

  #closedError(command: string): QmpClosedError {
    const cause = this.#closedBy;
    return new QmpClosedError(this.peer, command, cause?.message ?? "connection closed", { cause });
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
