/**
 * Makes a directory and the parents that it lacks, one by one: Node's own recursive way never returns below a directory
 * that takes no entries, such as `/proc`.
 */
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** A directory that is there already is fine. @throws Error of the first one that cannot be made. */
export async function makeDirectories(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return;
    const parent = dirname(path);
    if (code !== "ENOENT" || parent === path) throw error;
    // Either the parent is missing, or it takes no entries: then making it changes nothing, and the second try tells.
    await makeDirectories(parent);
    await mkdir(path).catch((second: unknown) => {
      if (!(second instanceof Error && "code" in second && second.code === "EEXIST")) throw second;
    });
  }
}
