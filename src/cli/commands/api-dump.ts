/** `quorate api-dump`: the method tree as JSON, only methods that work. */
import { dumpApi } from "../../rest/api-dump.ts";
import { Registry } from "../../rest/registry.ts";
import { declaredMethods } from "./declared-methods.ts";

export async function main(): Promise<number> {
  process.stdout.write(`${JSON.stringify(dumpApi(new Registry(declaredMethods())))}\n`);
  return 0;
}
