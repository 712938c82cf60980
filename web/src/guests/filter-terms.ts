import { FILTER_KEYS } from "../filter/parse-filter.ts";

const WHOLE = /^-?[a-z]+(?:>=|<=|[:=<>])(?:"[^"]*"|\/(?:\\.|[^/\\])*\/|[^\s()"/]+)$/i;

/** Terms that are whole, from the beginning; the rest is what is still being typed. */
export function splitTerms(text: string): { readonly terms: readonly string[]; readonly rest: string } {
  const terms: string[] = [];
  let rest = text;
  for (;;) {
    const word = /^\s*(\S+)(?:\s+|$)/.exec(rest);
    const term = word?.[1];
    if (
      word === null ||
      term === undefined ||
      !WHOLE.test(term) ||
      /^or$/i.test(rest.slice(word[0].length).split(/\s/, 1)[0] ?? "")
    )
      break;
    terms.push(term);
    rest = rest.slice(word[0].length);
  }
  return { terms, rest: rest.trimStart() };
}

const STATES = ["running", "stopped", "paused", "busy", "error", "unknown"];
const COMPARED = new Set<string>(["cpu", "mem", "ram", "uptime"]);

/** What may be meant by what is typed: keys first, then the values of a key. */
export function completions(
  typed: string,
  values: Readonly<Record<"node" | "tag" | "pool", readonly string[]>>,
): readonly string[] {
  const at = typed.lastIndexOf(" ") + 1;
  const before = typed.slice(0, at);
  const word = typed.slice(at);
  const minus = word.startsWith("-") ? "-" : "";
  const bare = word.slice(minus.length).toLowerCase();
  if (bare === "") return [];
  const colon = bare.indexOf(":");
  if (colon === -1) {
    return FILTER_KEYS.filter((key) => key.startsWith(bare)).map(
      (key) => `${before}${minus}${key}${COMPARED.has(key) ? ">" : ":"}`,
    );
  }
  const key = bare.slice(0, colon);
  const known: Readonly<Record<string, readonly string[]>> = {
    ...values,
    status: STATES,
    template: ["yes", "no"],
    stale: ["yes", "no"],
    type: ["vm", "ct"],
  };
  return (known[key] ?? [])
    .filter((value) => value.toLowerCase().startsWith(bare.slice(colon + 1)))
    .map((value) => `${before}${minus}${key}:${value}`);
}
