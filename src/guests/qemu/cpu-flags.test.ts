import { expect, test } from "vitest";
import { findProgram } from "../../os/find-program.ts";
import { readCpuFlags, usableFlags } from "./cpu-flags.ts";
import { QEMU_BINARY } from "./run/qemu-binary.ts";

const HELP = "Available CPUs:\n  base  base CPU model type\n\nRecognized CPUID flags:\n  sse4.1 aes\n  avx 3dnow aes\n";
const answer = (props: Record<string, unknown>): string =>
  `{"QMP": {}}\n{"return": {}}\n${JSON.stringify({ return: { model: { name: "max", props } } })}\n{"return": {}}\n`;

const cases = [
  { name: "only what is on", props: { aes: true, avx: false, "3dnow": true }, want: ["3dnow", "aes"] },
  { name: "switches of the model are no flags", props: { enforce: true, migratable: true, aes: true }, want: ["aes"] },
  { name: "values that are no switches", props: { aes: 1, avx: "on" }, want: [] },
];
test.each(cases)("usableFlags: $name", ({ props, want }) => {
  expect(usableFlags({ help: HELP, answers: answer(props) })).toEqual(want);
});

test("usableFlags: no answer, no flags", () => {
  expect(usableFlags({ help: HELP, answers: '{"QMP": {}}\n' })).toEqual([]);
});

const binary = findProgram(QEMU_BINARY);

test.skipIf(binary === undefined)("the installed QEMU emulates sse2 and more", async () => {
  const flags = await readCpuFlags(binary ?? "", "tcg");
  expect(flags).toEqual(expect.arrayContaining(["cmov", "sse2"]));
  expect(flags.length).toBeGreaterThan(40);
  await expect(readCpuFlags(binary ?? "", "none" as "tcg")).rejects.toMatchObject({ code: "command-failed" });
});
