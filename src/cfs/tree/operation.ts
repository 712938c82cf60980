/**
 * The rules of the tree: what an operation does to a given state, or why it is refused. Every node executes the same
 * operations in the same order, so nothing here may depend on the node, a clock or quorum.
 */
import type { ChangeSet } from "./change-set.ts";
import { lockDigest } from "./digest.ts";
import { EMPTY, type Entry, isDirectory, MAX_FILE_BYTES, MAX_NAME_BYTES, MAX_PATH_LENGTH, newRoot } from "./entry.ts";
import type { Errno } from "./errno.ts";
import { isNameOfItsBytes, nameToBytes } from "./name-bytes.ts";
import { isLockPath, isVirtualPath, parentPath, parseGuestPath } from "./paths.ts";
import type { Tree } from "./tree.ts";

export type Operation =
  | { readonly kind: "create"; readonly path: string }
  | {
      readonly kind: "write";
      readonly path: string;
      readonly offset: number;
      readonly data: Uint8Array;
      /** Cut the file at the end of what is written. */
      readonly truncate: boolean;
    }
  | { readonly kind: "mkdir"; readonly path: string }
  | { readonly kind: "delete"; readonly path: string }
  | { readonly kind: "rename"; readonly path: string; readonly to: string }
  | { readonly kind: "mtime"; readonly path: string; readonly mtime: number }
  /** Deletes a lock directory if it is still the one that the digest was made of. */
  | { readonly kind: "unlock"; readonly path: string; readonly digest: Buffer };

/** Who asks, and when by its clock: recorded in the entry. */
export interface Origin {
  /** Node id, 0 outside a cluster. */
  readonly writer: number;
  /** Epoch seconds. */
  readonly time: number;
}

/** @returns what it changes (undefined: nothing, but it succeeded), or why it is refused. The tree is not touched. */
export function execute(tree: Tree, operation: Operation, origin: Origin): ChangeSet | Errno | undefined {
  switch (operation.kind) {
    case "create":
      return create(tree, operation.path, origin, EMPTY);
    case "mkdir":
      return create(tree, operation.path, origin, undefined);
    case "write":
      return write(tree, operation, origin);
    case "delete":
      return remove(tree, operation.path, origin);
    case "rename":
      return rename(tree, operation.path, operation.to, origin);
    case "mtime":
      return setMtime(tree, operation.path, operation.mtime, origin);
    case "unlock":
      return unlock(tree, operation, origin);
    default:
      return operation satisfies never;
  }
}

/** The checks before sending that other nodes do not repeat: virtual names, name lengths. */
export function refuseBeforeSending(operation: Operation): Errno | undefined {
  if (isVirtualPath(operation.path)) return "EACCES";
  if (operation.kind === "rename" && isVirtualPath(operation.to)) return "EACCES";
  const path = operation.kind === "rename" ? operation.to : operation.path;
  if (path.length > MAX_PATH_LENGTH) return "ENAMETOOLONG";
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name.includes("\0") || !isNameOfItsBytes(name)) return "EINVAL";
  if (name.length > MAX_NAME_BYTES / 4 && nameToBytes(name).length > MAX_NAME_BYTES) return "ENAMETOOLONG";
  return undefined;
}

