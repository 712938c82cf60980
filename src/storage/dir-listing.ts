/** What lies in a directory storage, kind by kind. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { archiveInfo } from "./backup-names.ts";
import { folderOf } from "./dir-paths.ts";
import { errnoOf, type ImageMeasure, measureImage } from "./image-files.ts";
import type { ListRequest } from "./plugin.ts";
import type { ListedVolume, StorageEntry } from "./port.ts";
import { parseDirVolname, parseImageName } from "./volume-names.ts";

export interface ListedImage {
  readonly vmid: number;
  readonly name: string;
  readonly volname: string;
  readonly measure: ImageMeasure;
}

/** How a listing measures an image. */
export type Measure = (path: string, format: string) => Promise<ImageMeasure | undefined>;

export async function listDirectory(
  entry: StorageEntry,
  request: ListRequest,
  measure: Measure = measureImage,
): Promise<ListedVolume[]> {
  const listed: ListedVolume[] = [];
  for (const content of request.contents) {
    if (content === "images" || content === "rootdir") {
      for (const image of await listImages(entry, request.vmid, measure)) {
        if (request.isContainer(image.vmid) === (content === "rootdir"))
          listed.push(describeImage(entry, image, content));
      }
    } else if (content !== "none") listed.push(...(await listFiles(entry, content, request.vmid)));
  }
  return listed;
}

/** Images of all guests or of one, in byte order of their names. */
export async function listImages(
  entry: StorageEntry,
  vmid: number | undefined,
  measure: Measure = measureImage,
): Promise<ListedImage[]> {
  const folder = folderOf(entry, "images");
  const owners = vmid === undefined ? await namesIn(folder) : [String(vmid)];
  const images: ListedImage[] = [];
  for (const owner of owners) {
    if (!/^\d+$/.test(owner)) continue;
    for (const name of await namesIn(join(folder, owner))) {
      const format = imageFormat(name);
      if (format === undefined) continue;
      const found = await measure(join(folder, owner, name), format);
      // Removed while we were looking.
      if (found === undefined) continue;
      images.push({ vmid: Number(owner), name, volname: volnameOf(owner, name, found.backing), measure: found });
    }
  }
  return images;
}

/** File names of one guest's images. */
export async function imageNames(entry: StorageEntry, vmid: number): Promise<string[]> {
  return namesIn(join(folderOf(entry, "images"), String(vmid)));
}

function imageFormat(name: string): string | undefined {
  // A snapshot in a chain belongs to its volume and is not listed.
  if (/^snap-.+\.qcow2$/.test(name) || !/^[^/\s]+\.(?:raw|qcow2|vmdk|subvol)$/.test(name)) return undefined;
  return parseImageName(name).format;
}

/** A clone of a template is known by both names. */
function volnameOf(owner: string, name: string, backing: string | undefined): string {
  const [, baseVmid, baseName] = /^\.\.\/(\d+)\/(base-[^/\s]+)$/.exec(backing ?? "") ?? [];
  return baseVmid === undefined ? `${owner}/${name}` : `${baseVmid}/${baseName}/${owner}/${name}`;
}

function describeImage(entry: StorageEntry, { vmid, volname, measure }: ListedImage, content: string): ListedVolume {
  return {
    volid: `${entry.storage}:${volname}`,
    content,
    format: measure.format,
    size: measure.sizeBytes,
    used: measure.usedBytes,
    vmid,
    ctime: measure.ctime,
    parent: measure.backing ?? null,
  };
}

async function listFiles(entry: StorageEntry, content: string, vmid: number | undefined): Promise<ListedVolume[]> {
  const folder = folderOf(entry, content);
  const listed: ListedVolume[] = [];
  const names = await namesIn(folder);
  for (const name of names) {
    const described = describeName(content, name);
    if (described === undefined) continue;
    if (vmid !== undefined && content === "backup" && described.vmid !== vmid) continue;
    const found = await statOrGone(join(folder, name));
    if (found === undefined || found.isDirectory()) continue;
    const file: ListedVolume = {
      volid: `${entry.storage}:${content}/${name}`,
      content,
      size: found.size,
      ctime: Math.floor(found.ctimeMs / 1000),
      ...described,
    };
    listed.push(content === "backup" ? { ...file, ...(await backupExtras(folder, name, names)) } : file);
  }
  return listed;
}

type Described = Pick<ListedVolume, "format" | "vmid" | "subtype"> & { readonly ctime?: number };

const TEMPLATE_FORMATS: Readonly<Record<string, string>> = { gz: "tgz", xz: "txz", zst: "tzst", bz2: "tbz2" };

function describeName(content: string, name: string): Described | undefined {
  let parsed: ReturnType<typeof parseDirVolname>;
  try {
    parsed = parseDirVolname(`${content}/${name}`);
  } catch {
    // Some other file that lies there: not a volume, so not listed.
    return undefined;
  }
  switch (content) {
    case "iso":
      return { format: "iso" };
    case "snippets":
      return { format: "snippet" };
    case "vztmpl":
      return { format: TEMPLATE_FORMATS[name.slice(name.lastIndexOf(".") + 1)] ?? "tar" };
    case "import":
      return { format: parsed.format };
    case "backup":
      return describeBackup(name, parsed.vmid);
    default:
      return undefined;
  }
}

function describeBackup(name: string, vmid: number | undefined): Described {
  const [, format = "tar"] = /\.(tgz|(?:tar|vma)(?:\.[a-z0-9]+)?)$/.exec(name) ?? [];
  const isForeign = /^vzdump-[a-z]+-\d+-/.test(name) && vmid === undefined;
  const info = isForeign ? undefined : archiveInfo(name);
  const owner = vmid ?? info?.vmid;
  return {
    format,
    subtype: info?.type ?? "unknown",
    ...(owner === undefined ? {} : { vmid: owner }),
    ...(info?.ctime === undefined ? {} : { ctime: info.ctime }),
  };
}

async function backupExtras(folder: string, name: string, names: readonly string[]): Promise<Partial<ListedVolume>> {
  const notes = names.includes(`${name}.notes`) ? await readFile(join(folder, `${name}.notes`), "utf8") : undefined;
  return {
    ...(notes === undefined ? {} : { notes: notes.split("\n")[0] ?? "" }),
    ...(names.includes(`${name}.protected`) ? { protected: 1 as const } : {}),
  };
}

/** Sorted by bytes; a missing directory is empty. */
async function namesIn(path: string): Promise<string[]> {
  try {
    const names = await readdir(path);
    return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return [];
    throw error;
  }
}

async function statOrGone(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    // Removed while we were looking, or a link to nothing.
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
