/**
 * What whoever measures VMs needs of them, and nothing that starts or changes one: a process that only watches stays
 * small.
 */
import { join } from "node:path";
import type { CachedFiles } from "../../cfs/cached-files.ts";
import type { ClusterFs } from "../../cfs/port.ts";
import type { Logger } from "../../log/logger.ts";
import { findProgram } from "../../os/find-program.ts";
import { HostProbe } from "../../os/kvm-probe.ts";
import type { Layout } from "../../os/layout.ts";
import type { Guests } from "../port.ts";
import { VmConfigs } from "./config-store.ts";
import { readCpuFlags } from "./cpu-flags.ts";
import { qmpCommand } from "./qmp/index.ts";
import { QEMU_BINARY } from "./run/qemu-binary.ts";
import { VmProcesses } from "./run/vm-process.ts";
import { VmStatusReader } from "./run/vm-status.ts";

export interface VmWatchDeps {
  readonly layout: Layout;
  readonly cfs: ClusterFs;
  readonly files: CachedFiles;
  readonly log: Logger;
}

export class VmWatch implements Pick<Guests, "status"> {
  readonly #layout: Layout;
  readonly #processes: VmProcesses;
  readonly #reader: VmStatusReader;

  constructor({ layout, cfs, files, log }: VmWatchDeps) {
    const { nodeName, qemuLock: lockDir, qemuSlice: slice } = layout;
    this.#layout = layout;
    this.#processes = new VmProcesses(layout.qemuRun);
    const configs = new VmConfigs({ nodeName, cfs, files, lockDir, log });
    const nowMs = (): number => performance.now();
    const now = (): number => Math.floor(Date.now() / 1000);
    this.#reader = new VmStatusReader({ cfs, nodeName, slice, configs, processes: this.#processes, nowMs, now });
  }

  status(): ReturnType<Guests["status"]> {
    return this.#reader.all();
  }

  async balloon(vmid: number, bytes: number): Promise<void> {
    await setBalloon(this.#processes, vmid, bytes);
  }

  /** @returns names with blanks between them; undefined where the accelerator cannot be used here. */
  async cpuFlags(accelerator: "kvm" | "tcg"): Promise<string | undefined> {
    const binary = findProgram(QEMU_BINARY);
    if (binary === undefined) return undefined;
    if (accelerator === "kvm" && !(await hostProbe(this.#layout).abilities(binary)).hasKvm) return undefined;
    return (await readCpuFlags(binary, accelerator)).join(" ");
  }
}

/** What this machine's QEMU can do; asked once a boot, whichever process asks first. */
export function hostProbe(layout: Layout): HostProbe {
  return new HostProbe(join(layout.quorateCache, "host-abilities.json"), Date.now);
}

/** @param bytes what the guest is to have. */
export async function setBalloon(processes: VmProcesses, vmid: number, bytes: number): Promise<void> {
  await qmpCommand({ path: processes.socket(vmid, "qmp"), peer: `VM ${vmid}` }, "balloon", { value: bytes });
}
