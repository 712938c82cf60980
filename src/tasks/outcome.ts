/** How a task ended, as its log's last line says, and the classes that filters ask for. */
export type OutcomeClass = "ok" | "warning" | "error" | "unknown";

export const UNEXPECTED_STATUS = "unexpected status";
export const INTERRUPTED = "received interrupt";

/** @returns the status that the last line of a log tells, or undefined when it is none of a task's last lines. */
export function statusOfLastLine(line: string): string | undefined {
  if (line === "TASK OK") return "OK";
  const warnings = /^TASK (WARNINGS: \d+)$/.exec(line);
  if (warnings?.[1] !== undefined) return warnings[1];
  const error = /^TASK ERROR: (.+)$/.exec(line);
  return error?.[1];
}

/** The last line that tells `status`. */
export function lastLineOfStatus(status: string): string {
  return status === "OK" || status.startsWith("WARNINGS: ") ? `TASK ${status}` : `TASK ERROR: ${status}`;
}

/** An error's text as it fits into one line of the log and of the index. */
export function errorStatus(message: string): string {
  const line = message.replace(/\s+/g, " ").trim();
  // A failure may not read like a success.
  return line === "" || line === "OK" || line.startsWith("WARNINGS: ") ? `failed: ${line || "no reason given"}` : line;
}

export function classOfStatus(status: string): OutcomeClass {
  if (status === "OK") return "ok";
  if (/^WARNINGS: \d+$/.test(status)) return "warning";
  if (status === UNEXPECTED_STATUS) return "unknown";
  return "error";
}
