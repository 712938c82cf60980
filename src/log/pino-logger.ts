/** The daemons' logger: JSON lines on standard output, which the supervisor collects. */
import { pino } from "pino";
import type { Logger } from "./logger.ts";

/** Fields whose values must never reach a log, at any depth that our own code logs. */
const SECRETS = ["password", "*.password", "ticket", "*.ticket", "token", "*.token"];

/**
 * @param name the daemon's.
 * @param level `debug` shows everything.
 */
export function createLogger(name: string, level: "debug" | "info" | "warn" | "error" = "info"): Logger {
  return pino({
    name,
    level,
    formatters: { level: (label) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: SECRETS, censor: "(secret)" },
  });
}
