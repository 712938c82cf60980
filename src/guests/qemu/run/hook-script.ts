/** The snippet that a VM's config wants to be run around its start and its end. */
import { runCommand } from "../../../os/run-command.ts";
import type { Storages } from "../../../storage/port.ts";
import type { VmConfig } from "../config.ts";

export type HookPhase = "pre-start" | "post-start" | "pre-stop" | "post-stop";

const TIMEOUT_MS = 120_000;

/** @throws CommandFailedError, or StorageError when the snippet cannot be found. */
export async function runHook(
  storages: Pick<Storages, "pathOf">,
  { hookscript }: VmConfig,
  vmid: number,
  phase: HookPhase,
): Promise<void> {
  if (hookscript === undefined) return;
  const script = await storages.pathOf(hookscript);
  await runCommand([script, String(vmid), phase], { timeoutMs: TIMEOUT_MS });
}
