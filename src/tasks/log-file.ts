/** A task's log: where it lies, and reading parts of it without holding all of it. */
import { appendFileSync, closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Layout } from "../os/layout.ts";
import { lastLineOfStatus, statusOfLastLine } from "./outcome.ts";
import { parseUpid, type Upid } from "./upid.ts";

/** Logs are spread over 16 directories by the last digit of the start time. */
export function logPath(layout: Layout, upid: string, parsed: Upid): string {
  return join(layout.taskDir, logBucket(parsed.starttime), upid);
}

export function logBucket(starttime: number): string {
  return (starttime & 0xf).toString(16).toUpperCase();
}

/** @returns undefined for what is not a UPID or has no log on this node. */
export function findLog(layout: Layout, upid: string): { readonly path: string; readonly parsed: Upid } | undefined {
  const parsed = parseUpid(upid);
  if (parsed === undefined) return undefined;
  const path = logPath(layout, upid, parsed);
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? { path, parsed } : undefined;
}

/** Bytes from the end in which the last line is looked for; a longer last line is none of a task's. */
const TAIL_BYTES = 16 * 1024;

/** What the log says about the outcome, and when it was last written. Undefined: there is no log. */
export function readLogEnd(path: string): { readonly status: string | undefined; readonly mtime: number } | undefined {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { size, mtimeMs } = fstatSync(fd);
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const length = readSync(fd, tail, 0, tail.length, size - tail.length);
    const text = tail.toString("utf8", 0, length);
    const line = text.endsWith("\n") ? text.slice(text.lastIndexOf("\n", text.length - 2) + 1, -1) : "";
    return { status: statusOfLastLine(line), mtime: Math.floor(mtimeMs / 1000) };
  } finally {
    closeSync(fd);
  }
}

/** Ends a log whose worker could not. A line that was cut by the worker's death is completed first. */
export function appendLastLine(path: string, status: string): void {
  const fd = openSync(path, "r");
  let needsNewline = false;
  try {
    const { size } = fstatSync(fd);
    const last = Buffer.alloc(1);
    needsNewline = size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== NEWLINE;
  } finally {
    closeSync(fd);
  }
  appendFileSync(path, `${needsNewline ? "\n" : ""}${lastLineOfStatus(status)}\n`);
}

export interface LogLine {
  /** From 1. */
  readonly n: number;
  readonly t: string;
}

export interface LogWindow {
  readonly lines: LogLine[];
  /** Lines in the file. */
  readonly total: number;
}

const NEWLINE = 10;
const CHUNK_BYTES = 64 * 1024;
/** Longer lines are cut in the answer. */
const MAX_LINE_BYTES = 256 * 1024;

/**
 * Lines `start` (from 0) and up to `limit` of them (0: all), and how many there are in all.
 * An empty file gives the line `no content`, as clients expect.
 */
export async function readLogWindow(path: string, start: number, limit: number): Promise<LogWindow> {
  const end = limit === 0 ? Number.POSITIVE_INFINITY : start + limit;
  const lines: LogLine[] = [];
  let lineNumber = 0;
  let parts: Buffer[] = [];
  let partBytes = 0;
  const isWanted = (): boolean => lineNumber >= start && lineNumber < end;
  const keep = (bytes: Buffer): void => {
    if (!isWanted() || partBytes >= MAX_LINE_BYTES) return;
    parts.push(Buffer.from(bytes.subarray(0, MAX_LINE_BYTES - partBytes)));
    partBytes += bytes.length;
  };
  const finishLine = (): void => {
    if (isWanted()) lines.push({ n: lineNumber + 1, t: Buffer.concat(parts).toString("utf8").replace(/\r$/, "") });
    lineNumber += 1;
    parts = [];
    partBytes = 0;
  };
  const file = await open(path, "r");
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    let isLineOpen = false;
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
      if (bytesRead === 0) break;
      let from = 0;
      for (;;) {
        const to = chunk.subarray(0, bytesRead).indexOf(NEWLINE, from);
        if (to < 0) break;
        keep(chunk.subarray(from, to));
        finishLine();
        from = to + 1;
      }
      isLineOpen = from < bytesRead;
      if (isLineOpen) keep(chunk.subarray(from, bytesRead));
    }
    if (isLineOpen) finishLine();
  } finally {
    await file.close();
  }
  if (lineNumber === 0) return { lines: [{ n: 1, t: "no content" }], total: 1 };
  return { lines, total: lineNumber };
}
