/** `quorate logs [-f] [-n N] [DAEMON]` */
import { existsSync } from "node:fs";
import { followLogs, lastLines, logFiles } from "./follow-logs.ts";
import { CommandUsageError, layoutFor, ROOT_OPTION, readInteger, readOptions } from "./usage.ts";

const DEFAULT_LINES = 100;

export async function main(argv: readonly string[]): Promise<number> {
  const options = {
    ...ROOT_OPTION,
    follow: { type: "boolean", short: "f" },
    lines: { type: "string", short: "n" },
  } as const;
  const { values, positionals } = readOptions(argv, options, 1);
  const lines = readInteger(values.lines, "lines", 0, 1_000_000) ?? DEFAULT_LINES;
  const layout = layoutFor(values.root);
  const daemon = positionals[0];
  if (!existsSync(layout.quorateLogDir)) throw new Error(`no node was ever started below ${layout.root}`);
  if (daemon !== undefined && logFiles(layout, daemon).length === 0)
    throw new CommandUsageError(`no log of '${daemon}'`);
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  if (!values.follow) {
    for (const line of lastLines(layout, lines, daemon)) write(line);
    return 0;
  }
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  await followLogs(layout, { signal: stop.signal, isOver: () => false, lines, write, ...(daemon ? { daemon } : {}) });
  return 0;
}
