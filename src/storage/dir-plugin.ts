/**
 * A directory as storage: images below `images/<vmid>`, other content in its folders. What it makes is complete or not
 * there; what it removes takes its side files with it.
 */
import { access, mkdir, readdir, readFile, rename, rm, rmdir, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf } from "../errors/quorate-error.ts";
import type { Logger } from "../log/logger.ts";
import { makeDirectories } from "../os/make-directories.ts";
import { runCommand } from "../os/run-command.ts";
import { archiveInfo } from "./backup-names.ts";
import { imageNames, listDirectory, listImages } from "./dir-listing.ts";
import { basePathOf, filePathOf, folderOf } from "./dir-paths.ts";
import { StorageError, StorageHangsError } from "./errors.ts";
import type { DirectoryProbe, StorageGuard } from "./guard.ts";
import { createImage, errnoOf, measureImage, type Preallocation, preallocationOf, resizeImage } from "./image-files.ts";
import { isMountPoint } from "./mount-points.ts";
import type { AllocateRequest, ListRequest, StoragePlugin, VolumeAttributes } from "./plugin.ts";
import type { ListedVolume, StorageEntry, StorageStatus, VolumeInfo } from "./port.ts";
import { nextDiskName, type ParsedVolname, parseDirVolname } from "./volume-names.ts";

const KIB = 1024;
const SUBVOL_MODE = 0o755;
const CHATTR_TIMEOUT_MS = 5_000;

export interface DirPluginDeps {
  readonly guard: StorageGuard;
  readonly log: Logger;
}

export class DirPlugin implements StoragePlugin {
  readonly #guard: StorageGuard;
  readonly #log: Logger;
  /** What this process has made the folders for, by storage: other options need other folders. */
  readonly #prepared = new Map<string, string>();

  constructor({ guard, log }: DirPluginDeps) {
    this.#guard = guard;
    this.#log = log;
  }

  parseVolname(_entry: StorageEntry, volname: string): ParsedVolname {
    return parseDirVolname(volname);
  }

  pathOf(entry: StorageEntry, volname: string, snapshot?: string): string {
    return filePathOf(entry, parseDirVolname(volname), snapshot);
  }

  async status(entry: StorageEntry): Promise<StorageStatus | undefined> {
    const inactive = { total: 0, used: 0, avail: 0, active: false };
    if (!(await isMountedAsWanted(entry))) return inactive;
    const probe = await this.#guard.probe(entry.storage, basePathOf(entry));
    if (probe.kind === "silent") return undefined;
    return probe.kind === "present" ? probe.status : inactive;
  }

  async activate(entry: StorageEntry): Promise<void> {
    const { storage } = entry;
    const path = basePathOf(entry);
    if (!(await isMountedAsWanted(entry))) {
      throw new StorageError(
        `unable to activate storage '${storage}' - directory is expected to be a mount point but is not mounted: '${mountPointOf(entry) ?? path}'`,
      );
    }
    const before = await this.#probe(entry);
    const wanted = JSON.stringify([path, [...entry.content], entry.options["content-dirs"]]);
    if (before.kind === "present" && this.#prepared.get(storage) === wanted) return;
    if (before.kind === "absent") await this.#makeBase(entry, path);
    await this.#guard.work(storage, "making its folders", () => makeFolders(entry));
    this.#prepared.set(storage, wanted);
  }

  async #makeBase(entry: StorageEntry, path: string): Promise<void> {
    const { storage } = entry;
    if (makes(entry, "create-base-path")) {
      await this.#guard.work(storage, "making its directory", () => makeDirectories(path));
      this.#guard.forget(storage);
    }
    const after = await this.#probe(entry);
    if (after.kind === "present") return;
    throw new StorageError(
      `unable to activate storage '${storage}' - directory '${path}' does not exist or is unreachable`,
    );
  }

