/**
 * Calls of the API. Paths, parameters and answers are typed by the server's own declarations. A call fails with
 * ApiError, always; one that is not answered in time fails with status 0.
 */
import { ApiError } from "./errors.ts";
import type { Methods } from "./types.gen.ts";

export type Verb = "GET" | "POST" | "PUT" | "DELETE";

export type PathWith<V extends Verb> = { [P in keyof Methods]: V extends keyof Methods[P] ? P : never }[keyof Methods];

type Field<P extends keyof Methods, V extends Verb, F extends string> = V extends keyof Methods[P]
  ? Methods[P][V] extends Readonly<Record<F, infer T>>
    ? T
    : never
  : never;

export type Parameters<P extends keyof Methods, V extends Verb> = Field<P, V, "parameters">;
export type Answer<P extends keyof Methods, V extends Verb> = Field<P, V, "answer">;

type Loose = Readonly<Record<string, unknown>>;

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export interface ApiDeps {
  readonly fetch: typeof globalThis.fetch;
  /** Sent with all that is not only read. */
  readonly csrfToken: () => string | undefined;
  /** The login is over. */
  readonly onLoginNeeded: () => void;
  /** Epoch seconds, by the clock of the server, of an answer that came just now. */
  readonly onServerClock?: (seconds: number) => void;
}

const BASE = "/api2/json";
const TIMEOUT_MS = 40_000;

export class ApiClient {
  readonly #deps: ApiDeps;

  constructor(deps: ApiDeps) {
    this.#deps = deps;
  }

  get<P extends PathWith<"GET">>(
    path: P,
    parameters: Parameters<P, "GET">,
    options?: CallOptions,
  ): Promise<Answer<P, "GET">> {
    return this.#call("GET", path, parameters as Loose, options);
  }

  post<P extends PathWith<"POST">>(path: P, parameters: Parameters<P, "POST">): Promise<Answer<P, "POST">> {
    return this.#call("POST", path, parameters as Loose);
  }

  put<P extends PathWith<"PUT">>(path: P, parameters: Parameters<P, "PUT">): Promise<Answer<P, "PUT">> {
    return this.#call("PUT", path, parameters as Loose);
  }

  delete<P extends PathWith<"DELETE">>(path: P, parameters: Parameters<P, "DELETE">): Promise<Answer<P, "DELETE">> {
    return this.#call("DELETE", path, parameters as Loose);
  }

  async #call<T>(
    verb: Verb,
    template: string,
    parameters: Loose,
    { signal, timeoutMs = TIMEOUT_MS }: CallOptions = {},
  ): Promise<T> {
    const { path, rest } = fillPath(template, parameters);
    const form = encodeForm(rest);
    const hasBody = verb === "POST" || verb === "PUT";
    const query = !hasBody && form.size > 0 ? `?${form}` : "";
    const csrf = verb === "GET" ? undefined : this.#deps.csrfToken();
    const timeout = AbortSignal.timeout(timeoutMs);
    let response: Response;
    let text: string;
    try {
      response = await this.#deps.fetch(BASE + path + query, {
        method: verb,
        headers: csrf === undefined ? {} : { CSRFPreventionToken: csrf },
        ...(hasBody ? { body: form } : {}),
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
      text = await response.text();
    } catch (error) {
      if (signal?.aborted === true) throw error;
      const reason = timeout.aborted ? `no answer within ${timeoutMs / 1000} s` : "the node does not answer";
      throw new ApiError(reason, { status: 0, cause: error });
    }
    const clock = Date.parse(response.headers.get("date") ?? "");
    if (!Number.isNaN(clock)) this.#deps.onServerClock?.(clock / 1000);
    if (response.ok) return (parseJson(text) as { data: T }).data;
    if (response.status === 401 && template !== "/access/ticket") this.#deps.onLoginNeeded();
    throw failureOf(response, text);
  }
}

/** Puts parameters into their places in the path. @returns the path, and the parameters that are left. */
export function fillPath(template: string, parameters: Loose): { readonly path: string; readonly rest: Loose } {
  const rest = { ...parameters };
  const path = template.replaceAll(/\{(\w+)\}/g, (_all, name: string) => {
    const value = rest[name];
    delete rest[name];
    return encodeURIComponent(String(value));
  });
  return { path, rest };
}

/** Booleans become 0 and 1, lists are repeated, what is undefined is left out. */
export function encodeForm(parameters: Loose): URLSearchParams {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) {
      form.append(name, typeof one === "boolean" ? (one ? "1" : "0") : String(one));
    }
  }
  return form;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError("the answer is not understood", { status: 0, cause: error });
  }
}

/** The message is in the body where there is one, else in the reason phrase. */
function failureOf(response: Response, text: string): ApiError {
  let message = response.statusText;
  let fields: Record<string, string> = {};
  try {
    const body = JSON.parse(text) as { message?: unknown; errors?: unknown };
    if (typeof body.message === "string" && body.message.trim() !== "") message = body.message.trim();
    if (typeof body.errors === "object" && body.errors !== null) {
      fields = Object.fromEntries(Object.entries(body.errors).map(([name, value]) => [name, String(value).trim()]));
    }
  } catch {
    // No body, or no JSON: the reason phrase says it.
  }
  return new ApiError(message === "" ? `status ${response.status}` : message, { status: response.status, fields });
}
