/** The small tables of guest configs: pending deletions. Tables of other subjects in the folder are not read. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  addPendingDelete,
  cleanupPending,
  parsePendingDelete,
  printPendingDelete,
  removePendingDelete,
} from "../guests/config/pending-delete.ts";

type Config = Record<string, unknown> & { pending?: Record<string, string> };
interface Table {
  readonly method: string;
  readonly cases: readonly { readonly input: unknown; readonly expect: unknown }[];
}

export async function run(
  dirOrFile: string,
  report: (name: string, ok: boolean, detail?: string) => void,
): Promise<void> {
  const path = dirOrFile.endsWith(".json") ? dirOrFile : join(dirOrFile, "pending.json");
  // The file's form is what its README says.
  const tables = JSON.parse(readFileSync(path, "utf8")) as Table[];
  for (const { method, cases } of tables) {
    for (const { input, expect } of cases) {
      const got = evaluate(method, input);
      const ok = isDeepStrictEqual(got, expect);
      report(`${method} ${JSON.stringify(input)}`, ok, `want ${JSON.stringify(expect)}\ngot  ${JSON.stringify(got)}`);
    }
  }
}

function evaluate(method: string, input: unknown): unknown {
  switch (method) {
    case "parsePendingDelete": {
      const keys = [...parsePendingDelete(String(input))];
      return Object.fromEntries(keys.map(([key, { isForced }]) => [key, { force: isForced ? 1 : 0 }]));
    }
    case "printPendingDelete": {
      const keys = Object.entries(input as Record<string, { force: number }>);
      return printPendingDelete(new Map(keys.map(([key, { force }]) => [key, { isForced: force === 1 }])));
    }
    case "addPendingDelete":
    case "addToPendingDelete": {
      const [config, key, force] = input as [Config, string, number?];
      return { ...config, pending: addPendingDelete(config.pending ?? {}, key, force === 1) };
    }
    case "removeFromPendingDelete": {
      const [config, key] = input as [Config, string];
      return { ...config, pending: removePendingDelete(config.pending ?? {}, key) };
    }
    case "cleanupPending": {
      const { pending, ...current } = input as Config;
      const texts = Object.fromEntries(Object.entries(current).map(([key, value]) => [key, String(value)]));
      return { ...current, pending: cleanupPending(texts, pending ?? {}) };
    }
    default:
      return `no method '${method}'`;
  }
}
