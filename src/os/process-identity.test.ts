import { expect, test } from "vitest";
import { commandLineOf, parseStartTicks, processStartTicks } from "./process-identity.ts";

/** As proc_pid_stat(5) has it: the start time is field 22. */
const stat = (name: string, state: string): string =>
  `7 (${name}) ${state} ${Array.from({ length: 18 }, (_, i) => i).join(" ")} 4711 0 0`;

test.each([
  ["a process that runs", stat("d", "S"), 4711],
  ["one whose name looks like more fields", stat("a) Z 1", "R"), 4711],
  ["one that nobody has waited for yet", stat("d", "Z"), undefined],
  ["one that is just ending", stat("d", "X"), undefined],
  ["nonsense", "7 (d", undefined],
])("the start time of %s", (_name, text, want) => {
  expect(parseStartTicks(text)).toBe(want);
});

test("there is none of a process that is not there", () => {
  expect(processStartTicks(2 ** 30)).toBeUndefined();
  expect(commandLineOf(2 ** 30)).toEqual([]);
});
