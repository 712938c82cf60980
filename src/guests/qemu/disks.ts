/**
 * The disks that a request asks for: planned first, so that their names can be written down before they exist, then made.
 * A volume is in some config from before it exists until after it is gone, so a kill at any moment orphans none.
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { StorageEntry, Storages } from "../../storage/port.ts";
import { firmwareFiles } from "./builder/firmware.ts";
import type { VmConfig } from "./config.ts";
import { namingParameter, VmRefusedError } from "./config-error.ts";
import type { DiskTools } from "./disk-tools.ts";
import { type Drive, hasVolume, readRequestedDrive } from "./drives.ts";

export interface DisksDeps {
  readonly storages: Storages;
  readonly tools: DiskTools;
  /** Directory of the firmware's images. */
  readonly firmwareDir: string;
}

/** Where the bytes of a new disk come from. */
type Content =
  | { readonly kind: "empty" }
  | { readonly kind: "import"; readonly path: string; readonly format: string; readonly sizeBytes: number }
  | { readonly kind: "firmware"; readonly path: string };

export type PlannedDisk =
  /** A tray, a path of the host, or a volume that exists: nothing is made. */
  | { readonly kind: "present"; readonly drive: Drive }
  | {
      readonly kind: "new";
      /** As it will stand in the config; `file` is the planned volume id where the storage's names can be foretold. */
      readonly drive: Drive;
      readonly storage: string;
      readonly sizeKiB: number;
      readonly format?: string;
      /** Volume name, when it could be chosen. */
      readonly name?: string;
      /** Whether `drive.file` is the volume id that it will have. */
      readonly isNamed: boolean;
      readonly content: Content;
    };

export interface PlanContext {
  readonly vmid: number;
  /** The config with which the disks will stand: firmware depends on it. */
  readonly config: VmConfig;
  /** Volume ids that are spoken for, beside those that exist. */
  readonly taken: ReadonlySet<string>;
}

const NEW_DISK = /^([a-z][a-z0-9\-_.]*[a-z0-9]):(\d+(?:\.\d+)?)$/i;
const NEW_CLOUDINIT = /^([a-z][a-z0-9\-_.]*[a-z0-9]):cloudinit$/i;
const KIB = 1024;
const KIB_PER_GIB = 1_048_576;
const CLOUDINIT_KIB = 4096;
const TPM_STATE_KIB = 4096;
const MAX_DISKS = 1024;
/** Storage types whose volumes are files below `<vmid>/`, so that their ids can be foretold. */
const FILE_TYPES = new Set(["dir", "nfs", "cifs", "btrfs"]);

/** Which storage a requested drive would take space from, or undefined when nothing is made. */
export function newDiskStorage(drive: Drive): string | undefined {
  return (NEW_DISK.exec(drive.file) ?? NEW_CLOUDINIT.exec(drive.file))?.[1];
}

export const asksForCloudinit = (drive: Drive): boolean => NEW_CLOUDINIT.test(drive.file);

/** Whether a plan's drive can stand in a config before it is made. */
export function isForetold(plan: PlannedDisk): boolean {
  return plan.kind === "present" || plan.isNamed;
}

export class Disks {
  readonly #deps: DisksDeps;

  constructor(deps: DisksDeps) {
    this.#deps = deps;
  }

