/** How changes move from a request to pending, and from pending to the current config. Pure. */

import { splitList } from "../../rest/split-list.ts";
import { addPendingDelete, cleanupPending, parsePendingDelete, removePendingDelete } from "../config/pending-delete.ts";
import type { VmConfig, VmConfigFile } from "./config.ts";
import { VmRefusedError } from "./config-error.ts";
import { DRIVE_KEYS, hasVolume, readDrive, unusedVolume } from "./drives.ts";
import { agent as agentProperties } from "./schema/devices.ts";
import { LAST_INDEX } from "./schema/options.ts";
import { isOn, readProperties } from "./values.ts";

type Content = Pick<VmConfigFile, "current" | "pending" | "snapshots"> & Partial<Pick<VmConfigFile, "special">>;

/** Keys that concern only the host or the next start of something: written at once, whatever runs. */
const FAST_KEYS = new Set(
  "description hookscript lock migrate_downtime migrate_speed name onboot protection shares startup tags vmstatestorage".split(
    " ",
  ),
);
/** Sub-keys of the agent that the host alone looks at. */
const FAST_AGENT_KEYS = new Set(["fstrim_cloned_disks", "freeze-fs"]);

/** The volume of a drive or unused value; undefined for trays, paths and other keys. */
export function volumeOfKey(key: string, value: string): string | undefined {
  if (/^unused\d+$/.test(key)) return unusedVolume(key, value);
  if (!DRIVE_KEYS.has(key)) return undefined;
  const drive = readDrive(key, value);
  return hasVolume(drive) ? drive.file : undefined;
}

/** Every volume that some part of the config names. */
export function volumesIn(content: Content): Set<string> {
  const volumes = new Set(splitList(content.special?.fleecing?.["fleecing-images"] ?? ""));
  const { delete: _, ...pending } = content.pending;
  for (const section of [content.current, pending, ...Object.values(content.snapshots)]) {
    for (const [key, value] of Object.entries(section)) {
      const volume = key === "vmstate" ? value : volumeOfKey(key, value);
      if (volume !== undefined) volumes.add(volume);
    }
  }
  return volumes;
}

/** Whether a volume is named anywhere but by `exceptKey` of the current or pending section. */
export function isReferenced(content: Content, volid: string, exceptKey?: string): boolean {
  const { [exceptKey ?? ""]: _current, ...current } = content.current;
  const { [exceptKey ?? ""]: _pending, ...pending } = content.pending;
  return volumesIn({ ...content, current, pending }).has(volid);
}

/** Adds a volume as unused at the lowest free index; one that is listed already is not added again. */
export function addUnused(config: VmConfig, volid: string): VmConfig {
  const isListed = Object.entries(config).some(
    ([key, value]) => /^unused\d+$/.test(key) && volumeOfKey(key, value) === volid,
  );
  if (isListed) return config;
  for (let index = 0; index <= LAST_INDEX.unused; index += 1) {
    if (config[`unused${index}`] === undefined) return { ...config, [`unused${index}`]: volid };
  }
  throw new VmRefusedError("Too many unused volumes - please delete them first.");
}

export interface ChangeRequest {
  readonly set: VmConfig;
  readonly remove: readonly string[];
  /** Free the volumes of removed drives instead of keeping them as unused. */
  readonly isForced: boolean;
  readonly revert: readonly string[];
}

/** The file with the request noted as pending. A pending disk that is overwritten or reverted becomes unused. */
export function notePending<T extends Content>(file: T, request: ChangeRequest): T {
  let current = file.current;
  let pending: VmConfig = file.pending;
  const dropPendingDisk = (key: string, replacement?: string): void => {
    const value = pending[key];
    const volume = value === undefined ? undefined : volumeOfKey(key, value);
    const isKept = replacement !== undefined && volumeOfKey(key, replacement) === volume;
    if (volume === undefined || isKept) return;
    if (!isReferenced({ ...file, current, pending: without(pending, key) }, volume))
      current = addUnused(current, volume);
  };
  for (const key of request.revert) {
    dropPendingDisk(key);
    pending = removePendingDelete(without(pending, key), key);
  }
  for (const key of request.remove) {
    dropPendingDisk(key);
    pending = addPendingDelete(without(pending, key), key, request.isForced);
  }
  for (const [key, value] of Object.entries(request.set)) {
    dropPendingDisk(key, value);
    pending = { ...removePendingDelete(pending, key), [key]: value };
  }
  return { ...file, current, pending: cleanupPending(current, pending) };
}

