/** A small client of the API for tests: logs in once, speaks JSON, opens WebSockets. */
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, fetch } from "undici";
import { WebSocket } from "ws";

export interface ApiNode {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

/** The server refused; the message is its reason phrase. */
export class ApiCallError extends Error {
  readonly status: number;
  readonly errors: unknown;

  constructor(call: string, status: number, reason: string, errors: unknown) {
    super(`${call}: ${status} ${reason}`);
    this.status = status;
    this.errors = errors;
  }
}

function textsOf(params: Readonly<Record<string, string | number>>): [string, string][] {
  return Object.entries(params).map(([key, value]) => [key, String(value)]);
}

const TASK_TIMEOUT_MS = 120_000;
const TASK_POLL_MS = 50;

export class ApiClient {
  readonly #url: string;
  readonly #cookie: string;
  readonly #csrf: string;
  readonly #dispatcher = new Agent({ connect: { rejectUnauthorized: false } });

  private constructor(url: string, ticket: string, csrf: string) {
    this.#url = url;
    this.#cookie = `PVEAuthCookie=${encodeURIComponent(ticket)}`;
    this.#csrf = csrf;
  }

  static async login({ url, username, password }: ApiNode): Promise<ApiClient> {
    const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
    const body = new URLSearchParams({ username, password });
    const response = await fetch(`${url}/api2/json/access/ticket`, { method: "POST", body, dispatcher });
    if (!response.ok) throw new ApiCallError("login", response.status, response.statusText, undefined);
    const { data } = (await response.json()) as { data: { ticket: string; CSRFPreventionToken: string } };
    return new ApiClient(url, data.ticket, data.CSRFPreventionToken);
  }

  async call<T = unknown>(method: string, path: string, params: Record<string, string | number> = {}): Promise<T> {
    const body = new URLSearchParams(textsOf(params));
    const hasBody = method === "POST" || method === "PUT";
    const query = hasBody || body.size === 0 ? "" : `?${body}`;
    const response = await fetch(`${this.#url}/api2/json${path}${query}`, {
      method,
      headers: { Cookie: this.#cookie, CSRFPreventionToken: this.#csrf },
      dispatcher: this.#dispatcher,
      ...(hasBody ? { body } : {}),
    });
    const text = await response.text();
    const reply = (text.startsWith("{") ? JSON.parse(text) : {}) as { data?: T; errors?: unknown };
    if (!response.ok) throw new ApiCallError(`${method} ${path}`, response.status, response.statusText, reply.errors);
    return reply.data as T;
  }

  /** Starts a task and waits for its end. @returns its exit status. */
  async task(method: string, path: string, params: Record<string, string | number> = {}): Promise<string> {
    return await this.ended(await this.call<string>(method, path, params));
  }

  async ended(upid: string): Promise<string> {
    const [, node] = upid.split(":");
    const deadline = Date.now() + TASK_TIMEOUT_MS;
    while (Date.now() < deadline) {
      const path = `/nodes/${node}/tasks/${encodeURIComponent(upid)}/status`;
      const status = await this.call<{ status: string; exitstatus?: string }>("GET", path);
      if (status.status === "stopped") return status.exitstatus ?? "";
      await sleep(TASK_POLL_MS);
    }
    throw new Error(`task ${upid} does not end`);
  }

  webSocket(path: string, params: Record<string, string | number>): WebSocket {
    const query = new URLSearchParams(textsOf(params));
    return new WebSocket(`${this.#url.replace("https:", "wss:")}/api2/json${path}?${query}`, "binary", {
      headers: { Cookie: this.#cookie },
      rejectUnauthorized: false,
    });
  }
}

/** Collects what a WebSocket brings, until it is enough. */
export function untilReceived(
  socket: WebSocket,
  isEnough: (bytes: Buffer) => boolean,
  timeoutMs = 30_000,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let seen: Buffer = Buffer.alloc(0);
    const finish = (action: () => void): void => {
      clearTimeout(timer);
      socket.off("message", onMessage);
      action();
    };
    const timer = setTimeout(
      () => finish(() => reject(new Error(`not received in time; so far: ${seen.toString("latin1").slice(-500)}`))),
      timeoutMs,
    );
    const onMessage = (data: Buffer): void => {
      seen = Buffer.concat([seen, data]);
      if (isEnough(seen)) finish(() => resolve(seen));
    };
    socket.on("message", onMessage);
    socket.once("error", (error) => finish(() => reject(error)));
    socket.once("close", () =>
      finish(() => reject(new Error(`closed; so far: ${seen.toString("latin1").slice(-500)}`))),
    );
  });
}
