/** Where a request goes: the output format and the method path in its URL. Pure. */
import { decodePercent } from "./decode.ts";

export interface RequestTarget {
  readonly format: string;
  /** Percent-decoded, with a leading slash, without repeated or trailing ones: as error texts show it. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
}

const API = /^\/+api2\/+([a-z][a-z0-9]+)(?:\/+(.*))?$/s;

export function isApiUrl(url: string): boolean {
  return /^\/+api2(?:[/?]|$)/.test(url);
}

/** @returns undefined when the URL names no format. */
export function parseTarget(url: string): RequestTarget | undefined {
  const at = url.indexOf("?");
  const raw = at < 0 ? url : url.slice(0, at);
  const [, format, rest = ""] = API.exec(raw.includes("%") ? decodePercent(raw) : raw) ?? [];
  if (format === undefined) return undefined;
  return { format, path: `/${tidy(rest)}`, query: at < 0 ? "" : url.slice(at + 1) };
}

function tidy(path: string): string {
  return path.includes("//") || path.endsWith("/") ? path.replace(/\/+/g, "/").replace(/\/$/, "") : path;
}
