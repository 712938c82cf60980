/** The daemons' logs: bounded files, merged into one stream and made short for a terminal. */
import { copyFileSync, readFileSync, statSync, truncateSync } from "node:fs";

const MAX_LOG_BYTES = 16 << 20;

/** Keeps one older part. The writers append, so the file is emptied in place. */
export function rotateLog(path: string, maxBytes = MAX_LOG_BYTES): void {
  if (sizeOf(path) <= maxBytes) return;
  copyFileSync(path, `${path}.1`);
  truncateSync(path, 0);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

export interface LogLine {
  readonly daemon: string;
  /** ISO time, or empty for a line that is no JSON (a crash's stack). */
  readonly time: string;
  readonly text: string;
}

const HIDDEN_FIELDS = new Set(["level", "time", "pid", "hostname", "name", "msg", "err"]);

/** One line of a daemon's log as people read it: time, daemon, level when it matters, sentence, fields. */
export function renderLogLine(daemon: string, raw: string): LogLine {
  let entry: unknown;
  try {
    entry = JSON.parse(raw);
  } catch {
    // Not one of our logger's lines: shown as it is.
    return { daemon, time: "", text: raw };
  }
  if (typeof entry !== "object" || entry === null) return { daemon, time: "", text: raw };
  const record: Record<string, unknown> = { ...entry };
  const level = record.level === "info" ? "" : `${String(record.level)}: `;
  const fields = Object.entries(record)
    .filter(([key]) => !HIDDEN_FIELDS.has(key))
    .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const { err } = record;
  const cause = typeof err === "object" && err !== null && "message" in err ? `: ${String(err.message)}` : "";
  return {
    daemon,
    time: typeof record.time === "string" ? record.time : "",
    text: `${level}${String(record.msg ?? "")}${cause}${fields.length > 0 ? ` (${fields.join(" ")})` : ""}`,
  };
}

/** Reads what was appended to several files since the last look. */
export class LogTail {
  readonly #offsets = new Map<string, number>();
  readonly #partial = new Map<string, string>();

  /** The next look gives lines that are written from now on. */
  skipToEnd(path: string): void {
    this.#offsets.set(path, sizeOf(path));
  }

  /** Complete lines that are new in `path`. A file that shrank was emptied: it is read from its start. */
  read(path: string): string[] {
    const size = sizeOf(path);
    let offset = this.#offsets.get(path) ?? 0;
    if (size < offset) offset = 0;
    if (size === offset) return [];
    const text = (this.#partial.get(path) ?? "") + readFileSync(path).subarray(offset).toString("utf8");
    this.#offsets.set(path, size);
    const lines = text.split("\n");
    this.#partial.set(path, lines.pop() ?? "");
    return lines;
  }
}
