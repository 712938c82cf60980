/** Reads and writes each config of a folder of cases in both modes, and compares texts and errors byte for byte. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { messageOf } from "../errors/quorate-error.ts";
import { parseVmConfig, printVmConfig } from "../guests/qemu/index.ts";

const VMID = 8006;

export async function run(
  dirOrFile: string,
  report: (name: string, ok: boolean, detail?: string) => void,
): Promise<void> {
  const isFile = dirOrFile.endsWith(".conf");
  const root = isFile ? dirname(dirname(dirOrFile)) : dirOrFile;
  const names = isFile ? [basename(dirOrFile)] : readdirSync(join(root, "input")).sort();
  for (const name of names) {
    const input = readFileSync(join(root, "input", name), "utf8");
    const wantText = readIfThere(join(root, "expected", name)) ?? input;
    for (const strict of [false, true]) {
      const mode = strict ? "strict" : "non-strict";
      const wantError = readIfThere(join(root, "expected", `${name}.${mode}.error`));
      const got = roundTrip(input, strict);
      const want = wantError === undefined ? { text: wantText } : { error: wantError };
      const ok = JSON.stringify(got) === JSON.stringify(want);
      report(`${name} ${mode}`, ok, ok ? undefined : `want ${JSON.stringify(want)}\ngot  ${JSON.stringify(got)}`);
    }
  }
}

function roundTrip(input: string, strict: boolean): { text: string } | { error: string } {
  try {
    return { text: printVmConfig(parseVmConfig(input, { vmid: VMID, strict })) };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
