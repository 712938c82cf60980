/** Drives: controllers, backends and the devices in front of them. */
import { type Drive, hasVolume } from "../drives.ts";
import { decodeUrl } from "../values.ts";
import {
  aioMode,
  blockNodes,
  cacheMode,
  detectZeroes,
  isDirect,
  throttleGroup,
  throttleLimits,
  volumeOf,
} from "./block-nodes.ts";
import type { CommandLine } from "./command-line.ts";
import { printJson } from "./json.ts";
import { pciAddress } from "./pci-address.ts";
import type { BuildVolume } from "./world.ts";

/** Drives on an LSI controller: seven each. Others take all. */
const LSI_DRIVES = 7;
const OTHER_DRIVES = 256;
/** From this index on, more SCSI drives than machine revisions before 4.1+pve2 offered. */
const LAST_OLD_SCSI_INDEX = 13;

export function addDrives(line: CommandLine, bootIndexes: ReadonlyMap<string, number>): void {
  const controllers = new Set<string>();
  for (const drive of line.drives) {
    if (drive.bus === "efidisk" || drive.bus === "tpmstate") continue;
    const volume = volumeOf(line, drive);
    if (drive.bus === "scsi" && drive.index > LAST_OLD_SCSI_INDEX) line.uses(4, 1, 2);
    addIothread(line, drive);
    if (line.isAtLeast(10, 0) && drive.file !== "none") {
      line.cmd.push("-object", throttleObject(drive));
    }
    addController(line, drive, controllers);
    line.devices.push(...backendArguments(line, drive, volume));
    line.devices.push("-device", deviceArgument(line, drive, volume, bootIndexes.get(drive.key)));
  }
}

export function throttleObject(drive: Drive): string {
  return printJson({ id: throttleGroup(drive), limits: throttleLimits(drive), "qom-type": "throttle-group" });
}

/** The thread that serves a drive, named after what QEMU attaches it to. */
export function iothreadOf(line: CommandLine, drive: Drive): string | undefined {
  if (drive.options.iothread !== true) return undefined;
  if (drive.bus === "virtio") return `iothread-${drive.key}`;
  return drive.bus === "scsi" && line.config.scsihw === "virtio-scsi-single"
    ? `iothread-virtioscsi${drive.index}`
    : undefined;
}

function addIothread(line: CommandLine, drive: Drive): void {
  const thread = iothreadOf(line, drive);
  if (thread !== undefined) line.cmd.push("-object", `iothread,id=${thread}`);
}

/** The controller of a SCSI drive and the drive's number on it. */
export function scsiPlace(scsihw: string | undefined, index: number): { controller: string; unit: number } {
  if (scsihw === "virtio-scsi-single") return { controller: `virtioscsi${index}`, unit: 0 };
  const isLsi = scsihw === undefined || scsihw === "lsi" || scsihw === "lsi53c810";
  const perController = isLsi ? LSI_DRIVES : OTHER_DRIVES;
  return { controller: `scsihw${Math.floor(index / perController)}`, unit: index % perController };
}

function addController(line: CommandLine, drive: Drive, present: Set<string>): void {
  if (drive.bus === "sata") {
    if (!present.has("ahci0"))
      line.devices.push("-device", `ahci,id=ahci0,multifunction=on,${pciAddress(line, "ahci0")}`);
    present.add("ahci0");
    return;
  }
  if (drive.bus !== "scsi") return;
  const { controller } = scsiPlace(line.config.scsihw, drive.index);
  if (present.has(controller)) return;
  present.add(controller);
  line.devices.push("-device", scsiController(line, drive, controller));
}

export function scsiController(line: CommandLine, drive: Drive, controller: string): string {
  const scsihw = line.config.scsihw ?? "lsi";
  const model = scsihw.startsWith("virtio-scsi") ? "virtio-scsi-pci" : scsihw;
  const thread = iothreadOf(line, drive);
  const queues = scsihw === "virtio-scsi-single" ? drive.options.queues : undefined;
  return [
    model,
    `id=${controller}`,
    pciAddress(line, controller),
    ...(thread === undefined ? [] : [`iothread=${thread}`]),
    ...(queues === undefined ? [] : [`num_queues=${queues}`]),
  ].join(",");
}

function backendArguments(line: CommandLine, drive: Drive, volume: BuildVolume | undefined): string[] {
  if (!line.isAtLeast(10, 0)) return ["-drive", driveArgument(line, drive, volume)];
  if (drive.file === "none") return [];
  return ["-blockdev", printJson(blockNodes(line, drive, volume))];
}

/** The device of a drive as the guest sees it, without its backend. */
export function deviceArgument(
  line: CommandLine,
  drive: Drive,
  volume: BuildVolume | undefined,
  bootIndex: number | undefined,
): string {
  const parts = [...placedDevice(line, drive, volume), ...traits(drive)];
  if (bootIndex !== undefined) parts.push(`bootindex=${bootIndex}`);
  if (typeof drive.options.serial === "string") parts.push(`serial=${doubled(decodeUrl(drive.options.serial))}`);
  if (line.isAtLeast(10, 0)) {
    const isPassThrough = parts[0] === "scsi-block" || parts[0] === "scsi-generic";
    if (!drive.isCdrom && !isPassThrough) {
      const cache = cacheMode(drive, volume);
      parts.push(`write-cache=${cache === "writethrough" || cache === "directsync" ? "off" : "on"}`);
    }
    for (const name of ["rerror", "werror"]) {
      const action = drive.options[name];
      if (action !== undefined) parts.push(`${name}=${action}`);
    }
  }
  return parts.join(",");
}

