/** The cluster log: entries of all nodes, oldest first, bounded by the size of the buffer that nodes exchange. */
import type { ClusterLogEntry } from "../port.ts";
import { fnv1a64 } from "./fnv.ts";
import { toLogText } from "./log-text.ts";

export interface LogEntry {
  /** Counter of the process that made it, from 1. */
  readonly uid: number;
  /** Epoch seconds. */
  readonly time: number;
  readonly pid: number;
  /** Syslog priority 0-7. */
  readonly priority: number;
  readonly node: string;
  readonly ident: string;
  readonly tag: string;
  /** ASCII, ready to stand in JSON. */
  readonly message: string;
  readonly nodeDigest: bigint;
  readonly identDigest: bigint;
}

export const LOG_BUFFER_BYTES = 131072;
export const LOG_BUFFER_HEADER_BYTES = 8;
export const MAX_LOG_ENTRY_BYTES = 4096;
/** An entry's length counts this much before its strings, although they start at {@link LOG_STRINGS_OFFSET}. */
export const LOG_ENTRY_OVERHEAD_BYTES = 48;
export const LOG_STRINGS_OFFSET = 44;
/** Of a string with its NUL: lengths are one byte. */
const MAX_SHORT_STRING_BYTES = 255;
/** How much of the buffer the kept entries may fill. */
const KEPT_BYTES = LOG_BUFFER_BYTES - LOG_BUFFER_HEADER_BYTES - MAX_LOG_ENTRY_BYTES;
const DEFAULT_SHOWN = 50;

export interface LogOrigin {
  readonly node: string;
  readonly time: number;
  readonly pid: number;
  readonly uid: number;
}

/** Cuts and cleans what a client sent. */
export function makeLogEntry(entry: ClusterLogEntry, origin: LogOrigin): LogEntry {
  const node = shorten(origin.node);
  const ident = shorten(entry.ident);
  const tag = shorten(entry.tag);
  const room =
    MAX_LOG_ENTRY_BYTES - LOG_STRINGS_OFFSET - lengthWithNul(node) - lengthWithNul(ident) - lengthWithNul(tag) - 7;
  const { time, pid, uid } = origin;
  return {
    uid,
    time,
    pid,
    priority: Math.min(Math.max(Math.trunc(entry.priority), 0), 7),
    node,
    ident,
    tag,
    message: toLogText(entry.message, room),
    nodeDigest: fnv1a64(node),
    identDigest: fnv1a64(ident),
  };
}

function lengthWithNul(text: string): number {
  return Buffer.byteLength(text) + 1;
}

/** The part of a string that fits the one-byte length, cut between characters. */
function shorten(text: string): string {
  // A NUL would end the string early on every other node.
  const clean = text.replaceAll("\0", "");
  if (lengthWithNul(clean) <= MAX_SHORT_STRING_BYTES) return clean;
  let bytes = 1;
  let cut = "";
  for (const character of clean) {
    bytes += Buffer.byteLength(character);
    if (bytes > MAX_SHORT_STRING_BYTES) break;
    cut += character;
  }
  return cut;
}

/** Length of the entry in the buffer, before it is rounded up to 8. */
export function logEntryBytes(entry: LogEntry): number {
  const strings = [entry.node, entry.ident, entry.tag, entry.message];
  return strings.reduce((sum, text) => sum + lengthWithNul(text), LOG_ENTRY_OVERHEAD_BYTES);
}

export function roundUpTo8(bytes: number): number {
  return (bytes + 7) & ~7;
}

/** The order of the log: time, then node, then counter, as signed 32-bit differences. */
export function compareLogEntries(a: LogEntry, b: LogEntry): number {
  return (a.time - b.time) | 0 || Number(BigInt.asIntN(32, a.nodeDigest - b.nodeDigest)) || (a.uid - b.uid) | 0;
}

export class ClusterLog {
  #entries: LogEntry[] = [];
  #bytes = 0;
  /** Newest entry of each node, against duplicates. */
  readonly #newest = new Map<bigint, LogEntry>();

