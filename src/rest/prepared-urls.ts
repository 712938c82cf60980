/**
 * What the URL of a GET alone decides: where it goes and with which checked parameters. Kept for URLs that are asked
 * again and again; rights, proxying and the result are found anew each time.
 */
import type { RawParams } from "./decode.ts";
import type { RouteMatch } from "./registry.ts";
import type { RequestTarget } from "./request-target.ts";

export interface PreparedUrl {
  readonly target: RequestTarget;
  readonly match: RouteMatch;
  /** As received. */
  readonly params: RawParams;
  /** As checked. */
  readonly value: Record<string, unknown>;
}

const MAX_URLS = 1000;
const MAX_URL_CHARS = 200;

export class PreparedUrls {
  readonly #known = new Map<string, PreparedUrl>();

  get(url: string): PreparedUrl | undefined {
    return this.#known.get(url);
  }

  /** URLs with a query are seldom asked twice, and may hold secrets. */
  remember(url: string, prepared: PreparedUrl): void {
    if (url.length > MAX_URL_CHARS || url.includes("?")) return;
    if (this.#known.size >= MAX_URLS) this.#known.clear();
    this.#known.set(url, { ...prepared, params: Object.freeze(prepared.params), value: Object.freeze(prepared.value) });
  }
}
