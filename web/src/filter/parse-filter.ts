/**
 * The filter language: `web status:running cpu>80% -tag:test (a or b) name:/^db-\d+$/`. Space means and. What is half
 * typed is never an error: a lonely operator or bracket is text or nothing, so that a list does not flicker while typing.
 */
export type Operator = ":" | "=" | ">" | "<" | ">=" | "<=";

export type FilterNode =
  | { readonly kind: "all" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "term"; readonly key: string; readonly operator: Operator; readonly values: readonly string[] }
  | { readonly kind: "pattern"; readonly key: string; readonly pattern: RegExp }
  | { readonly kind: "not"; readonly of: FilterNode }
  | { readonly kind: "and" | "or"; readonly of: readonly FilterNode[] };

export interface ParsedFilter {
  readonly root: FilterNode;
  /** Keys that are not known: their terms are searched for as text. */
  readonly unknownKeys: readonly string[];
}

export const FILTER_KEYS = [
  "name",
  "id",
  "status",
  "node",
  "pool",
  "tag",
  "type",
  "cpu",
  "mem",
  "ram",
  "uptime",
  "lock",
  "template",
  "stale",
] as const;

type Token = { readonly kind: "open" | "close" | "or" | "not" } | { readonly kind: "word"; readonly text: string };

/** A word ends at a blank or bracket, but not inside quotes or between the slashes of a pattern. */
function tokens(text: string): Token[] {
  const out: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text[at] ?? "";
    if (/\s/.test(char)) at += 1;
    else if (char === "(" || char === ")") {
      out.push({ kind: char === "(" ? "open" : "close" });
      at += 1;
    } else if (char === "-" && /[^\s)]/.test(text[at + 1] ?? " ")) {
      out.push({ kind: "not" });
      at += 1;
    } else {
      const word = /^(?:[\w.-]+:\/(?:\\.|[^/\\])*\/|(?:"[^"]*"?|[^\s()"])+)/.exec(text.slice(at))?.[0] ?? char;
      // A minus that nothing follows yet is nothing.
      if (word !== "-") out.push(word.toLowerCase() === "or" ? { kind: "or" } : { kind: "word", text: word });
      at += word.length;
    }
  }
  return out;
}

const TERM = /^([a-z]+)(>=|<=|[:=<>])(.+)$/i;
const PATTERN = /^([a-z]+):\/(.+)\/$/i;

export function parseFilter(text: string): ParsedFilter {
  const list = tokens(text);
  const unknownKeys: string[] = [];
  let at = 0;

  const word = (raw: string): FilterNode => {
    const pattern = PATTERN.exec(raw);
    if (pattern !== null && isKey(pattern[1])) {
      const compiled = compile(pattern[2] ?? "");
      if (compiled !== undefined) return { kind: "pattern", key: pattern[1].toLowerCase(), pattern: compiled };
    }
    const term = TERM.exec(raw);
    if (term === null) return { kind: "text", text: raw.replaceAll('"', "").toLowerCase() };
    const [, key = "", operator = ":", value = ""] = term;
    if (!isKey(key)) {
      unknownKeys.push(key);
      return { kind: "text", text: raw.toLowerCase() };
    }
    const values = value
      .replaceAll('"', "")
      .toLowerCase()
      .split(",")
      .filter((part) => part !== "");
    return { kind: "term", key: key.toLowerCase(), operator: operator as Operator, values };
  };

  const one = (): FilterNode | undefined => {
    const token = list[at];
    if (token === undefined || token.kind === "close" || token.kind === "or") return undefined;
    at += 1;
    if (token.kind === "word") return word(token.text);
    if (token.kind === "not") {
      const of = one();
      return of === undefined ? undefined : { kind: "not", of };
    }
    const inner = either();
    if (list[at]?.kind === "close") at += 1;
    return inner;
  };
  const both = (): FilterNode => {
    const parts: FilterNode[] = [];
    for (let part = one(); part !== undefined; part = one()) parts.push(part);
    return join("and", parts);
  };
  const either = (): FilterNode => {
    const parts = [both()];
    while (list[at]?.kind === "or") {
      at += 1;
      parts.push(both());
    }
    return join("or", parts.length === 1 ? parts : parts.filter(({ kind }) => kind !== "all"));
  };

  const parts = [either()];
  // A closing bracket too many closes nothing.
  while (at < list.length) {
    at += 1;
    parts.push(either());
  }
  return {
    root: join(
      "and",
      parts.filter(({ kind }) => kind !== "all"),
    ),
    unknownKeys,
  };
}

function join(kind: "and" | "or", of: readonly FilterNode[]): FilterNode {
  const [first] = of;
  if (first === undefined) return { kind: "all" };
  return of.length === 1 ? first : { kind, of };
}

function isKey(key: string | undefined): key is (typeof FILTER_KEYS)[number] {
  return key !== undefined && (FILTER_KEYS as readonly string[]).includes(key.toLowerCase());
}

function compile(source: string): RegExp | undefined {
  try {
    return new RegExp(source, "i");
  } catch {
    // Half typed: text until it is whole.
    return undefined;
  }
}