function placedDevice(line: CommandLine, drive: Drive, volume: BuildVolume | undefined): string[] {
  const hasBackend = drive.file !== "none" || !line.isAtLeast(10, 0);
  const backend = [...(hasBackend ? [`drive=drive-${drive.key}`] : []), `id=${drive.key}`];
  const kind = drive.isCdrom ? "cd" : "hd";
  switch (drive.bus) {
    case "virtio": {
      const thread = iothreadOf(line, drive);
      const at = pciAddress(line, drive.key);
      return ["virtio-blk-pci", ...backend, at, ...(thread === undefined ? [] : [`iothread=${thread}`])];
    }
    case "scsi":
      return scsiDevice(line, drive, volume, backend);
    case "ide": {
      const bus = Math.floor(drive.index / 2);
      const unit = drive.index % 2;
      const place = line.isQ35 ? [`bus=ide.${bus + 2 * unit}`, "unit=0"] : [`bus=ide.${bus}`, `unit=${unit}`];
      return [`ide-${kind}`, ...place, ...backend];
    }
    case "sata":
      // A template's disk is shown read-only, which only an optical drive can be.
      return [`ide-${line.isTemplate ? "cd" : kind}`, `bus=ahci0.${drive.index}`, ...backend];
    case "efidisk":
    case "tpmstate":
      throw new TypeError(`${drive.bus} is no device`);
    default:
      return drive.bus satisfies never;
  }
}

function scsiDevice(
  line: CommandLine,
  drive: Drive,
  volume: BuildVolume | undefined,
  backend: readonly string[],
): string[] {
  const { scsihw } = line.config;
  const { controller, unit } = scsiPlace(scsihw, drive.index);
  const type = scsiDeviceType(drive, volume);
  const isOldBus = scsihw === undefined || scsihw.startsWith("lsi") || scsihw === "pvscsi";
  const place = isOldBus ? [`scsi-id=${unit}`] : ["channel=0", "scsi-id=0", `lun=${drive.index}`];
  const isEmulated = type === "scsi-hd" || type === "scsi-cd";
  const deviceId = line.isAtLeast(10, 0) && isEmulated ? [`device_id=drive-${drive.key}`] : [];
  return [type, `bus=${controller}.0`, ...place, ...backend, ...deviceId];
}

/** Commands pass through only to a device that answers an INQUIRY; type 0 is a disk. */
function scsiDeviceType(drive: Drive, volume: BuildVolume | undefined): string {
  if (drive.isCdrom) return "scsi-cd";
  if (drive.options.scsiblock !== true || volume?.scsiType === undefined) return "scsi-hd";
  return volume.scsiType === 0 ? "scsi-block" : "scsi-generic";
}

/** A comma within a value is written twice. */
const doubled = (text: string): string => text.replaceAll(",", ",,");

function traits(drive: Drive): string[] {
  const { options } = drive;
  const parts: string[] = [];
  if (typeof options.model === "string") parts.push(`model=${doubled(decodeUrl(options.model))}`);
  if (options.ssd === true && !drive.isCdrom) parts.push("rotation_rate=1");
  if (options.wwn !== undefined) parts.push(`wwn=${options.wwn}`);
  if (options.vendor !== undefined) parts.push(`vendor=${options.vendor}`);
  if (options.product !== undefined) parts.push(`product=${options.product}`);
  return parts;
}

/** The one-argument backend of machines older than 10.0. */
export function driveArgument(line: CommandLine, drive: Drive, volume: BuildVolume | undefined): string {
  const { options } = drive;
  const location = volume?.location;
  const path = drive.file === "cdrom" ? "/dev/cdrom" : location?.kind === "path" ? location.path : location?.driveText;
  const cache = cacheMode(drive, volume);
  const configuredCache = typeof options.cache === "string" ? options.cache : undefined;
  const parts = [
    ...(path === undefined ? [] : [`file=${path.replaceAll(",", ",,")}`]),
    "if=none",
    `id=drive-${drive.key}`,
  ];
  if (options.media !== undefined) parts.push(`media=${options.media}`);
  if (configuredCache !== undefined) parts.push(`cache=${configuredCache}`);
  for (const name of ["rerror", "werror", "discard"])
    if (options[name] !== undefined) parts.push(`${name}=${options[name]}`);
  if (options.snapshot !== undefined) parts.push(`snapshot=${options.snapshot ? "on" : "off"}`);
  if (options.ro === true || (line.isTemplate && !drive.isCdrom)) parts.push("readonly=on");
  for (const [name, value] of Object.entries(throttleLimits(drive))) parts.push(`throttling.${name}=${value}`);
  if (volume !== undefined && !drive.isCdrom) parts.push(`format=${volume.format}`);
  if (configuredCache === undefined && cache === "none") parts.push("cache=none");
  parts.push(`aio=${aioMode(drive, volume, isDirect(cache))}`);
  if (!drive.isCdrom && (hasVolume(drive) || drive.file.startsWith("/")))
    parts.push(`detect-zeroes=${detectZeroes(drive)}`);
  return parts.join(",");
}