export function without(config: VmConfig, key: string): VmConfig {
  const { [key]: _, ...rest } = config;
  return rest;
}

/** What a stopped guest's pending section amounts to. */
export interface Applied<T extends Content> {
  readonly file: T;
  /** Volumes that nothing names any more and that were to go with their drive. */
  readonly toFree: readonly string[];
}

/** Moves pending changes of `keys` (all when absent) to the current config. */
export function applyPending<T extends Content>(file: T, keys?: ReadonlySet<string>): Applied<T> {
  let current = file.current;
  let pending: VmConfig = file.pending;
  const toFree: string[] = [];
  const isChosen = (key: string): boolean => keys === undefined || keys.has(key);
  /** The volume that a key had stops being attached. */
  const release = (key: string, isForced: boolean, next?: string): void => {
    const value = current[key];
    const volume = value === undefined ? undefined : volumeOfKey(key, value);
    if (volume === undefined || (next !== undefined && volumeOfKey(key, next) === volume)) return;
    const isOptical = DRIVE_KEYS.has(key) && readDrive(key, value ?? "").isCdrom && !/vm-\d+-cloudinit/.test(volume);
    if (isOptical || isReferenced({ ...file, current: without(current, key), pending: without(pending, key) }, volume))
      return;
    if (isForced || /vm-\d+-cloudinit/.test(volume) || /^unused\d+$/.test(key)) toFree.push(volume);
    else current = addUnused(current, volume);
  };
  for (const [key, { isForced }] of parsePendingDelete(pending.delete)) {
    if (!isChosen(key)) continue;
    release(key, isForced);
    current = without(current, key);
    pending = removePendingDelete(pending, key);
  }
  for (const [key, value] of Object.entries(pending)) {
    if (key === "delete" || !isChosen(key)) continue;
    release(key, false, value);
    current = { ...current, [key]: value };
    pending = without(pending, key);
  }
  return { file: { ...file, current, pending: cleanupPending(current, pending) }, toFree };
}

/** Keys of the pending section that may be applied while the guest runs, without telling the guest. */
export function fastKeys(file: Content): Set<string> {
  const removed = parsePendingDelete(file.pending.delete);
  const keys = [...Object.keys(file.pending).filter((key) => key !== "delete"), ...removed.keys()];
  return new Set(keys.filter((key) => isFast(file, key)));
}

function isFast(file: Content, key: string): boolean {
  if (FAST_KEYS.has(key) || /^unused\d+$/.test(key)) return true;
  const before = file.current[key];
  const after = file.pending[key];
  if (key === "hotplug") return !/cpu|memory/.test(before ?? "") && !/cpu|memory/.test(after ?? "");
  return key === "agent" && differsOnlyIn(FAST_AGENT_KEYS, before, after);
}

function differsOnlyIn(keys: ReadonlySet<string>, before: string | undefined, after: string | undefined): boolean {
  if (before === undefined || after === undefined) return false;
  const a = readProperties("agent", agentProperties, before);
  const b = readProperties("agent", agentProperties, after);
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => a[key] === b[key] || keys.has(key));
}

/** The boot order of a new guest: its first disk, its first optical drive, its first card. */
export function defaultBootOrder(config: VmConfig): string | undefined {
  const drives = [...DRIVE_KEYS].flatMap((key) => {
    const value = config[key];
    return value === undefined || /^(?:efidisk|tpmstate)/.test(key) ? [] : [readDrive(key, value)];
  });
  const disk = drives.find((drive) => !drive.isCdrom);
  const optical = drives.find((drive) => drive.isCdrom && !/vm-\d+-cloudinit/.test(drive.file));
  const devices = [disk?.key, optical?.key, config.net0 === undefined ? undefined : "net0"].filter(
    (device) => device !== undefined,
  );
  return devices.length === 0 ? undefined : `order=${devices.join(";")}`;
}

export const isProtected = (config: VmConfig): boolean => isOn(config.protection);
