/** The daemons' logs: bounded files, merged into one stream and made short for a terminal. */
import { copyFileSync, readFileSync, statSync, truncateSync } from "node:fs";

const MAX_LOG_BYTES = 16 << 20;

/** Keeps one older part. The writers append, so the file is emptied in place. */
export function rotateLog(path: string, maxBytes = MAX_LOG_BYTES): void {
  if (logSize(path) <= maxBytes) return;
  copyFileSync(path, `${path}.1`);
  truncateSync(path, 0);
}

/** Bytes; 0 when there is no such file. */
export function logSize(path: string): number {
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
    return { daemon, time: "", text: printable(raw) };
  }
  if (typeof entry !== "object" || entry === null) return { daemon, time: "", text: printable(raw) };
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
    text: printable(`${level}${String(record.msg ?? "")}${cause}${fields.length > 0 ? ` (${fields.join(" ")})` : ""}`),
  };
}

/** What strangers send gets into logs: it must neither steer the terminal nor look like lines of its own. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  return text.replace(/[\0-\x08\n-\x1f\x7f-\x9f]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** The error that a daemon's log tells last, from the byte `from` on: our logger's, else the one of a crash. */
export function lastFailure(path: string, from: number): string | undefined {
  if (logSize(path) <= from) return undefined;
  const lines = readFileSync(path).subarray(from).toString("utf8").split("\n").reverse();
  for (const line of lines) {
    if (/^\{.*"level":"error"/.test(line)) return renderLogLine("", line).text.replace(/^error: /, "");
    const crash = /^\w*Error\b.*?: (.+)$/.exec(line)?.[1];
    if (crash !== undefined) return crash;
  }
  return undefined;
}

/** Reads what was appended to several files since the last look. */
export class LogTail {
  readonly #offsets = new Map<string, number>();
  readonly #partial = new Map<string, string>();

  /** The next look gives lines that are written from now on. */
  skipToEnd(path: string): void {
    this.#offsets.set(path, logSize(path));
  }

  /** Complete lines that are new in `path`. A file that shrank was emptied: it is read from its start. */
  read(path: string): string[] {
    const size = logSize(path);
    let offset = this.#offsets.get(path) ?? 0;
    if (size < offset) offset = 0;
    if (size === offset) return [];
    // More than `size` may be there by now: what was read counts.
    const bytes = readFileSync(path);
    const text = (this.#partial.get(path) ?? "") + bytes.subarray(offset).toString("utf8");
    this.#offsets.set(path, bytes.length);
    const lines = text.split("\n");
    this.#partial.set(path, lines.pop() ?? "");
    return lines;
  }
}
