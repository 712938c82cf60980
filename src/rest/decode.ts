/** Query strings, form bodies and JSON bodies become raw parameters: texts, arrays, or JSON values. Pure. */
import { QuorateError } from "../errors/quorate-error.ts";

export type RawParams = Record<string, unknown>;

/** A body that is not what its type says. */
export class BodyError extends QuorateError {
  readonly code = "bad-body";
}

/**
 * `a=1&b=2` or `a=1;b=2`: `+` is a blank, a key without `=` has no value, a repeated key becomes an array. The cache
 * buster `_dc` is dropped.
 */
export function decodeForm(text: string): RawParams {
  const params: RawParams = Object.create(null);
  if (text === "") return params;
  for (const pair of text.split(/[&;]/)) {
    if (pair === "") continue;
    const at = pair.indexOf("=");
    const key = decodeComponent(at < 0 ? pair : pair.slice(0, at));
    if (key === "_dc") continue;
    const value = at < 0 ? undefined : decodeComponent(pair.slice(at + 1));
    const before = params[key];
    if (before === undefined) params[key] = value;
    else if (Array.isArray(before)) before.push(value);
    else params[key] = [before, value];
  }
  return params;
}

/** Percent sequences that are no UTF-8 stay as they are: one bad value must not lose the request. */
function decodeComponent(text: string): string {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  return decodePercent(spaced);
}

export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // The only failure is malformed UTF-8 or a stray percent sign: decode byte by byte, as lenient servers do.
    const bytes = Buffer.from(
      text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
      "latin1",
    );
    return bytes.toString("utf8");
  }
}

/** @throws BodyError unless the text is a JSON object. */
export function decodeJson(text: string): RawParams {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new BodyError("cannot decode the request body: it is not JSON", { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new BodyError("cannot decode the request body: it is not a JSON object");
  }
  return Object.assign(Object.create(null), value);
}
