/** What the QEMU of this machine can do for a VM. */
import { join } from "node:path";
import { findProgram } from "../../../os/find-program.ts";
import type { HostProbe } from "../../../os/kvm-probe.ts";
import type { Layout } from "../../../os/layout.ts";
import type { VmConfig } from "../config.ts";
import { VmRefusedError } from "../config-error.ts";
import type { StockHost } from "../stock/stock-command.ts";
import { QEMU_BINARY } from "./qemu-binary.ts";

export interface HostForVm extends StockHost {
  /** Why the guest is emulated although its config does not ask for that. */
  readonly whyNoKvm?: string;
}

export interface StockHostDeps {
  readonly layout: Layout;
  readonly probe: Pick<HostProbe, "abilities">;
}

/** @throws VmRefusedError without a QEMU. */
export async function stockHostFor({ layout, probe }: StockHostDeps, config: VmConfig): Promise<HostForVm> {
  const binary = findProgram(QEMU_BINARY);
  if (binary === undefined) throw new VmRefusedError("no QEMU is installed on this node");
  const { hasKvm, whyNot, hasIoUring } = await probe.abilities(binary);
  const wantsKvm = config.kvm !== "0";
  return {
    binary,
    accelerator: hasKvm && wantsKvm ? "kvm" : "tcg",
    hasIoUring,
    hasVhostNet: false,
    network: layout.isSystem ? "tap" : "user",
    runDir: layout.qemuRun,
    configDir: join(import.meta.dirname, "../stock"),
    firmwareDir: `${layout.hostFirmwareDir}/`,
    ...(wantsKvm && !hasKvm ? { whyNoKvm: whyNot ?? "unknown" } : {}),
  };
}
