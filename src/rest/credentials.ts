/** What a request brings to say who it is: a ticket by cookie or header, or an API token. Pure. */
import { decodePercent } from "./decode.ts";

export interface GivenCredentials {
  readonly ticket?: string;
  readonly token?: string;
}

const COOKIE = /(?:^|[;\s])PVEAuthCookie=([^;]*)/;
const TICKET_HEADER = /^PVEAuthCookie[= ]([^;]*)/;
const TOKEN_HEADER = /^PVEAPIToken[= ]([^;]*)/;

/** The cookie goes before the header. @returns undefined when there is neither. */
export function readCredentials(
  cookie: string | undefined,
  authorization: string | undefined,
): GivenCredentials | undefined {
  const fromCookie = cookie === undefined ? undefined : COOKIE.exec(cookie)?.[1];
  const ticket = fromCookie ?? (authorization === undefined ? undefined : TICKET_HEADER.exec(authorization)?.[1]);
  if (ticket !== undefined && ticket !== "") return { ticket: decodePercent(ticket.trim()) };
  const token = authorization === undefined ? undefined : TOKEN_HEADER.exec(authorization)?.[1];
  return token === undefined || token === "" ? undefined : { token: decodePercent(token.trim()) };
}