  /** Oldest first. */
  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  /**
   * When an entry of `node` is to say that it was made: now, unless the node's clock was set back meanwhile. Then every
   * node would take it for one that it knows.
   */
  timeOfNext({ node, uid }: Pick<LogOrigin, "node" | "uid">, now: number): number {
    const newest = this.#newest.get(fnv1a64(shorten(node)));
    if (newest === undefined || now > newest.time) return now;
    return uid > newest.uid ? newest.time : newest.time + 1;
  }

  /** @returns false for a duplicate: not newer than what is known of its node. */
  add(entry: LogEntry): boolean {
    const newest = this.#newest.get(entry.nodeDigest);
    if (newest !== undefined) {
      if (entry.time < newest.time || (entry.time === newest.time && entry.uid <= newest.uid)) return false;
    }
    this.#newest.set(entry.nodeDigest, entry);
    this.#entries.push(entry);
    this.#bytes += roundUpTo8(logEntryBytes(entry));
    let dropped = 0;
    while (this.#bytes > KEPT_BYTES) {
      const oldest = this.#entries[dropped];
      if (oldest === undefined) break;
      this.#bytes -= roundUpTo8(logEntryBytes(oldest));
      dropped += 1;
    }
    if (dropped > 0) this.#entries.splice(0, dropped);
    return true;
  }

  /**
   * Takes over the logs of all members, newest entries first up to the size of the buffer.
   * @param logs in member order, the own one included; each oldest first.
   */
  merge(logs: readonly (readonly LogEntry[])[]): void {
    const heads = logs.map((log) => ({ log: [...log].sort(compareLogEntries), next: log.length - 1 }));
    const merged: LogEntry[] = [];
    let bytes = 0;
    while (bytes < KEPT_BYTES) {
      let best: { log: LogEntry[]; next: number } | undefined;
      let bestTime = Number.NEGATIVE_INFINITY;
      for (const head of heads) {
        const candidate = head.log[head.next];
        if (candidate !== undefined && candidate.time > bestTime) {
          best = head;
          bestTime = candidate.time;
        }
      }
      const entry = best?.log[best.next];
      if (best === undefined || entry === undefined) break;
      best.next -= 1;
      if (merged.some((other) => compareLogEntries(other, entry) === 0)) continue;
      merged.push(entry);
      bytes += roundUpTo8(logEntryBytes(entry));
    }
    this.#entries = merged.sort(compareLogEntries);
    this.#bytes = bytes;
    this.#newest.clear();
    for (const entry of this.#entries) {
      const newest = this.#newest.get(entry.nodeDigest);
      if (newest === undefined || entry.time > newest.time || (entry.time === newest.time && entry.uid > newest.uid)) {
        this.#newest.set(entry.nodeDigest, entry);
      }
    }
  }

  /**
   * @param options.user only entries of this ident; empty or absent for all.
   * @returns newest first.
   */
  newest({ max = DEFAULT_SHOWN, user = "" }: { max?: number; user?: string } = {}): LogEntry[] {
    const digest = user === "" ? undefined : fnv1a64(user);
    const found: LogEntry[] = [];
    for (let at = this.#entries.length - 1; at >= 0 && found.length < max; at -= 1) {
      const entry = this.#entries[at];
      if (entry !== undefined && (digest === undefined || entry.identDigest === digest)) found.push(entry);
    }
    return found;
  }
}

/** The text of `.clusterlog`. Strings are ASCII and escaped already. */
export function renderClusterLog(entries: readonly LogEntry[]): string {
  const objects = entries.map(
    (entry) =>
      `{"uid": ${entry.uid}, "time": ${entry.time}, "pri": ${entry.priority}, "tag": ${JSON.stringify(entry.tag)}, ` +
      `"pid": ${entry.pid}, "node": ${JSON.stringify(entry.node)}, "user": ${JSON.stringify(entry.ident)}, ` +
      `"msg": "${entry.message}"}`,
  );
  return `{\n"data": [\n${objects.map((object) => `${object}`).join(",\n")}${objects.length > 0 ? "\n" : ""}]\n}\n`;
}
