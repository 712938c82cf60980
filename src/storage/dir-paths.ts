/** Where things lie below a directory-like storage. Pure. */
import { isAbsolute, join } from "node:path";
import { StorageError } from "./errors.ts";
import type { StorageEntry } from "./port.ts";
import type { ParsedVolname } from "./volume-names.ts";

const FOLDERS: Readonly<Record<string, string>> = {
  images: "images",
  rootdir: "private",
  iso: "template/iso",
  vztmpl: "template/cache",
  backup: "dump",
  snippets: "snippets",
  import: "import",
};

/** What a directory needs to know of its section. */
export type DirectoryOptions = Pick<StorageEntry, "options">;

/** @throws StorageError when the section has no path. */
export function basePathOf({ options }: DirectoryOptions): string {
  if (typeof options.path !== "string" || !isAbsolute(options.path)) {
    throw new StorageError("storage definition has no path");
  }
  return options.path;
}

/** The folder of one kind of content. @throws StorageError for a content that has no folder. */
export function folderOf(entry: DirectoryOptions, vtype: string): string {
  const base = basePathOf(entry);
  const standard = Object.hasOwn(FOLDERS, vtype) ? FOLDERS[vtype] : undefined;
  if (standard === undefined) throw new StorageError(`unknown vtype '${vtype}'`);
  const overrides = entry.options["content-dirs"];
  const isTable = typeof overrides === "object" && overrides !== null && Object.hasOwn(overrides, vtype);
  const override: unknown = isTable ? Reflect.get(overrides, vtype) : undefined;
  return join(base, typeof override === "string" ? override : standard);
}

/**
 * @param snapshot of the volume: its data is inside the same file.
 * @throws StorageError for a snapshot of a format without such.
 */
export function filePathOf(entry: DirectoryOptions, volume: ParsedVolname, snapshot?: string): string {
  if (snapshot !== undefined && volume.format !== "qcow2") throw new StorageError("can't snapshot this image format");
  const folder = folderOf(entry, volume.vtype);
  return volume.vtype === "images" ? join(folder, String(volume.vmid), volume.name) : join(folder, volume.name);
}
