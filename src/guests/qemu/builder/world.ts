/**
 * Everything that the builder must be told about the node. It is gathered once before a start; the builder itself does
 * no input and no output. Paths are those of the layout.
 */
import type { JsonObject } from "./json.ts";

export type Arch = "x86_64" | "aarch64";

/** Where the bytes of a volume are. */
export type VolumeLocation =
  /** A file or a block device of the host. */
  | { readonly kind: "path"; readonly path: string; readonly isBlockDevice: boolean }
  /** Something that QEMU reaches by a driver of its own (rbd, iscsi). */
  | {
      readonly kind: "driver";
      /** Keys of the block device node, without those that every node has. */
      readonly node: JsonObject;
      /** The same as the text of `-drive file=`, for old machine types. */
      readonly driveText: string;
    };

/** A volume as the builder needs it; the key in {@link BuildWorld.volumes} is its volume id, or its absolute path. */
export interface BuildVolume {
  readonly format: string;
  readonly location: VolumeLocation;
  readonly vtype: "images" | "iso" | "other";
  /** Absent for a bare path of the host. */
  readonly storage?: {
    readonly name: string;
    readonly type: string;
    readonly content: ReadonlySet<string>;
    /** Krbd: the rbd image is mapped as a block device. */
    readonly isKrbd?: boolean;
    /** Btrfs without copy on write. */
    readonly isNocow?: boolean;
  };
  /** Overlays below the current one, newest first: snapshot name and volume. */
  readonly chain?: readonly { readonly snapshot: string; readonly location: VolumeLocation; readonly format: string }[];
  /** A block device: what it answers to a SCSI INQUIRY (peripheral type), undefined when it does not answer. */
  readonly scsiType?: number;
}

export interface CustomCpuModel {
  readonly reportedModel?: string;
  /** `+aes;-svm` */
  readonly flags?: string;
  readonly hidden?: boolean;
  readonly hvVendorId?: string;
  /** A number or `host`. */
  readonly physBits?: string;
  readonly guestPhysBits?: number;
  readonly level?: number;
}

export interface PciMapping {
  /** Addresses on this node, in order: `0000:01:00.4`; several functions are separated by `;`. */
  readonly paths: readonly string[];
  readonly isMdev: boolean;
  readonly supportsLiveMigration?: boolean;
}

export interface BuildPaths {
  /** Sockets and pid files of guests. */
  readonly qemuRun: string;
  /** As other programs spell it for variables and migration: `/run/qemu-server`. */
  readonly qemuRunShort: string;
  /** Where QEMU reports its events. */
  readonly eventSocket: string;
  /** `bootsplash.jpg` and the read-config files. */
  readonly qemuShare: string;
  readonly bridgeScripts: string;
  /** Directory of OVMF images, without a final slash. */
  readonly firmware: string;
  readonly hugepages: string;
  /** Directory of option ROMs for passed-through devices. */
  readonly romFiles: string;
}

export interface BuildWorld {
  readonly nodeName: string;
  /** `x.y.z` of the installed QEMU. */
  readonly qemuVersion: string;
  readonly hostArch: Arch;
  /** `GenuineIntel` or `AuthenticAMD`, as in /proc/cpuinfo. */
  readonly hostCpuVendor: string;
  readonly hostCpuCount: number;
  /** Physical address bits of the host's CPU, when known. */
  readonly hostPhysBits?: number;
  /** A guest really runs under KVM here. */
  readonly hasKvm: boolean;
  /** Run guests that ask for KVM by emulation where there is none, instead of refusing them. */
  readonly emulatesWithoutKvm: boolean;
  readonly hasVhostNet: boolean;
  readonly iscsiInitiator?: string;
  readonly hugepageSizesMiB: readonly number[];
  /** NUMA nodes of the host; undefined: do not check. */
  readonly hostNumaNodes?: ReadonlySet<number>;
  readonly volumes: ReadonlyMap<string, BuildVolume>;
  readonly bridgeMtus: ReadonlyMap<string, number>;
  readonly cpuModels: ReadonlyMap<string, CustomCpuModel>;
  /** Addresses of the host's PCI functions: `0000:01:00.0`. */
  readonly pciDevices: ReadonlySet<string>;
  readonly pciMappings: ReadonlyMap<string, PciMapping>;
  /** Vendor and product, or bus and port, by name. */
  readonly usbMappings: ReadonlyMap<string, string>;
  /** What the CPU offers for encrypted guests. */
  readonly sev?: { readonly cbitpos: number; readonly reducedPhysBits: number };
  /** Bytes of the firmware's variables file by file name, e.g. `OVMF_VARS.fd`. */
  readonly firmwareSizes: ReadonlyMap<string, number>;
  /** The port that a SPICE server may take. */
  readonly spicePort: number;
  /** The address on which it listens. */
  readonly spiceAddress: string;
  readonly paths: BuildPaths;
}

/** What only one start needs, beside the config. */
export interface BuildOptions {
  readonly vmid: number;
  /** Machine type that replaces the config's (resume, incoming migration). */
  readonly forceMachine?: string;
  /** Text after `-cpu` that replaces the config's. */
  readonly forceCpu?: string;
  /** Wait for an incoming migration: `defer`, or a socket path. */
  readonly incoming?: string;
  /** MTU told to a card, when it must stay what it was: by key `net0`. */
  readonly netsHostMtu?: ReadonlyMap<string, number>;
}

export interface BuiltCommand {
  readonly argv: string[];
  /** For the task log, one line each. */
  readonly warnings: string[];
  /** Lines of interest that are no warnings. */
  readonly notes: string[];
  /** The machine type on the command line, e.g. `pc+pve0`. */
  readonly machineType: string;
  /** The text after `-cpu`. */
  readonly cpu: string;
  /** Whether the guest runs under KVM. */
  readonly usesKvm: boolean;
  readonly spicePort?: number;
}
