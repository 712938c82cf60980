/** Block device nodes of a drive (machine 10.0 and newer): throttle over format over file. */
import { createHash } from "node:crypto";
import { type Drive, hasVolume } from "../drives.ts";
import { BuildError } from "./build-error.ts";
import type { CommandLine } from "./command-line.ts";
import type { JsonObject } from "./json.ts";
import type { BuildVolume, VolumeLocation } from "./world.ts";

/** What the host does with a drive's blocks. */
interface BlockPolicy {
  readonly isReadOnly: boolean;
  readonly cache: { readonly direct: boolean; readonly "no-flush": boolean };
  readonly aio: string;
  /** Absent for optical drives. */
  readonly space?: { readonly "detect-zeroes": string; readonly discard: string };
}

/** The volume behind a drive. @throws BuildError when it is not known or its storage is not for this. */
export function volumeOf(line: CommandLine, drive: Drive): BuildVolume | undefined {
  if (drive.file === "none" || drive.file === "cdrom") return undefined;
  const volume = line.world.volumes.get(drive.file);
  if (volume === undefined) throw new BuildError(`volume '${drive.file}' does not exist`);
  if (volume.vtype === "iso" && drive.options.media === undefined) {
    throw new BuildError(`${drive.key}: explicit media parameter is required for iso images`);
  }
  if (hasVolume(drive) && volume.vtype === "images" && volume.storage?.content.has("images") === false) {
    throw new BuildError(`storage '${volume.storage.name}' does not support content-type 'images'`);
  }
  return volume;
}

/** Hash that names the nodes of a volume on a drive: stable, so that blocks jobs find them again. */
export function nodeName(prefix: "f" | "e", drive: Drive, volid: string, snapshot?: string): string {
  const snap = snapshot === undefined ? "" : `snap=${snapshot},`;
  const hash = createHash("sha256").update(`drive=${drive.key},${snap}volid=${volid}`).digest("hex");
  return prefix + hash.slice(0, 30);
}

export function cacheMode(drive: Drive, volume: BuildVolume | undefined): string {
  if (typeof drive.options.cache === "string") return drive.options.cache;
  if (drive.bus === "efidisk") return "writeback";
  if (drive.isCdrom) return "writeback";
  const isCow = volume?.storage?.type === "btrfs" && volume.storage.isNocow !== true;
  return isCow ? "writeback" : "none";
}

/** Host input/output of a drive: as configured, else io_uring where the storage copes with it. */
export function aioMode(drive: Drive, volume: BuildVolume | undefined, isDirect: boolean): string {
  if (typeof drive.options.aio === "string") return drive.options.aio;
  const { type, isKrbd } = volume?.storage ?? {};
  const isSlowPath = (isKrbd === true && !isDirect) || type === "lvm" || type === "cifs";
  if (!isSlowPath) return "io_uring";
  return isDirect ? "native" : "threads";
}

export function isDirect(cache: string): boolean {
  return cache === "none" || cache === "directsync";
}

function policyOf(line: CommandLine, drive: Drive, volume: BuildVolume | undefined): BlockPolicy {
  const cache = cacheMode(drive, volume);
  const direct = isDirect(cache);
  const discards = drive.options.discard === "on";
  const isReadOnly = drive.isCdrom || line.isTemplate || drive.options.ro === true;
  return {
    isReadOnly,
    cache: { direct, "no-flush": cache === "unsafe" },
    aio: aioMode(drive, volume, direct),
    ...(drive.isCdrom
      ? {}
      : { space: { "detect-zeroes": detectZeroes(drive), discard: discards ? "unmap" : "ignore" } }),
  };
}

export function detectZeroes(drive: Drive): string {
  if (drive.options.detect_zeroes === false) return "off";
  return drive.options.discard === "on" ? "unmap" : "on";
}

export const throttleGroup = (drive: Drive): string => `throttle-drive-${drive.key}`;

/**
 * The whole chain of nodes of a drive.
 * @param extra keys of the format node, e.g. the size of a raw variables image.
 */
export function blockNodes(
  line: CommandLine,
  drive: Drive,
  volume: BuildVolume | undefined,
  extra: JsonObject = {},
): JsonObject {
  const policy = policyOf(line, drive, volume);
  const common: JsonObject = { ...policy.space, "read-only": policy.isReadOnly };
  const passesScsi = drive.options.scsiblock === true;
  const format = { ...formatNode(drive, volume, policy), ...extra };
  if (passesScsi) return { ...format, "node-name": `drive-${drive.key}` };
  return {
    ...common,
    driver: "throttle",
    file: format,
    "node-name": `drive-${drive.key}`,
    "throttle-group": throttleGroup(drive),
  };
}

function formatNode(drive: Drive, volume: BuildVolume | undefined, policy: BlockPolicy): JsonObject {
  const location: VolumeLocation = volume?.location ?? { kind: "path", path: "/dev/cdrom", isBlockDevice: true };
  const own = layer(drive, policy, { location, format: volume?.format ?? "raw" });
  const chain = volume?.chain ?? [];
  return chain.length === 0 ? own : { ...own, backing: backingOf(drive, policy, chain) };
}

function backingOf(drive: Drive, policy: BlockPolicy, chain: NonNullable<BuildVolume["chain"]>): JsonObject {
  const [top, ...rest] = chain;
  if (top === undefined) throw new TypeError("an empty chain has no backing");
  const node = layer(drive, { ...policy, isReadOnly: true }, top, top.snapshot);
  return rest.length === 0 ? node : { ...node, backing: backingOf(drive, policy, rest) };
}

/** Format node over file node. */
function layer(
  drive: Drive,
  policy: BlockPolicy,
  volume: { readonly location: VolumeLocation; readonly format: string },
  snapshot?: string,
): JsonObject {
  const common: JsonObject = { ...policy.space, "read-only": policy.isReadOnly, cache: policy.cache };
  return {
    ...common,
    driver: volume.format === "qcow2" || volume.format === "vmdk" ? volume.format : "raw",
    file: {
      ...common,
      ...fileDriver(drive, policy, volume.location),
      "node-name": nodeName("e", drive, drive.file, snapshot),
    },
    "node-name": nodeName("f", drive, drive.file, snapshot),
  };
}

function fileDriver(drive: Drive, policy: BlockPolicy, location: VolumeLocation): JsonObject {
  if (location.kind === "driver") return location.node;
  const driver = drive.file === "cdrom" ? "host_cdrom" : location.isBlockDevice ? "host_device" : "file";
  return { aio: policy.aio, driver, filename: location.path };
}

const MIB = 1_048_576;

/** Limits of the throttle group from the drive's options. */
export function throttleLimits(drive: Drive): JsonObject {
  const limits: Record<string, number> = {};
  const set = (name: string, value: unknown, factor = 1): void => {
    if (typeof value === "number" && value > 0) limits[name] = Math.trunc(value * factor);
  };
  const { options } = drive;
  for (const [suffix, name] of [
    ["", "total"],
    ["_rd", "read"],
    ["_wr", "write"],
  ] as const) {
    set(`bps-${name}`, options[`bps${suffix}`]);
    set(`bps-${name}`, options[`mbps${suffix}`], MIB);
    set(`bps-${name}-max`, options[`mbps${suffix}_max`], MIB);
    set(`bps-${name}-max-length`, options[`bps${suffix}_max_length`]);
    set(`iops-${name}`, options[`iops${suffix}`]);
    set(`iops-${name}-max`, options[`iops${suffix}_max`]);
    set(`iops-${name}-max-length`, options[`iops${suffix}_max_length`]);
  }
  return limits;
}
