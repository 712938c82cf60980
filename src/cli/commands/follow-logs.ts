/** The daemons' logs as one stream. */
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Layout } from "../../os/layout.ts";
import { type LogLine, LogTail, renderLogLine } from "../../supervisor/log-files.ts";

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** Asked at each look: true ends the stream. */
  readonly isOver: () => boolean;
  /** How many old lines come first. */
  readonly lines: number;
  /** Only this daemon's. */
  readonly daemon?: string;
  readonly write: (line: string) => void;
}

const LOOK_MS = 250;
const TIME_LENGTH = "hh:mm:ss".length;

export function logFiles(layout: Layout, daemon?: string): string[] {
  const names = readdirSync(layout.quorateLogDir).filter((name) => name.endsWith(".log"));
  return names
    .filter((name) => daemon === undefined || name === `${daemon}.log`)
    .sort()
    .map((name) => join(layout.quorateLogDir, name));
}

/** The newest `count` lines of all daemons together, in the order of time. */
export function lastLines(layout: Layout, count: number, daemon?: string): string[] {
  const tail = new LogTail();
  return collect(tail, layout, daemon).slice(-count).map(format);
}

export async function followLogs(layout: Layout, options: FollowOptions): Promise<void> {
  const tail = new LogTail();
  const { signal, isOver, lines, daemon, write } = options;
  const old = collect(tail, layout, daemon);
  if (lines > 0) for (const line of old.slice(-lines)) write(format(line));
  while (!signal.aborted) {
    for (const line of collect(tail, layout, daemon)) write(format(line));
    if (isOver()) return;
    await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
  }
}

function collect(tail: LogTail, layout: Layout, daemon: string | undefined): LogLine[] {
  const found = logFiles(layout, daemon).flatMap((path) =>
    tail.read(path).map((line) => renderLogLine(basename(path, ".log"), line)),
  );
  // Lines without a time (a stack) stay behind the line before them.
  return found
    .map((line, index) => ({ line, index, time: line.time || found[index - 1]?.time || "" }))
    .sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.index - b.index))
    .map(({ line }) => line);
}

function format({ daemon, time, text }: LogLine): string {
  const clock = time === "" ? " ".repeat(TIME_LENGTH) : new Date(time).toTimeString().slice(0, TIME_LENGTH);
  return `${clock} ${daemon.padEnd(11)} ${text}`;
}