  /** Decides names, sizes and sources of all requested drives. Nothing is changed. */
  async plan(requested: Readonly<Record<string, string>>, context: PlanContext): Promise<PlannedDisk[]> {
    const taken = new Set(context.taken);
    const plans: PlannedDisk[] = [];
    for (const [key, text] of Object.entries(requested)) {
      const drive = readRequestedDrive(key, text);
      const plan = await namingParameter(key, () => this.#planOne(drive, { ...context, taken }));
      if (plan.kind === "new" && plan.isNamed) taken.add(plan.drive.file);
      plans.push(plan);
    }
    return plans;
  }

  async #planOne(drive: Drive, context: PlanContext): Promise<PlannedDisk> {
    const storage = newDiskStorage(drive);
    if (storage === undefined) {
      if (drive.options["import-from"] !== undefined) {
        throw new VmRefusedError(`${drive.key}: 'import-from' needs a new disk, e.g. '<storage>:0'`);
      }
      return { kind: "present", drive: await this.#attachable(drive) };
    }
    const entry = await this.#deps.storages.entry(storage);
    if (!entry.content.has("images")) {
      throw new VmRefusedError(`storage '${storage}' does not support content-type 'images'`);
    }
    const content = await this.#contentOf(drive, context);
    const sizeKiB = await this.#sizeOf(drive, content);
    const format = formatOf(drive, entry) ?? (FILE_TYPES.has(entry.type) ? "raw" : undefined);
    const stem = asksForCloudinit(drive) ? "cloudinit" : undefined;
    const volid = await this.#chooseVolid(entry, { ...context, format: format ?? "raw", stem });
    const { "import-from": _source, ...options } = drive.options;
    const planned: Drive = {
      ...drive,
      file: volid ?? drive.file,
      isCdrom: drive.isCdrom || stem !== undefined,
      options: stem === undefined ? options : { ...options, media: "cdrom" },
      sizeBytes: sizeKiB * KIB,
    };
    const name = volid?.slice(volid.lastIndexOf("/") + 1) ?? (stem && `vm-${context.vmid}-${stem}`);
    return {
      kind: "new",
      drive: planned,
      storage,
      sizeKiB,
      content,
      isNamed: volid !== undefined,
      ...(format === undefined ? {} : { format }),
      ...(name === undefined ? {} : { name }),
    };
  }

  /**
   * A drive on what exists, with its size as seen now. Only images and ISOs are attached: other files came from outside
   * and may name any file of the host in their header.
   */
  async #attachable(drive: Drive): Promise<Drive> {
    if (!hasVolume(drive)) return drive;
    const { vtype } = await this.#deps.storages.parse(drive.file);
    if (vtype !== "images" && vtype !== "iso") {
      throw new VmRefusedError(`unable to use volume ${drive.file} - content type needs to be 'images' or 'iso'`);
    }
    if (vtype === "iso" && drive.options.media === undefined) {
      throw new VmRefusedError(`${drive.key}: explicit media parameter is required for iso images`);
    }
    const info = await this.#deps.storages.info(drive.file);
    return { ...drive, sizeBytes: info.sizeBytes };
  }

