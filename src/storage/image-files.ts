/** Disk images as files: made, measured, grown. Programs run only where the format needs one. */

import { constants } from "node:fs";
import { type FileHandle, open, rm, truncate } from "node:fs/promises";
import { messageOf } from "../errors/quorate-error.ts";
import { CommandFailedError, runCommand } from "../os/run-command.ts";
import { StorageError } from "./errors.ts";
import { HEADER_BYTES, readImageHeader } from "./image-header.ts";

export type Preallocation = "off" | "metadata" | "falloc" | "full";

export interface ImageMeasure {
  /** `invalid` when the content is not of the format that the name says. */
  readonly format: string;
  readonly sizeBytes: number;
  readonly usedBytes: number;
  readonly ctime: number;
  readonly backing?: string;
}

/** Unit of `st_blocks` (stat(2)). */
const STAT_BLOCK_BYTES = 512;
const IMAGE_MODE = 0o600;
const CREATE_TIMEOUT_MS = 120_000;
/** Writing every byte of a big disk takes hours. */
const FULL_TIMEOUT_MS = 24 * 3600 * 1000;
const RESIZE_TIMEOUT_MS = 120_000;

/** @throws StorageError for a preallocation that the format does not have. */
export function preallocationOf(wanted: Preallocation | undefined, format: string): Preallocation | undefined {
  if (format === "qcow2") return wanted ?? "metadata";
  if (format === "raw") return wanted === undefined || wanted === "metadata" ? "off" : wanted;
  if (wanted === undefined) return undefined;
  throw new StorageError(`preallocation mode '${wanted}' not supported by format '${format}'`);
}

/**
 * Makes an image that does not exist yet, readable by its owner only.
 * @throws StorageError; the file is gone then, unless it was there before.
 */
export async function createImage(request: {
  readonly path: string;
  readonly format: string;
  readonly sizeBytes: number;
  readonly preallocation: Preallocation | undefined;
}): Promise<void> {
  const { path, format, sizeBytes, preallocation } = request;
  // Taking the name first makes sure that nobody's file is overwritten or, below, removed.
  const file = await openNew(path);
  try {
    try {
      if (format === "raw" && preallocation === "off") await file.truncate(sizeBytes);
    } finally {
      await file.close();
    }
    if (format !== "raw" || preallocation !== "off") {
      const options = preallocation === undefined ? [] : ["-o", `preallocation=${preallocation}`];
      const isSlow = preallocation === "full" || preallocation === "falloc";
      await qemuImg(["create", "-q", "-f", format, ...options, path, String(sizeBytes)], {
        timeoutMs: isSlow ? FULL_TIMEOUT_MS : CREATE_TIMEOUT_MS,
      });
    }
  } catch (cause) {
    // qemu-img may have removed it already.
    await rm(path, { force: true });
    throw new StorageError(`unable to create image: ${messageOf(cause)}`, { cause });
  }
}

async function openNew(path: string): Promise<FileHandle> {
  try {
    return await open(path, "wx", IMAGE_MODE);
  } catch (cause) {
    if (errnoOf(cause) === "EEXIST") throw new StorageError(`disk image '${path}' already exists`, { cause });
    throw new StorageError(`unable to create image: ${messageOf(cause)}`, { cause });
  }
}

/** @throws StorageError for a format that cannot grow, or a size below the present one. */
export async function resizeImage(request: {
  readonly path: string;
  readonly format: string;
  readonly sizeBytes: number;
  readonly preallocation: Preallocation | undefined;
}): Promise<void> {
  const { path, format, sizeBytes, preallocation } = request;
  if (format !== "raw" && format !== "qcow2") throw new StorageError("can't resize this image format");
  const before = await measureImage(path, format);
  if (before === undefined) throw new StorageError(`no such image '${path}'`);
  if (sizeBytes < before.sizeBytes) throw new StorageError("shrinking disks is not supported");
  if (format === "raw" && preallocation === "off") return truncate(path, sizeBytes);
  const options = preallocation === undefined ? [] : [`--preallocation=${preallocation}`];
  await qemuImg(["resize", "-q", ...options, "-f", format, path, String(sizeBytes)], { timeoutMs: RESIZE_TIMEOUT_MS });
}

/** @returns undefined when there is no such file. */
export async function measureImage(path: string, format: string): Promise<ImageMeasure | undefined> {
  let file: FileHandle;
  try {
    // A pipe that somebody left there must not hold us.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw new StorageError(`cannot read image: ${messageOf(error)}`, { cause: error });
  }
  try {
    const found = await file.stat();
    const usedBytes = found.blocks * STAT_BLOCK_BYTES;
    const ctime = Math.floor(found.ctimeMs / 1000);
    const asRaw = { sizeBytes: found.size, usedBytes, ctime };
    if (format === "raw" || format === "subvol") return { format, ...asRaw };
    if (!found.isFile()) return { format: "invalid", ...asRaw };
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    const header = readImageHeader(format, buffer.subarray(0, bytesRead));
    if (header === undefined) return { format: "invalid", ...asRaw };
    const { virtualBytes, backing } = header;
    return { format, sizeBytes: virtualBytes, usedBytes, ctime, ...(backing === undefined ? {} : { backing }) };
  } finally {
    await file.close();
  }
}

/**
 * Fails for an image that would make QEMU open other files of the host: a backing file, a data file, other extents.
 * @throws StorageError
 */
export async function refuseForeignReferences(path: string, format: string): Promise<void> {
  const { stdout } = await qemuImg(["info", "--output=json", "-f", format, path], { timeoutMs: CREATE_TIMEOUT_MS });
  const found = foreignReference(JSON.parse(stdout), path);
  if (found !== undefined) {
    throw new StorageError(`image refers to another file (${found}), which is not allowed`);
  }
}

const REFERENCE_KEYS = ["filename", "backing-filename", "full-backing-filename", "data-file"];

/** The first name of another file anywhere in what qemu-img says. */
function foreignReference(value: unknown, path: string): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const isOther = REFERENCE_KEYS.includes(key) && typeof item === "string" && item !== path;
    if (isOther) return `${key} '${item}'`;
    const inner = foreignReference(item, path);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

async function qemuImg(args: readonly string[], options: { readonly timeoutMs: number }): Promise<{ stdout: string }> {
  try {
    return await runCommand(["qemu-img", ...args], options);
  } catch (error) {
    if (error instanceof CommandFailedError && errnoOf(error.cause) === "ENOENT") {
      throw new StorageError("this image format needs qemu-img, which is not installed", { cause: error });
    }
    throw error;
  }
}

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
