/** The machine's own small config files that the API changes: pure texts, and replacing a file in one step. */
import { constants } from "node:fs";
import { copyFile, open, rename, rm } from "node:fs/promises";

export interface Resolver {
  readonly search: string;
  readonly servers: readonly string[];
}

/** resolv.conf(5) with the name servers and search list replaced; everything else of `text` stays. */
export function printResolver(text: string, { search, servers }: Resolver): string {
  const kept = text.split("\n").filter((line) => !/^\s*(search|domain|nameserver)(\s|$)/.test(line));
  while (kept.at(-1) === "") kept.pop();
  return [`search ${search}`, ...servers.map((server) => `nameserver ${server}`), ...kept].map((line) => `${line}\n`).join("");
}

/**
 * Writes `text` in place of the file's content: in one step where the file can be replaced, else (a file that is
 * mounted by itself, as containers have them) into the file.
 */
export async function replaceFile(path: string, text: string, mode = 0o644): Promise<void> {
  const temporary = `${path}.tmp.${process.pid}`;
  const file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await rename(temporary, path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EBUSY")) throw error;
    await copyFile(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
