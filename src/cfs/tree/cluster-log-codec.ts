/**
 * The bytes of the cluster log: one entry as nodes send it, and the buffer of 128 KiB that they exchange. Little endian.
 * An entry's strings start at 44 although its length counts from 48: four bytes at its end are unused.
 */
import {
  LOG_BUFFER_BYTES,
  LOG_BUFFER_HEADER_BYTES,
  LOG_ENTRY_OVERHEAD_BYTES,
  LOG_STRINGS_OFFSET,
  type LogEntry,
  logEntryBytes,
  MAX_LOG_ENTRY_BYTES,
  roundUpTo8,
} from "./cluster-log.ts";

/** The links of an entry in the buffer come first; they are 0 in an entry that is sent. */
const LINKS_BYTES = 8;

export function encodeLogEntry(entry: LogEntry): Buffer {
  const bytes = Buffer.alloc(logEntryBytes(entry));
  const strings = [entry.node, entry.ident, entry.tag, entry.message].map((text) => Buffer.from(`${text}\0`, "utf8"));
  const [node = 0, ident = 0, tag = 0, message = 0] = strings.map((text) => text.length);
  bytes.writeUInt32LE(entry.uid, 8);
  bytes.writeUInt32LE(entry.time, 12);
  bytes.writeBigUInt64LE(entry.nodeDigest, 16);
  bytes.writeBigUInt64LE(entry.identDigest, 24);
  bytes.writeUInt32LE(entry.pid, 32);
  bytes.writeUInt8(entry.priority, 36);
  bytes.writeUInt8(node, 37);
  bytes.writeUInt8(ident, 38);
  bytes.writeUInt8(tag, 39);
  bytes.writeUInt32LE(message, 40);
  Buffer.concat(strings).copy(bytes, LOG_STRINGS_OFFSET);
  return bytes;
}

/** @returns undefined for bytes that are not exactly one entry. */
export function decodeLogEntry(bytes: Buffer): LogEntry | undefined {
  if (bytes.length < LOG_ENTRY_OVERHEAD_BYTES) return undefined;
  const lengths = [bytes.readUInt8(37), bytes.readUInt8(38), bytes.readUInt8(39), bytes.readUInt32LE(40)];
  const total = lengths.reduce((sum, length) => sum + length, LOG_ENTRY_OVERHEAD_BYTES);
  if (total !== bytes.length || total > MAX_LOG_ENTRY_BYTES || bytes.readUInt8(36) > 7) return undefined;
  const strings: string[] = [];
  let at = LOG_STRINGS_OFFSET;
  for (const length of lengths) {
    if (length === 0 || bytes[at + length - 1] !== 0) return undefined;
    strings.push(bytes.toString("utf8", at, at + length - 1));
    at += length;
  }
  const [node = "", ident = "", tag = "", message = ""] = strings;
  return {
    uid: bytes.readUInt32LE(8),
    time: bytes.readUInt32LE(12),
    nodeDigest: bytes.readBigUInt64LE(16),
    identDigest: bytes.readBigUInt64LE(24),
    pid: bytes.readUInt32LE(32),
    priority: bytes.readUInt8(36),
    node,
    ident,
    tag,
    message,
  };
}

/** @param entries oldest first, no more than fit. */
export function encodeLogBuffer(entries: readonly LogEntry[]): Buffer {
  const buffer = Buffer.alloc(LOG_BUFFER_BYTES);
  buffer.writeUInt32LE(LOG_BUFFER_BYTES, 0);
  let previous = 0;
  let position = LOG_BUFFER_HEADER_BYTES;
  for (const entry of entries) {
    const bytes = encodeLogEntry(entry);
    const next = position + roundUpTo8(bytes.length);
    if (next >= LOG_BUFFER_BYTES) throw new RangeError("the cluster log does not fit its buffer");
    bytes.copy(buffer, position);
    buffer.writeUInt32LE(previous, position);
    buffer.writeUInt32LE(next, position + 4);
    previous = position;
    position = next;
  }
  buffer.writeUInt32LE(previous, 4);
  return buffer;
}

/** @returns the entries, oldest first; undefined when it is not a log buffer. Entries that make no sense end the walk. */
export function decodeLogBuffer(buffer: Buffer): LogEntry[] | undefined {
  if (buffer.length <= LOG_BUFFER_HEADER_BYTES || buffer.readUInt32LE(0) !== buffer.length) return undefined;
  const newest = buffer.readUInt32LE(4);
  const entries: LogEntry[] = [];
  let position = newest;
  // Positions fall from the newest entry to the start, then, after a wrap, from the end to behind the newest one.
  let hasWrapped = false;
  while (position >= LOG_BUFFER_HEADER_BYTES && position + LOG_ENTRY_OVERHEAD_BYTES <= buffer.length) {
    const entry = entryAt(buffer, position);
    if (entry === undefined) break;
    entries.push(entry);
    const previous = buffer.readUInt32LE(position);
    if (previous >= position) {
      if (hasWrapped) break;
      hasWrapped = true;
    }
    if (hasWrapped && previous <= newest + MAX_LOG_ENTRY_BYTES) break;
    position = previous;
  }
  return entries.reverse();
}

function entryAt(buffer: Buffer, position: number): LogEntry | undefined {
  const lengths = buffer.readUInt8(position + 37) + buffer.readUInt8(position + 38) + buffer.readUInt8(position + 39);
  const end = position + LOG_ENTRY_OVERHEAD_BYTES + lengths + buffer.readUInt32LE(position + 40);
  if (end > buffer.length) return undefined;
  const bytes = Buffer.from(buffer.subarray(position, end));
  bytes.fill(0, 0, LINKS_BYTES);
  return decodeLogEntry(bytes);
}
