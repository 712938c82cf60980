/** What statistics, cluster lists and boot order ask of guests, whatever runs them. */
export interface GuestStatus {
  readonly vmid: number;
  readonly type: "qemu" | "lxc";
  readonly name: string;
  readonly status: "running" | "stopped";
  /** running, paused, prelaunch, … as the hypervisor says. */
  readonly qmpstatus?: string;
  readonly lock?: string;
  readonly template: boolean;
  readonly tags?: string;
  readonly pid?: number;
  /** Seconds. */
  readonly uptime: number;
  /** Fraction of `cpus` in use since the last reading of the same process, 0..1. */
  readonly cpu: number;
  readonly cpus: number;
  readonly mem: number;
  readonly maxmem: number;
  /** Host memory of the process. */
  readonly memhost?: number;
  readonly disk: number;
  readonly maxdisk: number;
  readonly netin: number;
  readonly netout: number;
  readonly diskread: number;
  readonly diskwrite: number;
  readonly balloon?: number;
  /** For auto-ballooning of running VMs: smallest size, what the guest says is free, weight (absent: 1000). */
  readonly balloonMin?: number;
  readonly freemem?: number;
  readonly shares?: number;
  /** Version of the QEMU that runs it. */
  readonly runningQemu?: string;
  /** `some`/`full` averages of the guest's cgroup in percent: cpusome, cpufull, iosome, iofull, memorysome, memoryfull. */
  readonly pressure?: Readonly<Record<string, number>>;
}

export interface Guests {
  /**
   * Every guest of this node, measured now. A guest that does not answer in time is listed with what is known.
   * @param options.asksGuests default true. false: what only a guest's own process knows is as old as its last broadcast
   * (some seconds), so that a list of many guests takes no longer than one of few.
   */
  status(options?: { readonly asksGuests?: boolean }): Promise<readonly GuestStatus[]>;
  start(vmid: number, options: { readonly timeoutMs?: number; readonly log: (line: string) => void }): Promise<void>;
  shutdown(
    vmid: number,
    options: { readonly timeoutMs: number; readonly forceStop: boolean; readonly log: (line: string) => void },
  ): Promise<void>;
}