/** @returns the directory that the path's last component is in, or why there is none. */
function parentOf(tree: Tree, path: string): Entry | Errno {
  const parent = tree.lookup(parentPath(path));
  if (parent === undefined) return "ENOENT";
  return isDirectory(parent) ? parent : "ENOTDIR";
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function isBadName(name: string): boolean {
  return name === "" || name === "." || name === "..";
}

function nextRoot(tree: Tree, origin: Origin, mtime = origin.time): Entry {
  return newRoot({ version: tree.root.version + 1, writer: origin.writer, mtime });
}

function create(tree: Tree, path: string, origin: Origin, data: Buffer | undefined): ChangeSet | Errno {
  const parent = parentOf(tree, path);
  if (typeof parent === "string") return parent;
  const name = lastName(path);
  if (isBadName(name)) return "EACCES";
  if (tree.child(parent.inode, name) !== undefined) return "EEXIST";
  if (data !== undefined && isGuestTaken(tree, path)) return "EEXIST";
  const root = nextRoot(tree, origin);
  const { version } = root;
  const put: Entry = {
    inode: version,
    parent: parent.inode,
    version,
    writer: origin.writer,
    mtime: origin.time,
    name,
    data,
  };
  return { cause: data === undefined ? "mkdir" : "create", root, put, path };
}

function write(
  tree: Tree,
  { path, offset, data, truncate }: Extract<Operation, { kind: "write" }>,
  origin: Origin,
): ChangeSet | Errno {
  const end = offset + data.length;
  if (end > MAX_FILE_BYTES) return "EFBIG";
  const parent = parentOf(tree, path);
  if (typeof parent === "string") return parent;
  if (isBadName(lastName(path))) return "EACCES";
  const previous = tree.child(parent.inode, lastName(path));
  if (previous === undefined) return "ENOENT";
  if (previous.data === undefined) return "ENOTDIR";
  if (isGuestTaken(tree, path)) return "EEXIST";
  const root = nextRoot(tree, origin);
  const put: Entry = {
    ...previous,
    version: root.version,
    writer: origin.writer,
    mtime: origin.time,
    data: splice(previous.data, data, { offset, truncate }),
  };
  return { cause: "write", root, put, previous, path };
}

/** The content after a write: gaps are zeros. */
function splice(before: Buffer, data: Uint8Array, { offset, truncate }: { offset: number; truncate: boolean }): Buffer {
  const end = offset + data.length;
  const size = truncate ? end : Math.max(before.length, end);
  if (size === 0) return EMPTY;
  // Not from the shared pool: a small file must not keep 8 KiB alive.
  const after = Buffer.allocUnsafeSlow(size);
  const kept = before.copy(after, 0, 0, Math.min(before.length, size));
  if (kept < size) after.fill(0, kept);
  after.set(data, offset);
  return after;
}

function remove(tree: Tree, path: string, origin: Origin): ChangeSet | Errno {
  if (path === "") return "EACCES";
  const parent = parentOf(tree, path);
  if (typeof parent === "string") return parent;
  if (isBadName(lastName(path))) return "EACCES";
  const dropped = tree.child(parent.inode, lastName(path));
  if (dropped === undefined) return "ENOENT";
  if (tree.hasChildren(dropped.inode)) return "ENOTEMPTY";
  return { cause: "delete", root: nextRoot(tree, origin), dropped, path };
}

function rename(tree: Tree, from: string, to: string, origin: Origin): ChangeSet | Errno | undefined {
  if (from === "") return "EACCES";
  const source = tree.lookup(from);
  if (source === undefined) return "ENOENT";
  const isFile = !isDirectory(source);
  if (isFile && isGuestTaken(tree, to) && parseGuestPath(from)?.vmid !== parseGuestPath(to)?.vmid) return "EEXIST";
  if (!isFile && isLockPath(from)) return "EACCES";
  const parent = parentOf(tree, to);
  if (typeof parent === "string") return parent;
  if (isBadName(lastName(to))) return "EACCES";
  const target = tree.child(parent.inode, lastName(to));
  if (target === source) return undefined;
  if (to.startsWith(`${from}/`)) return "EINVAL";
  // Both tests come before anything is touched: a refused rename must not cost the target.
  if (target !== undefined && tree.hasChildren(target.inode)) return "ENOTEMPTY";
  if (tree.hasChildren(source.inode)) return "ENOTEMPTY";
  const root = nextRoot(tree, origin);
  const put: Entry = {
    ...source,
    parent: parent.inode,
    name: lastName(to),
    version: root.version,
    writer: origin.writer,
    mtime: origin.time,
  };
  const change = { cause: "rename", root, put, previous: source, path: to, from } as const;
  return target === undefined ? change : { ...change, dropped: target };
}

function setMtime(tree: Tree, path: string, mtime: number, origin: Origin): ChangeSet | Errno {
  const previous = tree.lookup(path);
  if (previous === undefined) return "ENOENT";
  if (previous === tree.root) return "EACCES";
  if (isDirectory(previous) && isLockPath(path)) {
    // Only its holder's node may refresh a lock, and only forward.
    if (mtime < previous.mtime || origin.writer !== previous.writer) return "EACCES";
  }
  const root = nextRoot(tree, origin, mtime);
  return {
    cause: "mtime",
    root,
    put: { ...previous, version: root.version, writer: origin.writer, mtime },
    previous,
    path,
  };
}

function unlock(
  tree: Tree,
  { path, digest }: Extract<Operation, { kind: "unlock" }>,
  origin: Origin,
): ChangeSet | Errno {
  const entry = tree.lookup(path);
  if (entry === undefined) return "ENOENT";
  if (!isDirectory(entry) || !isLockPath(path) || !lockDigest(entry).equals(digest)) return "EACCES";
  return remove(tree, path, origin);
}

function isGuestTaken(tree: Tree, path: string): boolean {
  const guest = parseGuestPath(path);
  return guest !== undefined && tree.guests.isTakenElsewhere(guest);
}
