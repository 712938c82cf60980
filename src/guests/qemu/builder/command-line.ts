/**
 * The line while it is put together. Two lists grow side by side, since devices are described before their backends are
 * all known: `cmd`, then `devices`. What must precede every other device goes to `front`.
 */
import type { VmConfig } from "../config.ts";
import type { Drive } from "../drives.ts";
import type { MachineType } from "./machine-type.ts";
import type { Arch, BuildOptions, BuildWorld } from "./world.ts";

export class CommandLine {
  readonly config: VmConfig;
  readonly world: BuildWorld;
  readonly options: BuildOptions;
  readonly machine: MachineType;
  readonly arch: Arch;
  readonly isKvm: boolean;
  /** 0: no Windows; 5, 6, 7, 8, 10, 11 by generation. */
  readonly windowsVersion: number;
  readonly drives: readonly Drive[];

  readonly cmd: string[] = [];
  readonly devices: string[] = [];
  readonly front: string[] = [];
  readonly rtc: string[] = [];
  readonly machineFlags: string[] = [];
  readonly warnings: string[] = [];
  readonly notes: string[] = [];
  /** Bridges that some device sits on. */
  readonly usedBuses = new Set<number>();
  /** The smallest machine revision that offers what the line uses. */
  printedRevision = 0;

  constructor(facts: {
    readonly config: VmConfig;
    readonly world: BuildWorld;
    readonly options: BuildOptions;
    readonly machine: MachineType;
    readonly arch: Arch;
    readonly isKvm: boolean;
    readonly windowsVersion: number;
    readonly drives: readonly Drive[];
  }) {
    this.config = facts.config;
    this.world = facts.world;
    this.options = facts.options;
    this.machine = facts.machine;
    this.arch = facts.arch;
    this.isKvm = facts.isKvm;
    this.windowsVersion = facts.windowsVersion;
    this.drives = facts.drives;
  }

  get vmid(): number {
    return this.options.vmid;
  }

  get isQ35(): boolean {
    return this.machine.board === "q35";
  }

  get isArm(): boolean {
    return this.arch === "aarch64";
  }

  get isTemplate(): boolean {
    return this.config.template === "1";
  }

  get usesOvmf(): boolean {
    return this.config.bios === "ovmf";
  }

  /** A file of this guest in the run directory. */
  runFile(suffix: string): string {
    return `${this.world.paths.qemuRun}/${this.vmid}.${suffix}`;
  }

  /** Whether the machine is at least `major.minor+pveN`, for what does not change the machine's revision. */
  isAtLeast(major: number, minor: number, revision = 0): boolean {
    const { version } = this.machine;
    if (version.major !== major) return version.major > major;
    if (version.minor !== minor) return version.minor > minor;
    return version.revision >= revision;
  }

  /** Like {@link isAtLeast}, for a guest-visible feature that came with a revision: using it pins that revision. */
  uses(major: number, minor: number, revision: number): boolean {
    if (!this.isAtLeast(major, minor, revision)) return false;
    const { version } = this.machine;
    const isSame = version.major === major && version.minor === minor;
    if (isSame) this.printedRevision = Math.max(this.printedRevision, revision);
    return true;
  }

  /** Whether the QEMU binary itself is at least this version. */
  binaryIsAtLeast(major: number, minor: number): boolean {
    const [a = 0, b = 0] = this.world.qemuVersion.split(".").map(Number);
    return a !== major ? a > major : b >= minor;
  }
}