  async #probe(entry: StorageEntry): Promise<DirectoryProbe> {
    const probe = await this.#guard.probe(entry.storage, basePathOf(entry));
    if (probe.kind === "silent") throw new StorageHangsError(entry.storage, "probing its directory");
    return probe;
  }

  async allocate(entry: StorageEntry, request: AllocateRequest): Promise<string> {
    const { vmid, format, sizeKiB } = request;
    const name = request.name ?? nextDiskName({ ...request, storage: entry.storage }, await imageNames(entry, vmid));
    const volname = `${vmid}/${name}`;
    const parsed = parseDirVolname(volname);
    if (parsed.format !== format) {
      throw new StorageError(`illegal name '${name}' - wrong extension for format ('${parsed.format} != '${format}')`);
    }
    const path = filePathOf(entry, parsed);
    const folder = dirname(path);
    await makeDirectories(folder);
    try {
      if (format === "subvol") await makeSubvol(path, sizeKiB);
      else {
        const preallocation = preallocationOf(wantedPreallocation(entry), format);
        await createImage({ path, format, sizeBytes: sizeKiB * KIB, preallocation });
      }
    } catch (error) {
      await removeIfEmpty(folder);
      throw error;
    }
    return volname;
  }

  async free(entry: StorageEntry, volname: string): Promise<void> {
    const parsed = parseDirVolname(volname);
    const path = filePathOf(entry, parsed);
    const { isProtected } = await this.attributes(entry, volname);
    if (isProtected === true) {
      throw new StorageError(`cannot remove protected volume '${volname}' on '${entry.storage}'`);
    }
    if (parsed.isBase) await this.#releaseBase(entry, { volname, parsed, path });
    if (parsed.format === "subvol" && parsed.vtype === "images") await rm(path, { recursive: true, force: true });
    else await this.#unlink(path);
    if (parsed.vtype === "images") await removeSnapshotsAndFolder(path, parsed.name);
    if (parsed.vtype === "backup") await this.#removeSideFiles(path);
  }

  /** A template is immutable, and stays while clones live on it. */
  async #releaseBase(
    entry: StorageEntry,
    { volname, parsed, path }: { volname: string; parsed: ParsedVolname; path: string },
  ): Promise<void> {
    const prefix = `${parsed.vmid}/${parsed.name}/`;
    const images = await listImages(entry, undefined);
    if (images.some((image) => image.volname.startsWith(prefix))) {
      throw new StorageError(`base volume '${volname}' is still in use by linked clones`);
    }
    try {
      await runCommand(["chattr", "-i", path], { timeoutMs: CHATTR_TIMEOUT_MS });
    } catch (error) {
      // Not every file system knows the flag; if it is set, removing the file fails below and says so.
      this.#log.debug({ path, err: error }, "cannot clear the immutable flag");
    }
  }

  async #unlink(path: string): Promise<void> {
    try {
      await unlink(path);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
      this.#log.warn({ path }, "the file of a removed volume does not exist");
    }
  }

  async #removeSideFiles(path: string): Promise<void> {
    const { logName } = archiveInfoOf(path);
    const sideFiles = [`${path}.notes`, ...(logName === undefined ? [] : [join(dirname(path), logName)])];
    for (const file of sideFiles) await rm(file, { force: true });
  }

  async resize(entry: StorageEntry, volname: string, sizeBytes: number): Promise<void> {
    const { format } = parseDirVolname(volname);
    const preallocation = format === "raw" || format === "qcow2" ? wantedPreallocation(entry) : undefined;
    await resizeImage({
      path: this.pathOf(entry, volname),
      format,
      sizeBytes: Math.ceil(sizeBytes / KIB) * KIB,
      preallocation: preallocationOf(preallocation, format),
    });
  }

  async info(entry: StorageEntry, volname: string): Promise<VolumeInfo> {
    const parsed = parseDirVolname(volname);
    const path = filePathOf(entry, parsed);
    const found = await measureImage(
      path,
      parsed.vtype === "images" || parsed.vtype === "import" ? parsed.format : "raw",
    );
    if (found === undefined) throw new StorageError(`volume '${entry.storage}:${volname}' does not exist`);
    const { format, sizeBytes, usedBytes, backing } = found;
    return { format, sizeBytes, usedBytes, ...(backing === undefined ? {} : { parent: backing }) };
  }

  list(entry: StorageEntry, request: ListRequest): Promise<ListedVolume[]> {
    return listDirectory(entry, request);
  }

  async attributes(entry: StorageEntry, volname: string): Promise<VolumeAttributes> {
    const parsed = parseDirVolname(volname);
    if (parsed.vtype !== "backup") return {};
    const path = filePathOf(entry, parsed);
    const notes = await readOrMissing(`${path}.notes`);
    return { ...(notes === undefined ? {} : { notes }), isProtected: await exists(`${path}.protected`) };
  }

  async setAttributes(entry: StorageEntry, volname: string, changes: VolumeAttributes): Promise<void> {
    const parsed = parseDirVolname(volname);
    const first = changes.notes === undefined ? "protected" : "notes";
    if (parsed.vtype !== "backup") throw new StorageError(`only backups support attribute '${first}'`);
    const path = filePathOf(entry, parsed);
    if (!(await exists(path))) throw new StorageError(`volume '${entry.storage}:${volname}' does not exist`);
    if (changes.notes === "") await rm(`${path}.notes`, { force: true });
    else if (changes.notes !== undefined) await replaceText(`${path}.notes`, changes.notes);
    if (changes.isProtected === true) await replaceText(`${path}.protected`, "");
    if (changes.isProtected === false) await rm(`${path}.protected`, { force: true });
  }
}

