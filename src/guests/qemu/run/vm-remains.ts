/** What a VM that has ended leaves: files in the run directory, an empty control group. */
import { rm } from "node:fs/promises";
import { removeScope } from "../../../os/guest-scope.ts";
import type { VmProcesses } from "./vm-process.ts";

const KINDS = ["qmp", "qga", "vnc", "serial0", "serial1", "serial2", "serial3", "pid"];

/** Under the VM's lock and when no process runs it: a next start makes the same files. */
export async function removeRemains(processes: VmProcesses, slice: string, vmid: number): Promise<void> {
  for (const kind of KINDS) await rm(processes.socket(vmid, kind), { force: true });
  await removeScope(slice, vmid);
}
