/** What the file name of a backup says. Pure; times in names are local times. */
import { StorageError } from "./errors.ts";

export interface ArchiveInfo {
  readonly filename: string;
  readonly format: "tar" | "vma";
  readonly type: "qemu" | "lxc" | "openvz" | "unknown";
  readonly compression?: "gz" | "lzo" | "zst" | "bz2";
  readonly decompressor?: readonly string[];
  /** The name has its guest and its time in the standard places. */
  readonly isStandardName: boolean;
  readonly vmid?: number;
  /** Epoch seconds. */
  readonly ctime?: number;
  readonly logName?: string;
  readonly notesName?: string;
}

const ARCHIVE = /^(?:.*\/)?((?:vzdump-(openvz|lxc|qemu)-.+|[^/]+)\.(?:(tgz)|(tar|vma)(?:\.(gz|lzo|zst|bz2))?))$/s;
const STANDARD = /^(vzdump-(?:openvz|lxc|qemu)-(\d+)-(\d{4})_(\d\d)_(\d\d)-(\d\d)_(\d\d)_(\d\d))\./;

const DECOMPRESSORS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  tar: { gz: ["tar", "-z"], lzo: ["tar", "--lzop"], zst: ["tar", "--zstd"], bz2: ["tar", "--bzip2"] },
  vma: { gz: ["zcat"], lzo: ["lzop", "-d", "-c"], zst: ["zstd", "-q", "-d", "-c"], bz2: ["bzcat", "-q"] },
};

/**
 * @param archive path or volume id of a backup.
 * @throws StorageError when the name is not a backup's.
 */
export function archiveInfo(archive: string): ArchiveInfo {
  const info = matchArchive(archive);
  if (info === undefined) throw new StorageError(`ERROR: couldn't determine archive info from '${archive}'`);
  return info;
}

function matchArchive(archive: string): ArchiveInfo | undefined {
  const [, filename, type, tgz, suffix, given] = ARCHIVE.exec(archive) ?? [];
  if (filename === undefined) return undefined;
  // A name of the scheme whose kind of guest is unknown is no archive that anything could restore.
  if (type === undefined && /^vzdump-[a-z]+-\d+-/.test(filename)) return undefined;
  const format = suffix === "vma" ? "vma" : "tar";
  const compression = tgz === undefined ? given : "gz";
  const decompressor = compression === undefined ? undefined : DECOMPRESSORS[format]?.[compression];
  const standard = STANDARD.exec(filename);
  return {
    filename,
    format,
    type: isGuestType(type) ? type : "unknown",
    ...(isCompression(compression) ? { compression } : {}),
    ...(decompressor === undefined ? {} : { decompressor }),
    isStandardName: standard !== null,
    ...(standard === null ? {} : standardParts(filename, standard)),
  };
}

function standardParts(filename: string, match: RegExpExecArray): Partial<ArchiveInfo> {
  const [, stem, vmid, year, month, day, hour, minute, second] = match;
  const time = new Date(0);
  time.setFullYear(Number(year), Number(month) - 1, Number(day));
  time.setHours(Number(hour), Number(minute), Number(second), 0);
  return {
    vmid: Number(vmid),
    ctime: time.getTime() / 1000,
    logName: `${stem}.log`,
    notesName: `${filename}.notes`,
  };
}

function isGuestType(type: string | undefined): type is "qemu" | "lxc" | "openvz" {
  return type === "qemu" || type === "lxc" || type === "openvz";
}

function isCompression(text: string | undefined): text is "gz" | "lzo" | "zst" | "bz2" {
  return text === "gz" || text === "lzo" || text === "zst" || text === "bz2";
}