/** @throws StorageError; the file is as before. */
async function replaceText(path: string, text: string): Promise<void> {
  try {
    await writeFile(`${path}.tmp`, text);
    await rename(`${path}.tmp`, path);
  } catch (cause) {
    await rm(`${path}.tmp`, { force: true });
    throw new StorageError(`cannot write ${path}: ${messageOf(cause)}`, { cause });
  }
}

function archiveInfoOf(path: string): { logName?: string } {
  const isForeign = /vzdump-(?!openvz|lxc|qemu)[a-z]+-\d+-[^/]*$/.test(path);
  return isForeign ? {} : archiveInfo(path);
}

/** `yes` in either form means the path itself; another path means that one. */
function mountPointOf(entry: StorageEntry): string | undefined {
  const wanted = entry.options.is_mountpoint;
  if (typeof wanted !== "string" || /^(?:no|off|false|0)$/i.test(wanted)) return undefined;
  return /^(?:yes|on|true|1)$/i.test(wanted) ? basePathOf(entry) : wanted;
}

async function isMountedAsWanted(entry: StorageEntry): Promise<boolean> {
  const wanted = mountPointOf(entry);
  return wanted === undefined || isMountPoint(wanted);
}

/** Whether missing directories are made: the older option holds where the newer one is not given. */
function makes(entry: StorageEntry, option: "create-base-path" | "create-subdirs"): boolean {
  return (entry.options[option] ?? entry.options.mkdir ?? true) === true;
}

async function makeFolders(entry: StorageEntry): Promise<void> {
  const owners = new Set<string>();
  for (const content of entry.content) {
    if (content === "none") continue;
    const folder = folderOf(entry, content);
    if (owners.has(folder)) {
      throw new StorageError(`storage '${entry.storage}' uses directory ${folder} for multiple content types`);
    }
    owners.add(folder);
  }
  if (!makes(entry, "create-subdirs")) return;
  for (const folder of owners) await makeDirectories(folder);
}

function wantedPreallocation(entry: StorageEntry): Preallocation | undefined {
  const { preallocation } = entry.options;
  return preallocation === "off" ||
    preallocation === "metadata" ||
    preallocation === "falloc" ||
    preallocation === "full"
    ? preallocation
    : undefined;
}

async function makeSubvol(path: string, sizeKiB: number): Promise<void> {
  if (sizeKiB !== 0) throw new StorageError("storage does not support subvol quotas");
  try {
    await mkdir(path, { mode: SUBVOL_MODE });
  } catch (cause) {
    if (errnoOf(cause) === "EEXIST") throw new StorageError(`disk image '${path}' already exists`, { cause });
    throw cause;
  }
}

async function removeSnapshotsAndFolder(path: string, name: string): Promise<void> {
  const folder = dirname(path);
  for (const found of await namesOf(folder)) {
    if (found.startsWith("snap-") && found.endsWith(`-${name}`)) await rm(join(folder, found), { force: true });
  }
  await removeIfEmpty(folder);
}

async function namesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw error;
  }
}

async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    const expected = ["ENOTEMPTY", "EEXIST", "ENOENT"];
    if (!expected.includes(errnoOf(error) ?? "")) throw error;
  }
}

async function readOrMissing(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
}
