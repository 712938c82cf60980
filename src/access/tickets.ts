/**
 * The texts that prove who calls: login and console tickets (signed with the cluster's key) and CSRF tokens. Pure: keys
 * and times come in. A ticket is `PREFIX:[DATA:]TTTTTTTT::SIGNATURE`, the time in hex seconds; what it is bound to
 * beyond its text (user, path, port) is part of what is signed.
 */
import { createHash, createHmac, type KeyObject, sign, timingSafeEqual, verify } from "node:crypto";

/** A login ticket lives this long. */
export const TICKET_LIFETIME_S = 2 * 3600;
/** How much clocks of nodes may differ. */
const SKEW_S = 5 * 60;
const CONSOLE_MIN_AGE_S = -20;
const CONSOLE_MAX_AGE_S = 40;

/** A public key of the cluster and when it was made (epoch seconds). */
export interface TicketKey {
  readonly key: KeyObject;
  readonly since: number;
}

export interface TicketKeys {
  readonly current: TicketKey;
  /** The one before, whose tickets are good until they expire. `since` is when it was replaced. */
  readonly previous?: TicketKey;
}

export type TicketPrefix = "PVE" | "PVEVNC" | "PVETUNNEL";

export interface ParsedTicket {
  readonly data: string;
  /** Epoch seconds. */
  readonly time: number;
  readonly isOldKey: boolean;
}

const escapeData = (data: string): string => data.replaceAll("%", "%25").replaceAll(":", "%3A");

/** @param boundTo more text that is signed but not written. */
export function issueTicket(
  privateKey: KeyObject,
  ticket: { prefix: TicketPrefix; data?: string; time: number; boundTo?: string },
): string {
  const { prefix, data, time, boundTo } = ticket;
  const stamp = time.toString(16).toUpperCase().padStart(8, "0");
  const plain = data === undefined ? `${prefix}:${stamp}` : `${prefix}:${escapeData(data)}:${stamp}`;
  const signature = sign("sha256", Buffer.from(signedText(plain, boundTo)), privateKey);
  return `${plain}::${signature.toString("base64")}`;
}

function signedText(plain: string, boundTo: string | undefined): string {
  return boundTo === undefined ? plain : `${plain}:${boundTo}`;
}

/** Checks prefix, form and signature, not the age. @returns undefined for anything else than a ticket of these keys. */
export function openTicket(
  ticket: string,
  prefix: TicketPrefix,
  keys: TicketKeys,
  boundTo?: string,
): ParsedTicket | undefined {
  const match = /^([A-Z]+):(?:(.*):)?([0-9A-F]{8})::([A-Za-z0-9+/=]+)$/s.exec(ticket);
  if (match === null || match[1] !== prefix) return undefined;
  const [, , data, stamp = "", base64 = ""] = match;
  const text = Buffer.from(signedText(ticket.slice(0, ticket.lastIndexOf("::")), boundTo));
  const signature = Buffer.from(base64, "base64");
  const isBy = (key: KeyObject): boolean => verify("sha256", text, key, signature);
  const isOldKey = !isBy(keys.current.key);
  if (isOldKey && (keys.previous === undefined || !isBy(keys.previous.key))) return undefined;
  const opened = decodeData(data ?? "");
  return opened === undefined ? undefined : { data: opened, time: Number.parseInt(stamp, 16), isOldKey };
}

function decodeData(data: string): string | undefined {
  try {
    return decodeURIComponent(data);
  } catch {
    // A stray percent sign: signed by us or not, it is no ticket.
    return undefined;
  }
}

/** Whether a login ticket is good at `now`. Near a key's change its window is cut: a key signs only while it is current. */
export function isFreshLogin({ time, isOldKey }: ParsedTicket, keys: TicketKeys, now: number): boolean {
  const age = now - time;
  if (age <= -SKEW_S || age >= TICKET_LIFETIME_S) return false;
  if (!isOldKey) return age <= now - keys.current.since + SKEW_S;
  return keys.previous !== undefined && age > now - keys.previous.since - SKEW_S;
}

export function isFreshConsole({ time }: ParsedTicket, now: number): boolean {
  const age = now - time;
  return age > CONSOLE_MIN_AGE_S && age < CONSOLE_MAX_AGE_S;
}

/** The secret of CSRF tokens, from the text of the web key. */
export function csrfSecret(wwwKeyText: string): string {
  return unpadded(createHmac("sha256", "").update(wwwKeyText).digest());
}

function legacyCsrfSecret(wwwKeyText: string): string {
  return unpadded(createHash("sha1").update(wwwKeyText).digest());
}

const unpadded = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");
const LEGACY_SIGNATURE_LENGTH = 27;

export function issueCsrfToken(wwwKeyText: string, userid: string, now: number): string {
  const stamp = now.toString(16).toUpperCase().padStart(8, "0");
  return `${stamp}:${unpadded(createHmac("sha256", csrfSecret(wwwKeyText)).update(`${stamp}:${userid}`).digest())}`;
}

export function verifyCsrfToken(token: string, wwwKeyText: string, userid: string, now: number): boolean {
  const [, stamp, given] = /^([0-9A-F]{8}):(\S+)$/.exec(token) ?? [];
  if (stamp === undefined || given === undefined) return false;
  const text = `${stamp}:${userid}`;
  const digest =
    given.length === LEGACY_SIGNATURE_LENGTH
      ? createHash("sha1")
          .update(text + legacyCsrfSecret(wwwKeyText))
          .digest()
      : createHmac("sha256", csrfSecret(wwwKeyText)).update(text).digest();
  const expected = Buffer.from(unpadded(digest));
  const presented = Buffer.from(given);
  const age = now - Number.parseInt(stamp, 16);
  return (
    expected.length === presented.length &&
    timingSafeEqual(expected, presented) &&
    age > -SKEW_S &&
    age < TICKET_LIFETIME_S
  );
}
