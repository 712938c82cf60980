/** Mail addresses, certificates and other texts that belong to no one room. */
import { byPattern, byTest, type FormatCheck, oneOfWords } from "./format.ts";
import { isKnownTimezone } from "./host-tables.ts";

const EMAIL = /^[\w+\-~]+(\.[\w+\-~]+)*@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*$/;
const MAIL_USER = /^[\w+\-~]+(\.[\w+\-~]+)*$/;

/** Labels of the PEM blocks of a text, or undefined when it is not made of blocks alone. */
function pemLabels(text: string): string[] | undefined {
  const lines = text.split("\n");
  const labels: string[] = [];
  let at = lines.findIndex((line) => /^-----BEGIN .+-----\s*$/.test(line));
  if (at < 0) return undefined;
  while (at < lines.length) {
    const [, label] = /^-----BEGIN (.+)-----\s*$/.exec(lines[at] ?? "") ?? [];
    if (label === undefined) return lines.slice(at).every((line) => line.trim() === "") ? labels : undefined;
    at += 1;
    while (at < lines.length && (lines[at] ?? "").trim() === "") at += 1;
    while (/^[A-Za-z0-9+/]+\s*$/.test(lines[at] ?? "")) at += 1;
    if (/^[A-Za-z0-9+/]*={1,2}\s*$/.test(lines[at] ?? "")) at += 1;
    if (!/^-----END .+-----\s*$/.test(lines[at] ?? "")) return undefined;
    labels.push(label);
    at += 1;
    while (at < lines.length && (lines[at] ?? "").trim() === "") at += 1;
  }
  return labels;
}

const NO_PEM = "not a valid PEM-formatted string.";

const VERBS = ["GET", "POST", "PUT", "DELETE"];

function batchErrors(batch: unknown): string[] {
  if (!Array.isArray(batch)) return [`_root: type check ('array') failed`];
  const errors: string[] = [];
  batch.forEach((item: unknown, index) => {
    const at = (key: string, text: string): unknown => errors.push(`[${index}].${key}: ${text}`);
    if (typeof item !== "object" || item === null || Array.isArray(item)) {
      errors.push(`[${index}]: type check ('object') failed`);
      return;
    }
    const { args, method, path } = item as { args?: unknown; method?: unknown; path?: unknown };
    const missing = "property is missing and it is not optional";
    if (args !== undefined && (typeof args !== "object" || args === null)) at("args", "type check ('object') failed");
    if (method === undefined) at("method", missing);
    else if (typeof method !== "string" || !VERBS.includes(method)) {
      at("method", `value '${String(method)}' does not have a value in the enumeration '${VERBS.join(", ")}'`);
    }
    if (path === undefined) at("path", missing);
    else if (typeof path !== "string") at("path", "type check ('string') failed");
  });
  return errors;
}

const commandBatch: FormatCheck = (value) => {
  let batch: unknown;
  try {
    batch = JSON.parse(value);
  } catch (error) {
    return `commands param did not contain valid JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  const errors = batchErrors(batch);
  return errors.length === 0
    ? undefined
    : `commands is not a valid array of commands: 400 Parameter verification failed.\n${errors.join("\n")}`;
};

export const textFormats = {
  email: byPattern(EMAIL, "value does not look like a valid email address"),
  "email-or-username": byTest(
    (v) => EMAIL.test(v) || MAIL_USER.test(v),
    "value does not look like a valid email address or user name",
  ),
  "pem-certificate": byTest((v) => {
    const labels = pemLabels(v);
    return labels?.length === 1 && labels[0] === "CERTIFICATE";
  }, NO_PEM),
  "pem-certificate-chain": byTest((v) => {
    const labels = pemLabels(v);
    return labels?.every((label) => label === "CERTIFICATE") === true;
  }, NO_PEM),
  "pem-string": byTest((v) => pemLabels(v)?.length === 1, NO_PEM),
  "pve-acme-alias": byPattern(
    /^[a-z0-9_][a-z0-9_-]*(?:\.[a-z0-9_][a-z0-9_-]*)+$/i,
    "value '{v}' does not look like a valid alias name!",
  ),
  "pve-acme-domain": byPattern(
    /^[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9][a-z0-9_-]*)+$/i,
    "value '{v}' does not look like a valid domain name!",
  ),
  "pve-command-batch": commandBatch,
  "pve-day-of-week": oneOfWords(["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "invalid day '{v}'"),
  "pve-task-status-type": byPattern(/^(ok|error|warning|unknown)$/i, "invalid status '{v}'"),
  string: () => undefined,
  timezone: byTest(isKnownTimezone, "invalid time zone '{v}'"),
  urlencoded: byPattern(/^[-%a-zA-Z0-9_.!~*'()]*$/, "invalid urlencoded string: {v}"),
} satisfies Record<string, FormatCheck>;
