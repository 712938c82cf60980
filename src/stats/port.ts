/** What statistics ask of others beside guests, storages and the cluster file system. Each is optional where it is used. */

/** Changes the size of a running VM's balloon. */
export interface BalloonControl {
  balloon(vmid: number, bytes: number): Promise<void>;
}

/** The cpu flags that guests can have, by accelerator, as lists with blanks. */
export interface CpuFlagSource {
  /** Undefined where the accelerator cannot be used here. */
  cpuFlags(accelerator: "kvm" | "tcg"): Promise<string | undefined>;
}

export interface ReleaseInfo {
  readonly version: string;
  readonly release: string;
  readonly repoid: string;
}
