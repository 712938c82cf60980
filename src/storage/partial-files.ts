/**
 * Files that are being written beside their place. Their names say which process of which node writes them, so that
 * what a killed process left behind is known for what it is and removed by the next one that writes there.
 */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isProcessAlive, processStartTicks } from "../os/process-identity.ts";

const NAME = /^\.(.+)\.(\d+)\.(\d+)\.partial(?:\.[a-z0-9]+)?$/;
let made = 0;

/** A path in `folder` that no listing shows and no other writer uses. Removes what dead writers of this node left there. */
export async function partialPathIn(folder: string, nodeName: string): Promise<string> {
  for (const name of await readdir(folder)) {
    const [, node, pid, ticks] = NAME.exec(name) ?? [];
    // Other nodes' processes cannot be seen from here.
    if (node === undefined || node.replace(/\.\d+$/, "") !== nodeName) continue;
    if (!isProcessAlive(Number(pid), Number(ticks))) await rm(join(folder, name), { force: true });
  }
  made += 1;
  return join(folder, `.${nodeName}.${made}.${process.pid}.${processStartTicks(process.pid)}.partial`);
}
