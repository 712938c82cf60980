/**
 * Volume ids and the names of what lies in a directory-like storage. Pure: nothing here looks at a disk.
 * A volume id is `<storage>:<volname>`; a volname of a directory says its content by its first part.
 */
import { StorageError } from "./errors.ts";

export const VOLUME_TYPES = ["images", "rootdir", "iso", "vztmpl", "backup", "snippets", "import"] as const;
export type VolumeType = (typeof VOLUME_TYPES)[number];

/** What a volname says. `base` is set for a linked clone: the template it was cloned from. */
export interface ParsedVolname {
  readonly vtype: VolumeType;
  /** File name. */
  readonly name: string;
  readonly vmid?: number;
  readonly base?: { readonly vmid: number; readonly name: string };
  readonly isBase: boolean;
  readonly format: string;
}

const STORAGE_ID = /^[a-z][a-z0-9\-_.]*[a-z0-9]$/i;
const VOLUME_ID = /^([a-z][a-z0-9\-_.]*[a-z0-9]):(.+)$/i;

const ISO_NAME = /^[^/]+\.(?:iso|img)$/i;
const TEMPLATE_NAME = /^[^/]+\.tar(?:\.(?:gz|xz|zst|bz2))?$/;
const BACKUP_NAME = /^[^/]+\.(?:tgz|(?:tar|vma)(?:\.(?:gz|lzo|zst|bz2))?)$/;
const BACKUP_OWNER = /^vzdump-(?:openvz|lxc|qemu)-(\d+)-/;
const IMPORT_FILE = /^([ a-zA-Z0-9\-.+=_]+\.(ova|ovf|qcow2|raw|vmdk))$/;
const IMPORT_INNER = /^([ a-zA-Z0-9\-.+=_]+\.ova\/[ a-zA-Z0-9\-.+=_]+\.(qcow2|raw|vmdk))$/;
const LINKED_IMAGE = /^(\d+)\/([^/\s]+)\/(\d+)\/([^/\s]+)$/;
const PLAIN_IMAGE = /^(\d+)\/(\S+)$/;
const IMAGE_NAME = /^(base-)?[^/\s]+\.(raw|qcow2|vmdk|subvol)$/;
const SNAPSHOT_NAME = /^snap-.+\.qcow2$/;

export function isStorageId(text: string): boolean {
  return STORAGE_ID.test(text);
}

/** @returns undefined when the text is not a volume id. */
export function matchVolumeId(text: string): { readonly storage: string; readonly volname: string } | undefined {
  const [, storage, volname] = VOLUME_ID.exec(text) ?? [];
  return storage === undefined || volname === undefined ? undefined : { storage, volname };
}

/** @throws StorageError `unable to parse volume ID 'x'`. */
export function splitVolumeId(volid: string): { readonly storage: string; readonly volname: string } {
  const parts = matchVolumeId(volid);
  if (parts === undefined) throw new StorageError(`unable to parse volume ID '${volid}'`);
  return parts;
}

/** @throws StorageError when the file name is not an image's. */
export function parseImageName(name: string): { readonly isBase: boolean; readonly format: string } {
  if (SNAPSHOT_NAME.test(name)) throw new StorageError(`'${name}' is a snapshot filename, not a volume!`);
  const match = IMAGE_NAME.exec(name);
  if (match?.[2] === undefined) throw new StorageError(`unable to parse volume filename '${name}'`);
  return { isBase: match[1] !== undefined, format: match[2] };
}

/**
 * Reads a volname of a directory-like storage.
 * @throws StorageError `unable to parse directory volume name 'x'` or `unable to parse volume filename 'x'`.
 */
export function parseDirVolname(volname: string): ParsedVolname {
  const slash = volname.indexOf("/");
  const folder = volname.slice(0, slash);
  const rest = volname.slice(slash + 1);
  if (slash > 0 && volname.split("/").every(isFileName)) {
    const found = parseNamedContent(folder, rest) ?? parseImageVolname(volname);
    if (found !== undefined) return found;
  }
  throw new StorageError(`unable to parse directory volume name '${volname}'`);
}

/** Longest file name of the file systems that are in use. */
const MAX_NAME_BYTES = 255;

/** A part of a path that stays in its folder and that a file can have. */
function isFileName(part: string): boolean {
  if (part === "" || part === "." || part === ".." || /\p{Cc}/u.test(part)) return false;
  return Buffer.byteLength(part) <= MAX_NAME_BYTES;
}

function parseNamedContent(folder: string, rest: string): ParsedVolname | undefined {
  switch (folder) {
    case "iso":
      return ISO_NAME.test(rest) ? plain("iso", rest) : undefined;
    case "vztmpl":
      return TEMPLATE_NAME.test(rest) ? plain("vztmpl", rest) : undefined;
    case "snippets":
      return rest.includes("/") ? undefined : plain("snippets", rest);
    case "backup": {
      if (!BACKUP_NAME.test(rest)) return undefined;
      const owner = BACKUP_OWNER.exec(rest)?.[1];
      return owner === undefined ? plain("backup", rest) : { ...plain("backup", rest), vmid: Number(owner) };
    }
    case "import": {
      const inner = IMPORT_INNER.exec(rest);
      if (inner?.[2] !== undefined) return { ...plain("import", rest), format: `ova+${inner[2]}` };
      const file = IMPORT_FILE.exec(rest);
      return file?.[2] === undefined ? undefined : { ...plain("import", rest), format: file[2] };
    }
    default:
      return undefined;
  }
}

function parseImageVolname(volname: string): ParsedVolname | undefined {
  const linked = LINKED_IMAGE.exec(volname);
  if (linked !== null) {
    const [, baseVmid = "", baseName = "", vmid = "", name = ""] = linked;
    parseImageName(baseName);
    return {
      vtype: "images",
      name,
      vmid: Number(vmid),
      base: { vmid: Number(baseVmid), name: baseName },
      ...parseImageName(name),
    };
  }
  const [, vmid, name] = PLAIN_IMAGE.exec(volname) ?? [];
  if (vmid === undefined || name === undefined) return undefined;
  return { vtype: "images", name, vmid: Number(vmid), ...parseImageName(name) };
}

function plain(vtype: VolumeType, name: string): ParsedVolname {
  return { vtype, name, isBase: false, format: "raw" };
}

/** Longest run of disks that one guest may have in one storage. */
const MAX_DISKS = 1024;
const DISK_NUMBER = /^(?:vm|base|subvol|basevol)-(\d+)-disk-(\d+)(?:\.[a-z0-9]+)?$/;

/**
 * The lowest free disk name of a guest.
 * @param existing file names that are taken, of any format.
 * @throws StorageError when all 1024 numbers are taken.
 */
export function nextDiskName(
  request: { readonly storage: string; readonly vmid: number; readonly format: string },
  existing: Iterable<string>,
): string {
  const taken = new Set<number>();
  for (const name of existing) {
    const match = DISK_NUMBER.exec(name);
    if (match !== null && Number(match[1]) === request.vmid) taken.add(Number(match[2]));
  }
  const prefix = request.format === "subvol" ? "subvol" : "vm";
  for (let number = 0; number < MAX_DISKS; number += 1) {
    if (!taken.has(number)) return `${prefix}-${request.vmid}-disk-${number}.${request.format}`;
  }
  throw new StorageError(`unable to allocate an image name for VM ${request.vmid} in storage '${request.storage}'`);
}

/** The file name that an upload or download gets: no path, and nothing but plain characters. */
export function normalizeFileName(name: string): string {
  return name.replace(/^.*[/\\]/s, "").replace(/[^A-Za-z0-9_.-]/g, "_");
}
