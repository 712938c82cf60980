/** What a named format is: a predicate that explains itself. Everything in this folder is pure text. */
import type { Properties } from "../schema.ts";

/** @returns undefined when the text has the format, else the reason, without a final newline. */
export type FormatCheck = (value: string) => string | undefined;

/** A format whose text is a property string. */
export interface PropertyFormat {
  readonly properties: Properties;
  /** A rule across keys. @returns the reason of a refusal. */
  readonly check?: (value: Readonly<Record<string, unknown>>) => string | undefined;
}

/** `{v}` in `reason` stands for the value. */
function explain(reason: string, value: string): string {
  return reason.replaceAll("{v}", () => value);
}

export function byPattern(pattern: RegExp, reason: string): FormatCheck {
  return (value) => (pattern.test(value) ? undefined : explain(reason, value));
}

export function byTest(test: (value: string) => boolean, reason: string): FormatCheck {
  return (value) => (test(value) ? undefined : explain(reason, value));
}

export function oneOfWords(words: readonly string[], reason: string): FormatCheck {
  const known = new Set(words);
  return byTest((value) => known.has(value), reason);
}

export function accepts(check: FormatCheck, value: string): boolean {
  return check(value) === undefined;
}
