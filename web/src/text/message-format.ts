/**
 * The part of ICU message syntax that the catalogue uses: `{name}` and `{n, plural, =0 {none} one {# guest} other {# guests}}`.
 * A message is parsed once; a broken one is shown as it is written, since a wrong text must never break a page.
 */
export type MessageValue = string | number;

type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "value"; readonly name: string }
  | { readonly kind: "count" }
  | { readonly kind: "plural"; readonly name: string; readonly cases: ReadonlyMap<string, readonly Part[]> };

/** @throws Error with the position for messages that are not in this syntax. */
export function parseMessage(text: string): readonly Part[] {
  let at = 0;
  const fail = (): never => {
    throw new Error(`cannot parse message at ${at}: ${text}`);
  };
  const word = (): string => {
    const match = /^\s*([\w=-]+)\s*/.exec(text.slice(at));
    if (match === null) return fail();
    at += match[0].length;
    return match[1] ?? fail();
  };
  const expect = (char: string): void => {
    if (text[at] !== char) fail();
    at += 1;
  };
  const parts = (isNested: boolean): Part[] => {
    const out: Part[] = [];
    while (at < text.length && !(isNested && text[at] === "}")) {
      if (text[at] === "{") {
        at += 1;
        out.push(placeholder());
      } else if (text[at] === "#" && isNested) {
        at += 1;
        out.push({ kind: "count" });
      } else {
        const end = text.slice(at).search(isNested ? /[{}#]/ : /[{]/);
        const stop = end === -1 ? text.length : at + end;
        out.push({ kind: "text", text: text.slice(at, stop) });
        at = stop;
      }
    }
    return out;
  };
  const placeholder = (): Part => {
    const name = word();
    if (text[at] === "}") {
      at += 1;
      return { kind: "value", name };
    }
    expect(",");
    if (word() !== "plural") fail();
    expect(",");
    const cases = new Map<string, readonly Part[]>();
    while (text[at] !== "}") {
      const key = word();
      expect("{");
      cases.set(key, parts(true));
      expect("}");
      at += /^\s*/.exec(text.slice(at))?.[0].length ?? 0;
      if (at >= text.length) fail();
    }
    at += 1;
    if (!cases.has("other")) fail();
    return { kind: "plural", name, cases };
  };
  return parts(false);
}

/**
 * Puts values into a message and keeps them apart, so that a value may also be something that is drawn.
 * @returns texts and values in order; neighbouring texts are joined.
 */
export function fillMessage<V>(
  parts: readonly Part[],
  values: Readonly<Record<string, V | MessageValue>>,
  plural: Intl.PluralRules,
): (V | MessageValue)[] {
  const out: (V | MessageValue)[] = [];
  const push = (item: V | MessageValue): void => {
    const last = out.at(-1);
    if (typeof item === "string" && typeof last === "string") out[out.length - 1] = last + item;
    else out.push(item);
  };
  const fill = (list: readonly Part[], count: V | MessageValue | undefined): void => {
    for (const part of list) {
      switch (part.kind) {
        case "text":
          push(part.text);
          break;
        case "count":
          push(typeof count === "number" ? String(count) : "#");
          break;
        case "value": {
          const value = values[part.name];
          push(typeof value === "number" ? String(value) : (value ?? `{${part.name}}`));
          break;
        }
        case "plural": {
          const value = values[part.name];
          const number = Number(value);
          const chosen =
            part.cases.get(`=${number}`) ?? part.cases.get(plural.select(number)) ?? part.cases.get("other");
          fill(chosen ?? [], value);
          break;
        }
        default:
          part satisfies never;
      }
    }
  };
  fill(parts, undefined);
  return out;
}
