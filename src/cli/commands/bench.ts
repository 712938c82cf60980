/** `quorate bench AREA`: measures and prints JSON. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { PROJECT_DIR } from "./project.ts";
import { CommandUsageError, readOptions } from "./usage.ts";

export async function main(argv: readonly string[]): Promise<number> {
  const { positionals } = readOptions(argv, { json: { type: "boolean" } }, 1);
  const [area] = positionals;
  if (area === undefined || !/^[a-z][a-z0-9-]*$/.test(area)) throw new CommandUsageError("bench needs an area");
  const module = join(PROJECT_DIR, "bench", `${area}.ts`);
  if (!existsSync(module)) throw new Error(`there is no benchmark '${area}' in ${join(PROJECT_DIR, "bench")}`);
  const { run } = (await import(pathToFileURL(module).href)) as { run(): Promise<unknown> };
  process.stdout.write(`${JSON.stringify(await run(), null, 1)}\n`);
  return 0;
}
