import { describe, expect, test } from "vitest";
import { messages } from "./en/messages.ts";
import { fillMessage, parseMessage } from "./message-format.ts";

const english = new Intl.PluralRules("en");
const show = (text: string, values: Record<string, string | number>): string =>
  fillMessage<string>(parseMessage(text), values, english).join("");

describe("messages", () => {
  const cases = [
    { text: "plain", values: {}, want: "plain" },
    { text: "Stop {name}?", values: { name: "db-02" }, want: "Stop db-02?" },
    { text: "{n, plural, one {# guest} other {# guests}}", values: { n: 1 }, want: "1 guest" },
    { text: "{n, plural, one {# guest} other {# guests}}", values: { n: 5 }, want: "5 guests" },
    { text: "{n, plural, =0 {none} other {#, the first {name}}} here", values: { n: 0, name: "x" }, want: "none here" },
    {
      text: "{n, plural, =0 {none} other {#, the first {name}}} here",
      values: { n: 2, name: "x" },
      want: "2, the first x here",
    },
    { text: "no value: {gone}", values: {}, want: "no value: {gone}" },
  ];
  test.each(cases)("$text with $values", ({ text, values, want }) => {
    expect(show(text, values as Record<string, string | number>)).toBe(want);
  });

  test.each(["{", "{n, plural, one {a}}", "{n, select, a {b}}", "{n, plural, other {a}"])("%s is refused", (text) => {
    expect(() => parseMessage(text)).toThrow("cannot parse message");
  });

  test("every message of the catalogue parses", () => {
    const broken = Object.entries(messages).filter(([, text]) => {
      try {
        parseMessage(text);
        return false;
      } catch {
        return true;
      }
    });
    expect(broken).toEqual([]);
  });

  test("values that are drawn stay apart from texts", () => {
    const drawn = { isLink: true };
    expect(fillMessage(parseMessage("on {node} now"), { node: drawn }, english)).toEqual(["on ", drawn, " now"]);
  });
});
