/** `quorate conform AREA DIR…`: runs recorded cases against this code. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { messageOf } from "../../errors/quorate-error.ts";
import { CommandUsageError, readOptions } from "./usage.ts";

type Report = (name: string, ok: boolean, detail?: string) => void;

const MAX_DIRECTORIES = 1000;

export async function main(argv: readonly string[]): Promise<number> {
  const { positionals } = readOptions(argv, {}, MAX_DIRECTORIES);
  const [area, ...places] = positionals;
  if (area === undefined || places.length === 0) throw new CommandUsageError("conform needs an area and a directory");
  if (!/^[a-z][a-z0-9-]*$/.test(area)) throw new CommandUsageError(`'${area}' is not an area`);
  const module = join(import.meta.dirname, "../../conform", `${area}.ts`);
  if (!existsSync(module)) throw new Error(`cases of '${area}' cannot be run: this release has no such part`);
  const { run } = (await import(pathToFileURL(module).href)) as {
    run(place: string, report: Report, methods: unknown): Promise<void>;
  };
  const { declaredMethods } = await import("./declared-methods.ts");
  let passed = 0;
  let failed = 0;
  const report: Report = (name, ok, detail) => {
    if (ok) passed += 1;
    else failed += 1;
    if (!ok) process.stdout.write(`FAIL ${name}${detail === undefined ? "" : `: ${detail}`}\n`);
  };
  for (const place of places) {
    if (!existsSync(place)) throw new Error(`no such file or directory: ${place}`);
    try {
      await run(place, report, area === "api" ? declaredMethods() : undefined);
    } catch (error) {
      report(place, false, messageOf(error));
    }
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 && passed > 0 ? 0 : 1;
}
