/** How changes of the config reach a running guest. What cannot be plugged stays pending until the next cold start. */
import type { VmConfig } from "./config.ts";

export interface HotplugRequest {
  readonly vmid: number;
  /** The config as the running guest has it. */
  readonly current: VmConfig;
  /** New values by key. */
  readonly set: VmConfig;
  /** Keys to be removed. Volumes behind them are dealt with by the caller. */
  readonly remove: readonly string[];
}

export interface HotplugResult {
  /** Keys of `set` and `remove` that the guest has taken over; the caller moves them into the current config. */
  readonly applied: ReadonlySet<string>;
  /** Why a key could not be plugged, where that is worth telling: reported as `hotplug problem - <why>`. */
  readonly problems: ReadonlyMap<string, string>;
}

export interface Hotplug {
  /** Whether a process runs this VM. */
  isRunning(vmid: number): Promise<boolean>;
  /** Applies what can be applied, key by key; a key that fails leaves the guest as it was for that key. Waits with limits. */
  apply(request: HotplugRequest): Promise<HotplugResult>;
  /** Tells a running guest the new size of a drive. */
  resizeDisk(vmid: number, key: string, sizeBytes: number): Promise<void>;
  /** Removes what a VM that does not run has left beside its config. To be called under the VM's lock. */
  removeRemains(vmid: number): Promise<void>;
}
