import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildCommand, parseVmConfig, showCommand } from "../guests/qemu/index.ts";
import { run } from "./qemu-cmd.ts";
import { directivesOf, VECTOR_VMID, vectorWorld } from "./qemu-cmd-world.ts";

const cases = join(import.meta.dirname, "cases/qemu-cmd");

/** `UPDATE=1` writes the command lines anew; commit only a difference that can be explained. */
if (process.env.UPDATE === "1") {
  for (const name of readdirSync(cases).filter((file) => file.endsWith(".conf"))) {
    const text = readFileSync(join(cases, name), "utf8");
    const directives = directivesOf(text);
    if (directives.has("EXPECT_ERROR")) continue;
    const { current } = parseVmConfig(text, { vmid: VECTOR_VMID, strict: true });
    const { argv } = buildCommand(current, vectorWorld(directives, current), { vmid: VECTOR_VMID });
    writeFileSync(join(cases, `${name}.cmd`), `${showCommand(argv, true)}\n`);
  }
}

test("every case gives its command line or its error", async () => {
  const results: Record<string, string> = {};
  await run(cases, (name, ok, detail) => {
    results[name] = ok ? "ok" : (detail ?? "differs");
  });
  expect(Object.keys(results).length).toBeGreaterThan(5);
  expect(Object.entries(results).filter(([, result]) => result !== "ok")).toEqual([]);
});

test("a line that differs is reported with the option", async () => {
  const failures: string[] = [];
  const path = join(cases, "no-such-model.conf");
  await run(path, (_name, ok, detail) => failures.push(`${ok} ${detail}`));
  expect(failures).toEqual(["true undefined"]);
});
