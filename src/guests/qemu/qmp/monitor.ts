/**
 * QEMU's monitor protocol: greeting, capabilities, then commands. QEMU serves one client at a time and lets the others
 * queue, so a session is opened for a few commands and closed; it is never kept.
 */
import { type ConnectOptions, type ExecuteOptions, JsonConnection, type QmpEvent } from "./connection.ts";
import { QmpClosedError } from "./errors.ts";

export interface Qmp {
  execute(command: string, args?: Readonly<Record<string, unknown>>, options?: ExecuteOptions): Promise<unknown>;
  /** Waits for an event; subscribe (call) before sending the command that causes it. */
  nextEvent(what: string, options: ExecuteOptions, accept: (event: QmpEvent) => boolean): Promise<QmpEvent>;
  /** A command of the human monitor. @returns its text. */
  human(commandLine: string, options?: ExecuteOptions): Promise<string>;
}

export interface QmpOptions extends Omit<ConnectOptions, "timeoutMs"> {
  /** Until the greeting: covers the queue of other clients. Default 5 s. */
  readonly connectTimeoutMs?: number;
}

const DEFAULT_CONNECT_TIMEOUT_MS = 5_000;

/** Runs `work` in a session of its own. */
export async function withQmp<T>(options: QmpOptions, work: (qmp: Qmp) => Promise<T>): Promise<T> {
  const { connectTimeoutMs: timeoutMs = DEFAULT_CONNECT_TIMEOUT_MS, ...rest } = options;
  const connection = await JsonConnection.open({ ...rest, timeoutMs });
  try {
    const limits = options.signal === undefined ? { timeoutMs } : { timeoutMs, signal: options.signal };
    await connection.nextMessage("greeting", limits, (message) => ("QMP" in message ? message : undefined));
    await connection.execute("qmp_capabilities", undefined, limits);
    return await work(new Session(connection, options.signal));
  } finally {
    connection.close();
  }
}

/** One command in a session of its own. */
export function qmpCommand(
  options: QmpOptions,
  command: string,
  args?: Readonly<Record<string, unknown>>,
  limits: ExecuteOptions = {},
): Promise<unknown> {
  return withQmp(options, (qmp) => qmp.execute(command, args, limits));
}

class Session implements Qmp {
  readonly #connection: JsonConnection;
  readonly #signal: AbortSignal | undefined;

  constructor(connection: JsonConnection, signal: AbortSignal | undefined) {
    this.#connection = connection;
    this.#signal = signal;
  }

  execute(command: string, args?: Readonly<Record<string, unknown>>, options?: ExecuteOptions): Promise<unknown> {
    return this.#connection.execute(command, args, this.#limits(options));
  }

  nextEvent(what: string, options: ExecuteOptions, accept: (event: QmpEvent) => boolean): Promise<QmpEvent> {
    return this.#connection.nextEvent(what, this.#limits(options), accept);
  }

  async human(commandLine: string, options?: ExecuteOptions): Promise<string> {
    const text = await this.execute("human-monitor-command", { "command-line": commandLine }, options);
    if (typeof text !== "string") throw new QmpClosedError(this.#connection.peer, commandLine, "answer is no text");
    return text;
  }

  #limits(options: ExecuteOptions = {}): ExecuteOptions {
    return this.#signal === undefined ? options : { signal: this.#signal, ...options };
  }
}
