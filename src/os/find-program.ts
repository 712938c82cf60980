/** Looks programs up in PATH and in the administrator's directories, which an ordinary user's PATH lacks. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const SYSTEM_DIRECTORIES = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/** @returns the absolute path, or undefined. */
export function findProgram(name: string, path = process.env.PATH ?? ""): string | undefined {
  for (const directory of [...path.split(delimiter), ...SYSTEM_DIRECTORIES]) {
    if (directory === "") continue;
    const candidate = join(directory, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not in this directory: the next one.
    }
  }
  return undefined;
}
