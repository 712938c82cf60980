/** Puts the tools where a shell finds them: links in `/usr/local/bin`, as far as the names are free. */
import { existsSync, lstatSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Layout } from "../../os/layout.ts";

const BIN = "/usr/local/bin";

/** Only in the system layout. The links lead to the release in use, whichever it is. */
export function linkTools(layout: Layout, release: string): void {
  const current = join(layout.quorateLib, "current");
  replaceLink(release, current);
  if (!layout.isSystem || !existsSync(BIN)) return;
  for (const name of readdirSync(join(release, "bin"))) {
    const link = join(BIN, name);
    const target = join(current, "bin", name);
    const isTaken = lstatSync(link, { throwIfNoEntry: false }) !== undefined;
    const isOurs = isTaken && lstatSync(link).isSymbolicLink() && readlinkSync(link) === target;
    if (!isTaken && !isOurs) symlinkSync(target, link);
  }
}

function replaceLink(target: string, link: string): void {
  rmSync(`${link}.new`, { force: true });
  symlinkSync(target, `${link}.new`);
  renameSync(`${link}.new`, link);
}
