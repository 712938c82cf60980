/** `quorate openapi`: the method tree as OpenAPI 3.1. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openApiOf } from "../../rest/openapi.ts";
import { Registry } from "../../rest/registry.ts";
import { declaredMethods } from "./declared-methods.ts";
import { PROJECT_DIR } from "./project.ts";

export async function main(): Promise<number> {
  const { version } = JSON.parse(readFileSync(join(PROJECT_DIR, "package.json"), "utf8")) as { version: string };
  const description = openApiOf(new Registry(declaredMethods()), { title: "Quorate", version });
  process.stdout.write(`${JSON.stringify(description, null, 1)}\n`);
  return 0;
}
