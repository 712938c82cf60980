/** From the bytes of a request to what it asks. The kernel is trusted to send whole messages; lengths are asserted. */
import assert from "node:assert/strict";
import { nameFromBytes } from "../tree/name-bytes.ts";
import { IN_HEADER_BYTES, WRITE_IN_BYTES } from "./protocol.ts";

/** Two 32-bit halves make a number that is exact below 2^53: node ids, offsets and sizes are. */
export function readU64(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at) + buffer.readUInt32LE(at + 4) * 0x1_0000_0000;
}

export interface RequestHeader {
  readonly length: number;
  readonly opcode: number;
  /** Names the request in its reply. */
  readonly unique: number;
  readonly node: number;
}

export function decodeHeader(buffer: Buffer, received: number): RequestHeader {
  assert.ok(received >= IN_HEADER_BYTES, "a FUSE request is shorter than its header");
  const length = buffer.readUInt32LE(0);
  assert.equal(length, received, "a FUSE request has another length than it says");
  return { length, opcode: buffer.readUInt32LE(4), unique: readU64(buffer, 8), node: readU64(buffer, 16) };
}

const BODY = IN_HEADER_BYTES;

/** A name that ends in NUL. */
export function decodeName(buffer: Buffer, start: number, end: number): string {
  const stop = buffer.indexOf(0, start);
  return nameFromBytes(buffer.subarray(start, stop === -1 || stop > end ? end : stop));
}

/** LOOKUP, UNLINK, RMDIR: the name is all. */
export function decodeNameOnly(buffer: Buffer, length: number): string {
  return decodeName(buffer, BODY, length);
}

export function decodeCreate(buffer: Buffer, length: number): { flags: number; name: string } {
  return { flags: buffer.readUInt32LE(BODY), name: decodeName(buffer, BODY + 16, length) };
}

export function decodeMkdir(buffer: Buffer, length: number): { name: string } {
  return { name: decodeName(buffer, BODY + 8, length) };
}

export function decodeMknod(buffer: Buffer, length: number): { mode: number; name: string } {
  return { mode: buffer.readUInt32LE(BODY), name: decodeName(buffer, BODY + 16, length) };
}

export interface RenameIn {
  readonly flags: number;
  readonly newParent: number;
  readonly name: string;
  readonly newName: string;
}

export function decodeRename(buffer: Buffer, length: number, hasFlags: boolean): RenameIn {
  const names = BODY + (hasFlags ? 16 : 8);
  const middle = buffer.indexOf(0, names);
  assert.ok(middle !== -1 && middle < length, "a RENAME request has one name only");
  return {
    flags: hasFlags ? buffer.readUInt32LE(BODY + 8) : 0,
    newParent: readU64(buffer, BODY),
    name: decodeName(buffer, names, length),
    newName: decodeName(buffer, middle + 1, length),
  };
}

export interface SetattrIn {
  readonly valid: number;
  readonly size: number;
  readonly mtime: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export function decodeSetattr(buffer: Buffer): SetattrIn {
  return {
    valid: buffer.readUInt32LE(BODY),
    size: readU64(buffer, BODY + 16),
    mtime: readU64(buffer, BODY + 40),
    mode: buffer.readUInt32LE(BODY + 68),
    uid: buffer.readUInt32LE(BODY + 76),
    gid: buffer.readUInt32LE(BODY + 80),
  };
}

/** READ, READDIR and READDIRPLUS. */
export function decodeRead(buffer: Buffer): { offset: number; size: number } {
  return { offset: readU64(buffer, BODY + 8), size: buffer.readUInt32LE(BODY + 16) };
}

export interface WriteIn {
  readonly offset: number;
  /** Open flags of the descriptor. */
  readonly flags: number;
  /** A view of the request: copy it before the next one is read. */
  readonly data: Buffer;
}

export function decodeWrite(buffer: Buffer, length: number): WriteIn {
  const size = buffer.readUInt32LE(BODY + 16);
  const start = BODY + WRITE_IN_BYTES;
  assert.ok(start + size <= length, "a WRITE request is shorter than its data");
  return {
    offset: readU64(buffer, BODY + 8),
    flags: buffer.readUInt32LE(BODY + 32),
    data: buffer.subarray(start, start + size),
  };
}

export function decodeForget(buffer: Buffer): number {
  return readU64(buffer, BODY);
}

export function* decodeBatchForget(buffer: Buffer, length: number): Iterable<{ node: number; lookups: number }> {
  const count = buffer.readUInt32LE(BODY);
  for (let i = 0, at = BODY + 8; i < count && at + 16 <= length; i += 1, at += 16) {
    yield { node: readU64(buffer, at), lookups: readU64(buffer, at + 8) };
  }
}

export interface InitIn {
  readonly major: number;
  readonly minor: number;
  readonly maxReadahead: number;
  readonly flags: number;
}

export function decodeInit(buffer: Buffer): InitIn {
  return {
    major: buffer.readUInt32LE(BODY),
    minor: buffer.readUInt32LE(BODY + 4),
    maxReadahead: buffer.readUInt32LE(BODY + 8),
    flags: buffer.readUInt32LE(BODY + 12),
  };
}
