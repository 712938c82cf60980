/** The daemons' logger: JSON lines on standard output, which the supervisor collects. */
import { pino } from "pino";
import type { Logger } from "./logger.ts";

/** Fields whose values must never reach a log, at any depth that our own code logs. */
const SECRETS = ["password", "*.password", "ticket", "*.ticket", "token", "*.token"];

export interface LoggerOptions {
  /** `debug` shows everything. Default `info`. */
  readonly level?: "debug" | "info" | "warn" | "error";
  /** Where lines go. Default 1, standard output. */
  readonly fd?: number;
}

/** Lines that wait for room on the disk; more are dropped. */
const MAX_UNWRITTEN_BYTES = 1 << 20;

/** @param name the daemon's. */
export function createLogger(name: string, { level = "info", fd = 1 }: LoggerOptions = {}): Logger {
  const lines = pino.destination({ dest: fd, sync: true, maxLength: MAX_UNWRITTEN_BYTES });
  // A full disk must not end a daemon, and there is no other place to say it: the lines are written when there is room.
  lines.on("error", () => {});
  return pino(
    {
      name,
      level,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRETS, censor: "(secret)" },
    },
    lines,
  );
}
