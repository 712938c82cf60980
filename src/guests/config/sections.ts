/**
 * The outer form of a guest's config file: a head and bracketed sections of `key: value` lines. What the keys mean is
 * the business of the guest type.
 */

/** Keys and values of one section, values as text in their stored form; `description` is decoded. */
export type Section = Readonly<Record<string, string>>;

/** A line of a section that was read. */
export type ConfigLine =
  | { readonly kind: "comment"; readonly text: string }
  | { readonly kind: "value"; readonly key: string; readonly value: string }
  | { readonly kind: "section"; readonly name: string }
  | { readonly kind: "other"; readonly line: string };

/** An empty value is one only after a blank: `boot: ` says that nothing boots, `boot:` says nothing. */
const KEY_VALUE = /^([a-z][a-z_-]*\d*):(?:\s*(\S.*?)\s*|\s+)$/;

/** Pure. Empty lines are dropped. */
export function* readLines(text: string): Generator<ConfigLine> {
  for (const line of text.split("\n")) {
    if (/^\s*$/.test(line)) continue;
    if (line.startsWith("#")) {
      yield { kind: "comment", text: line.slice(1) };
      continue;
    }
    const [, name] = /^\[(.*)\]\s*$/.exec(line) ?? [];
    if (name !== undefined) {
      yield { kind: "section", name };
      continue;
    }
    const [, key, value] = KEY_VALUE.exec(line) ?? [];
    if (key !== undefined) yield { kind: "value", key, value: value ?? "" };
    else yield { kind: "other", line };
  }
}

/** Keys in the order in which files hold them: by bytes, so `net10` precedes `net2`. */
export function sortedKeys(section: Section): string[] {
  return Object.keys(section).sort();
}
