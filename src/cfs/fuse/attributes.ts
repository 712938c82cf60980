/** What `stat` shows of entries and virtual names. Nothing of it is stored: path, type and quorum decide. */
import type { Replica } from "../replica.ts";
import { type Entry, isDirectory, sizeOf } from "../tree/entry.ts";
import { isLinkName, linkTarget, modeOf } from "../tree/paths.ts";
import type { Attributes } from "./encode.ts";
import { nodeOfInode, type VirtualName, virtualNode } from "./nodes.ts";
import { S_IF } from "./protocol.ts";

export interface Ownership {
  readonly uid: number;
  readonly gid: number;
}

const NANOSECONDS = 1_000_000_000;

/**
 * @param path of the entry: decides about privacy.
 * @param nlink 0 for a file that is deleted but open.
 */
export function entryAttributes(
  replica: Replica,
  entry: Entry,
  { path, nlink, owner }: { readonly path: string; readonly nlink?: number; readonly owner: Ownership },
): Attributes {
  const isDir = isDirectory(entry);
  // The kernel keeps what it has read until it sees another time or size. Seconds are too coarse for that: the version
  // of the last change stands in the fraction.
  const version = isDir ? Math.max(entry.version, replica.seen.listingVersion(entry.inode)) : entry.version;
  return {
    ino: nodeOfInode(entry.inode),
    size: sizeOf(entry),
    mtime: path === "" ? 0 : entry.mtime,
    mtimeNanoseconds: version % NANOSECONDS,
    mode: (isDir ? S_IF.DIRECTORY : S_IF.FILE) | modeOf(path, isDir, replica.isWritable),
    nlink: nlink ?? (isDir ? 2 : 1),
    ...owner,
  };
}

const VIRTUAL_FILE_MODE = 0o440;
const DEBUG_MODE = 0o640;
const LINK_MODE = 0o755;
const LINK_MODE_READ_ONLY = 0o555;

/**
 * @param content of a virtual file, as made for this reply.
 * @param generation another one whenever the content is another.
 */
export function virtualAttributes(
  replica: Replica,
  name: VirtualName,
  { content, generation, owner }: { readonly content: Buffer; readonly generation: number; readonly owner: Ownership },
): Attributes {
  const common = { ino: virtualNode(name) ?? 0, mtime: 0, nlink: 1, ...owner };
  if (isLinkName(name)) {
    const mode = S_IF.LINK | (replica.isWritable ? LINK_MODE : LINK_MODE_READ_ONLY);
    return { ...common, size: linkTarget(name, replica.nodeName).length, mtimeNanoseconds: 0, mode };
  }
  const mode = S_IF.FILE | (name === ".debug" ? DEBUG_MODE : VIRTUAL_FILE_MODE);
  return { ...common, size: content.length, mtimeNanoseconds: generation % NANOSECONDS, mode };
}