  async #contentOf(drive: Drive, context: PlanContext): Promise<Content> {
    const source = drive.options["import-from"];
    if (typeof source === "string") return { kind: "import", ...(await this.#sourceOf(source)) };
    if (drive.bus !== "efidisk") return { kind: "empty" };
    const { efitype } = drive.options;
    const { vars } = firmwareFiles({
      isArm: context.config.arch === "aarch64",
      isQ35: context.config.machine?.includes("q35") ?? false,
      ...(typeof efitype === "string" ? { efitype } : {}),
      hasKeys: drive.options["pre-enrolled-keys"] === true,
    });
    return { kind: "firmware", path: join(this.#deps.firmwareDir, vars) };
  }

  /**
   * Where an import reads from. The format of a volume is the one that its storage says, never a guess: a guest can write
   * an image header into its raw disk that names any file of the host.
   */
  async #sourceOf(source: string): Promise<{ path: string; format: string; sizeBytes: number }> {
    const { storages, tools } = this.#deps;
    if (source.startsWith("/")) {
      const { format, sizeBytes } = await tools.measure(source);
      return { path: source, format, sizeBytes };
    }
    const volume = await storages.parse(source);
    // Says that it is not there in better words than the program that would open it.
    await storages.info(source);
    const path = await storages.pathOf(source);
    const measured = await tools.measure(path, volume.format);
    // Uploads come from outside; images of guests may stand on a template's.
    if (volume.vtype !== "images" && !measured.isStandalone) {
      throw new VmRefusedError(`cannot import '${source}': the image refers to other files`);
    }
    return { path, format: volume.format, sizeBytes: measured.sizeBytes };
  }

  async #sizeOf(drive: Drive, content: Content): Promise<number> {
    if (content.kind === "import") return Math.ceil(content.sizeBytes / KIB);
    if (content.kind === "firmware") {
      const found = await stat(content.path).catch((cause: unknown) => {
        throw new VmRefusedError(`EFI vars image '${content.path}' not found`, { cause });
      });
      return Math.ceil(found.size / KIB);
    }
    if (asksForCloudinit(drive)) return CLOUDINIT_KIB;
    if (drive.bus === "tpmstate") return TPM_STATE_KIB;
    const sizeGiB = Number(NEW_DISK.exec(drive.file)?.[2]);
    if (!(sizeGiB > 0)) throw new VmRefusedError(`${drive.key}: a new disk needs a size, e.g. '<storage>:32'`);
    const sizeKiB = Math.ceil(sizeGiB * KIB_PER_GIB);
    if (!Number.isSafeInteger(sizeKiB * KIB)) throw new VmRefusedError(`${drive.key}: no disk can have ${sizeGiB} GiB`);
    return sizeKiB;
  }

  async #chooseVolid(
    entry: StorageEntry,
    want: {
      readonly vmid: number;
      readonly format: string;
      readonly taken: ReadonlySet<string>;
      readonly stem: string | undefined;
    },
  ): Promise<string | undefined> {
    const { vmid, format, taken, stem } = want;
    if (!FILE_TYPES.has(entry.type)) return undefined;
    const prefix = `${entry.storage}:${vmid}/vm-${vmid}-`;
    if (stem !== undefined) return `${prefix}${stem}.${format}`;
    const listed = await this.#deps.storages.list(entry.storage, { vmid });
    // A number counts as used whatever the format: two disks that differ only by suffix confuse people.
    const used = new Set([...listed.map(({ volid }) => volid), ...taken].map((volid) => volid.replace(/\.\w+$/, "")));
    for (let number = 0; number < MAX_DISKS; number += 1) {
      const base = `${entry.storage}:${vmid}/vm-${vmid}-disk-${number}`;
      const isUsed = used.has(base) || used.has(`${entry.storage}:${vmid}/base-${vmid}-disk-${number}`);
      if (!isUsed) return `${base}.${format}`;
    }
    throw new VmRefusedError(`unable to allocate an image name for VM ${vmid} in storage '${entry.storage}'`);
  }

  /**
   * Makes one planned disk and fills it. Its planned name is in the config by now.
   * @returns the drive with its real volume.
   */
  async make(plan: PlannedDisk, vmid: number, signal?: AbortSignal): Promise<Drive> {
    if (plan.kind === "present") return plan.drive;
    return await namingParameter(plan.drive.key, () => this.#makeNew(plan, vmid, signal));
  }

  async #makeNew(plan: PlannedDisk & { readonly kind: "new" }, vmid: number, signal?: AbortSignal): Promise<Drive> {
    const { storages, tools } = this.#deps;
    const { drive, storage, sizeKiB, format, name, content } = plan;
    const file = await storages.allocate({
      storage,
      vmid,
      sizeKiB,
      ...(format === undefined ? {} : { format }),
      ...(name === undefined ? {} : { name }),
    });
    if (content.kind === "empty") return { ...drive, file };
    try {
      const info = await storages.info(file);
      await tools.copy({
        source: content.path,
        sourceFormat: content.kind === "import" ? content.format : "raw",
        target: await storages.pathOf(file),
        targetFormat: info.format,
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      await storages.free(file);
      throw error;
    }
    return { ...drive, file };
  }
}

function formatOf(drive: Drive, entry: StorageEntry): string | undefined {
  if (drive.bus === "tpmstate") return "raw";
  if (typeof drive.options.format === "string") return drive.options.format;
  const preferred = entry.options.format;
  return typeof preferred === "string" ? preferred : undefined;
}
