import { expect, test } from "vitest";
import { splitList } from "./split-list.ts";

test.each([
  { text: "", want: [] },
  { text: "a,b;c d", want: ["a", "b", "c", "d"] },
  { text: " ,a,,b ", want: ["a", "b"] },
  { text: "a\u0000b c\u0000", want: ["a", "b c"] },
])("splitList of $text", ({ text, want }) => {
  expect(splitList(text)).toEqual(want);
});
