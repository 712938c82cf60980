/**
 * The machine type: which board, which version, with which revision of our own. A revision stands for changes that a
 * guest can see, made without a new QEMU version; it keeps live migration between releases possible.
 */
import { machine as machineProperties } from "../schema/devices.ts";
import { readProperties } from "../values.ts";
import { BuildError } from "./build-error.ts";
import type { Arch, BuildWorld } from "./world.ts";

export interface MachineVersion {
  readonly major: number;
  readonly minor: number;
  readonly revision: number;
}

export interface MachineType {
  readonly board: "i440fx" | "q35" | "virt";
  /** What the guest's features are judged by. */
  readonly version: MachineVersion;
  /** The text without revision: `pc`, `pc-q35-9.2`. */
  readonly name: string;
  readonly isVersioned: boolean;
  /** `.pxe`: network cards get the PXE option ROM of their model. */
  readonly usesPxeRoms: boolean;
  readonly viommu?: "intel" | "virtio";
  readonly awBits?: number;
  readonly enableS3?: boolean;
  readonly enableS4?: boolean;
}

/** The highest revision of each version that has any. */
const REVISIONS: Readonly<Record<string, number>> = { "4.1": 2, "9.2": 1, "10.0": 1, "11.0": 2 };

const OLDEST_QEMU_MAJOR = 6;

/** @throws BuildError when this node cannot run the type. */
export function resolveMachine(
  config: Readonly<Record<string, string>>,
  world: BuildWorld,
  guest: { readonly arch: Arch; readonly windowsVersion: number; readonly forced?: string },
): MachineType {
  const properties = config.machine === undefined ? {} : readProperties("machine", machineProperties, config.machine);
  const configured = typeof properties.type === "string" ? properties.type : undefined;
  const fallback = guest.arch === "aarch64" ? "virt" : "pc";
  const wanted = guest.forced ?? pinWindows(configured ?? fallback, config, guest.windowsVersion);
  const usesPxeRoms = wanted.endsWith(".pxe");
  const [, name = "", revisionText] = /^(.*?)(?:\+pve(\d+))?(?:\.pxe)?$/.exec(wanted) ?? [];
  const [, majorText, minorText] = /-(\d+)\.(\d+)/.exec(name) ?? [];
  const installed = versionOf(world.qemuVersion);
  if (installed.major < OLDEST_QEMU_MAJOR) {
    throw new BuildError(`Detected old QEMU binary ('${world.qemuVersion}', at least 6.0 is required)`);
  }
  const isVersioned = majorText !== undefined;
  const major = isVersioned ? Number(majorText) : installed.major;
  const minor = isVersioned ? Number(minorText) : installed.minor;
  const newest = REVISIONS[`${major}.${minor}`] ?? 0;
  const revision = isVersioned ? Number(revisionText ?? 0) : newest;
  if (isVersioned) checkInstalled({ name, major, minor, revision, newest }, world);
  const { viommu } = properties;
  return {
    board: name.includes("q35") ? "q35" : name.startsWith("virt") ? "virt" : "i440fx",
    version: { major, minor, revision },
    name,
    isVersioned,
    usesPxeRoms,
    ...(viommu === "intel" || viommu === "virtio" ? { viommu } : {}),
    ...(typeof properties["aw-bits"] === "number" ? { awBits: properties["aw-bits"] } : {}),
    ...(typeof properties["enable-s3"] === "boolean" ? { enableS3: properties["enable-s3"] } : {}),
    ...(typeof properties["enable-s4"] === "boolean" ? { enableS4: properties["enable-s4"] } : {}),
  };
}

/** Windows notices a new machine as new hardware, so an open type stays at the version of the guest's creation. */
function pinWindows(type: string, config: Readonly<Record<string, string>>, windowsVersion: number): string {
  if (windowsVersion === 0 || (type !== "pc" && type !== "q35")) return type;
  const board = type === "pc" ? "pc-i440fx" : "pc-q35";
  const creation = creationVersion(config);
  const isKnown = creation !== undefined && (creation.major > 9 || (creation.major === 9 && creation.minor >= 1));
  return isKnown ? `${board}-${creation.major}.${creation.minor}` : `${board}-5.1`;
}

/** QEMU's version when the guest was created. */
export function creationVersion(
  config: Readonly<Record<string, string>>,
): { readonly major: number; readonly minor: number } | undefined {
  const [, major, minor] = /(?:^|,)creation-qemu=(\d+)\.(\d+)/.exec(config.meta ?? "") ?? [];
  return major === undefined ? undefined : { major: Number(major), minor: Number(minor) };
}

function versionOf(text: string): { readonly major: number; readonly minor: number } {
  const [major = 0, minor = 0] = text.split(".").map(Number);
  return { major, minor };
}

function checkInstalled(
  type: { readonly name: string; readonly newest: number } & MachineVersion,
  world: BuildWorld,
): void {
  const installed = versionOf(world.qemuVersion);
  const text = `${type.name}+pve${type.revision}`;
  const isTooNew = type.major > installed.major || (type.major === installed.major && type.minor > installed.minor);
  if (isTooNew) {
    throw new BuildError(
      `Installed QEMU version '${world.qemuVersion}' is too old to run machine type '${text}', please upgrade node '${world.nodeName}'`,
    );
  }
  if (type.revision > type.newest) {
    throw new BuildError(
      `Installed qemu-server (max feature level for ${type.major}.${type.minor} is pve${type.newest}) is too old to run machine type '${text}', please upgrade node '${world.nodeName}'`,
    );
  }
}

/** The newest versioned type of a board, to be stored when a guest is created. */
export function pinnedType(type: "pc" | "q35", qemuVersion: string): string {
  const { major, minor } = versionOf(qemuVersion);
  const revision = REVISIONS[`${major}.${minor}`] ?? 0;
  const name = `${type === "pc" ? "pc-i440fx" : "pc-q35"}-${major}.${minor}`;
  return revision > 0 ? `${name}+pve${revision}` : name;
}
