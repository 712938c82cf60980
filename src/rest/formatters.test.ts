import { expect, test } from "vitest";
import { printSuccess } from "./formatters.ts";

test.each([
  { extras: { total: 0 }, want: '{"data":[]}' },
  { extras: { total: 1 }, want: '{"data":[],"total":1}' },
  { extras: {}, want: '{"data":[]}' },
])("a total is told where there is any: $extras", ({ extras, want }) => {
  expect(printSuccess("json", [], extras)).toBe(want);
});
