/** The volume id that a path of the host has, if any. */
import { realpath } from "node:fs/promises";
import { basename, dirname, relative, resolve } from "node:path";
import { listImages } from "./dir-listing.ts";
import { folderOf } from "./dir-paths.ts";
import type { StorageEntry } from "./port.ts";
import { matchVolumeId, parseDirVolname, type VolumeType } from "./volume-names.ts";

export interface FoundVolume {
  readonly vtype: VolumeType;
  readonly volid: string;
}

/** @param entries storages; those without a path are passed over, enabled or not. */
export async function pathToVolume(path: string, entries: readonly StorageEntry[]): Promise<FoundVolume | undefined> {
  const given = matchVolumeId(path);
  if (given !== undefined) {
    const known = entries.find(({ storage, options }) => storage === given.storage && typeof options.path === "string");
    const vtype = known === undefined ? undefined : parsed(given.volname);
    return vtype === undefined ? undefined : { vtype, volid: path };
  }
  const absolute = await realpath(resolve(path)).catch(() => resolve(path));
  for (const entry of entries) {
    if (typeof entry.options.path !== "string") continue;
    const found = await findIn(entry, absolute);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function findIn(entry: StorageEntry, path: string): Promise<FoundVolume | undefined> {
  const images = relative(folderOf(entry, "images"), path);
  const [, vmid] = /^(\d+)\/[^/]+$/.exec(images) ?? [];
  if (vmid !== undefined) {
    const listed = await listImages(entry, Number(vmid));
    const image = listed.find(({ name }) => name === basename(path));
    return image === undefined ? undefined : { vtype: "images", volid: `${entry.storage}:${image.volname}` };
  }
  for (const vtype of ["iso", "vztmpl", "backup", "snippets", "import"] as const) {
    if (dirname(path) !== folderOf(entry, vtype)) continue;
    const volname = `${vtype}/${basename(path)}`;
    if (parsed(volname) !== undefined && !(vtype === "import" && volname.includes(" "))) {
      return { vtype, volid: `${entry.storage}:${volname}` };
    }
  }
  return undefined;
}

function parsed(volname: string): VolumeType | undefined {
  try {
    return parseDirVolname(volname).vtype;
  } catch {
    // No volume has such a name, which is an answer here.
    return undefined;
  }
}
