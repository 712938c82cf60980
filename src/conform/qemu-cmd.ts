/** Builds the command line of each config of a folder of cases in the world that its README describes. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { messageOf } from "../errors/quorate-error.ts";
import { buildCommand, parseVmConfig, showCommand } from "../guests/qemu/index.ts";
import { directivesOf, VECTOR_VMID, vectorWorld } from "./qemu-cmd-world.ts";

type Report = (name: string, ok: boolean, detail?: string) => void;

export async function run(dirOrFile: string, report: Report): Promise<void> {
  for (const path of configsBelow(dirOrFile)) {
    const name = join(basename(dirname(path)), basename(path));
    const problem = compare(path);
    report(name, problem === undefined, problem);
  }
}

function configsBelow(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const inner = join(path, entry.name);
      if (entry.isDirectory()) return configsBelow(inner);
      return entry.name.endsWith(".conf") ? [inner] : [];
    });
}

/** @returns what differs, or undefined. */
function compare(path: string): string | undefined {
  const text = readFileSync(path, "utf8");
  const directives = directivesOf(text);
  const wantedError = directives.get("EXPECT_ERROR")?.[0];
  const wantedWarnings = [...(directives.get("EXPECT_WARN") ?? []), ...(directives.get("EXPECT_WARNING") ?? [])];
  try {
    const file = parseVmConfig(text, { vmid: VECTOR_VMID });
    const built = buildCommand(file.current, vectorWorld(directives, file.current), { vmid: VECTOR_VMID });
    if (wantedError !== undefined) return `want error: ${wantedError}\ngot a command line`;
    const warnings = [...file.warnings, ...built.warnings];
    if (JSON.stringify(warnings) !== JSON.stringify(wantedWarnings)) {
      return `want warnings ${JSON.stringify(wantedWarnings)}\ngot ${JSON.stringify(warnings)}`;
    }
    return lineDifference(optionsOf(readFileSync(`${path}.cmd`, "utf8")), optionsOf(showCommand(built.argv, true)));
  } catch (error) {
    if (wantedError === undefined) return `got error: ${messageOf(error)}`;
    const got = messageOf(error).trimEnd();
    return got === wantedError ? undefined : `want error: ${wantedError}\ngot: ${got}`;
  }
}

function optionsOf(text: string): string[] {
  return text.trim().split(/[ \t]*\\?\n[ \t]*/);
}

function lineDifference(want: readonly string[], got: readonly string[]): string | undefined {
  const at = want.findIndex((option, index) => got[index] !== option);
  if (at < 0 && want.length === got.length) return undefined;
  const first = at < 0 ? want.length : at;
  return `option ${first}:\nwant ${want[first] ?? "nothing"}\ngot  ${got[first] ?? "nothing"}`;
}
