/** Loads every module of a release once so that the compile cache holds them all, and writes the cache. */
import { readdirSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const source = join(import.meta.dirname, "..");
/** Modules that do something when they are loaded. The daemons' own files start only as the main module, or are small. */
const ENTRIES = new Set(["daemons", "cli/quorate.ts"]);

async function load(directory: string, relative: string): Promise<void> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = relative === "" ? entry.name : `${relative}/${entry.name}`;
    if (ENTRIES.has(path)) continue;
    if (entry.isDirectory()) await load(join(directory, entry.name), path);
    else if (entry.name.endsWith(".ts") && !isProgram(path)) {
      await import(pathToFileURL(join(directory, entry.name)).href);
    }
  }
}

/** Children's and threads' entry modules wait for their parent when they are loaded. */
function isProgram(path: string): boolean {
  return /(-child|-thread|-worker|-program)\.ts$/.test(path);
}

await load(source, "");
await import("./services.ts");
flushCompileCache();
process.exit(0);
