/** Collects what the command line builder must be told about this node for one config. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { CachedFiles } from "../../cfs/cached-files.ts";
import type { Layout } from "../../os/layout.ts";
import type { Storages } from "../../storage/port.ts";
import { cardsOf } from "./builder/network.ts";
import type { Arch, BuildPaths, BuildVolume, BuildWorld } from "./builder/world.ts";
import type { VmConfig } from "./config.ts";
import { VmRefusedError } from "./config-error.ts";
import { customCpuModels } from "./cpu-models.ts";
import { drivesOf, hasVolume } from "./drives.ts";

/** Where the reference keeps things; a later step puts them where this node has them. */
export const REFERENCE_PATHS: BuildPaths = {
  qemuRun: "/var/run/qemu-server",
  qemuRunShort: "/run/qemu-server",
  eventSocket: "/var/run/qmeventd.sock",
  qemuShare: "/usr/share/qemu-server",
  bridgeScripts: "/usr/libexec/qemu-server",
  firmware: "/usr/share/pve-edk2-firmware",
  hugepages: "/run/hugepages/kvm",
  romFiles: "/usr/share/kvm",
};

/** The machine, as far as a guest's command line depends on it. */
export interface MachineFacts {
  cpu(): Promise<{ readonly vendor: string; readonly count: number; readonly physBits?: number }>;
  bridgeMtu(name: string): Promise<number | undefined>;
  iscsiInitiator(): Promise<string | undefined>;
  pciDevices(): Promise<ReadonlySet<string>>;
  numaNodes(): Promise<ReadonlySet<number>>;
  hugepageSizesMiB(): Promise<readonly number[]>;
  hasVhostNet(): Promise<boolean>;
}

export interface WorldGathererDeps {
  readonly layout: Layout;
  readonly storages: Storages;
  readonly files: CachedFiles;
  readonly facts: MachineFacts;
  /** Whether a guest really runs under KVM here. */
  readonly hasKvm: () => Promise<boolean>;
  readonly qemuVersion: () => Promise<string | undefined>;
}

const FIRST_SPICE_PORT = 61000;
const VARIABLES_FILES = [
  "OVMF_VARS.fd",
  "OVMF_VARS_4M.fd",
  "OVMF_VARS_4M.ms.fd",
  "OVMF_SEV_VARS_4M.fd",
  "AAVMF_VARS.fd",
];

export class WorldGatherer {
  readonly #deps: WorldGathererDeps;

  constructor(deps: WorldGathererDeps) {
    this.#deps = deps;
  }

  /**
   * @param spicePort the port that a SPICE server may take.
   * @throws VmRefusedError when there is no QEMU here, StorageError when a volume cannot be found.
   */
  async gather(config: VmConfig, spicePort: number = FIRST_SPICE_PORT): Promise<BuildWorld> {
    const { layout, files, facts } = this.#deps;
    const qemuVersion = await this.#deps.qemuVersion();
    if (qemuVersion === undefined) throw new VmRefusedError("no QEMU is installed on this node");
    const cpu = await facts.cpu();
    const initiator = await facts.iscsiInitiator();
    return {
      nodeName: layout.nodeName,
      qemuVersion,
      hostArch: hostArch(),
      hostCpuVendor: cpu.vendor,
      hostCpuCount: cpu.count,
      ...(cpu.physBits === undefined ? {} : { hostPhysBits: cpu.physBits }),
      hasKvm: await this.#deps.hasKvm(),
      emulatesWithoutKvm: true,
      hasVhostNet: await facts.hasVhostNet(),
      ...(initiator === undefined ? {} : { iscsiInitiator: initiator }),
      hugepageSizesMiB: await facts.hugepageSizesMiB(),
      hostNumaNodes: await facts.numaNodes(),
      volumes: await this.#volumes(config),
      bridgeMtus: await this.#bridgeMtus(config),
      cpuModels: await customCpuModels(files),
      pciDevices: await facts.pciDevices(),
      pciMappings: new Map(),
      usbMappings: new Map(),
      firmwareSizes: await this.#firmwareSizes(config),
      spicePort,
      spiceAddress: "127.0.0.1",
      paths: REFERENCE_PATHS,
    };
  }

  async #volumes(config: VmConfig): Promise<ReadonlyMap<string, BuildVolume>> {
    const volumes = new Map<string, BuildVolume>();
    for (const drive of drivesOf(config)) {
      if (hasVolume(drive)) volumes.set(drive.file, await this.#volume(drive.file));
      else if (drive.file.startsWith("/")) volumes.set(drive.file, bareVolume(drive.file, drive.options.format));
    }
    if (config.vmstate !== undefined) volumes.set(config.vmstate, await this.#volume(config.vmstate));
    return volumes;
  }

  async #volume(volid: string): Promise<BuildVolume> {
    const { storages } = this.#deps;
    const volume = await storages.parse(volid);
    const entry = await storages.entry(volume.storage);
    return {
      // What the storage says, never a guess: a guest can write any image header into its raw disk.
      format: volume.format,
      vtype: volume.vtype === "images" || volume.vtype === "iso" ? volume.vtype : "other",
      location: pathLocation(await storages.pathOf(volid)),
      storage: { name: entry.storage, type: entry.type, content: entry.content },
    };
  }

  async #bridgeMtus(config: VmConfig): Promise<ReadonlyMap<string, number>> {
    const mtus = new Map<string, number>();
    for (const { options } of cardsOf(config)) {
      if (options.bridge === undefined) continue;
      const bridge = String(options.bridge);
      const mtu = await this.#deps.facts.bridgeMtu(bridge);
      if (mtu !== undefined) mtus.set(bridge, mtu);
    }
    return mtus;
  }

  async #firmwareSizes(config: VmConfig): Promise<ReadonlyMap<string, number>> {
    const sizes = new Map<string, number>();
    if (config.bios !== "ovmf") return sizes;
    for (const name of VARIABLES_FILES) {
      const found = await stat(join(this.#deps.layout.hostFirmwareDir, name)).catch((error: unknown) => {
        if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
        throw error;
      });
      if (found !== undefined) sizes.set(name, found.size);
    }
    return sizes;
  }
}

function hostArch(): Arch {
  return process.arch === "arm64" ? "aarch64" : "x86_64";
}

function pathLocation(path: string): BuildVolume["location"] {
  return { kind: "path", path, isBlockDevice: path.startsWith("/dev/") };
}

function bareVolume(path: string, format: unknown): BuildVolume {
  const [, suffix] = /\.(raw|qcow2|vmdk)$/.exec(path) ?? [];
  return {
    format: typeof format === "string" ? format : (suffix ?? "raw"),
    vtype: "other",
    location: pathLocation(path),
  };
}
