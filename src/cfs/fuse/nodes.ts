/** Node numbers: one for each entry of the tree, and fixed ones for the names that are not in it. */
import { ROOT_INODE } from "../tree/entry.ts";
import {
  isLinkName,
  isVirtualFileName,
  LINK_NAMES,
  type LinkName,
  VIRTUAL_FILE_NAMES,
  type VirtualFileName,
} from "../tree/paths.ts";
import { ROOT_NODE } from "./protocol.ts";

/** Above every inode that a tree can have in practice, and exact as a number. */
const VIRTUAL_BASE = 2 ** 48;
const VIRTUAL_NAMES: readonly (LinkName | VirtualFileName)[] = [...LINK_NAMES, ...VIRTUAL_FILE_NAMES];

export type VirtualName = LinkName | VirtualFileName;

export function nodeOfInode(inode: number): number {
  return inode === ROOT_INODE ? ROOT_NODE : inode + 1;
}

export function inodeOfNode(node: number): number {
  return node === ROOT_NODE ? ROOT_INODE : node - 1;
}

export function virtualNode(name: string): number | undefined {
  if (!isLinkName(name) && !isVirtualFileName(name)) return undefined;
  return VIRTUAL_BASE + VIRTUAL_NAMES.indexOf(name);
}

export function virtualNameOf(node: number): VirtualName | undefined {
  return node < VIRTUAL_BASE ? undefined : VIRTUAL_NAMES[node - VIRTUAL_BASE];
}

export const ALL_VIRTUAL_NAMES = VIRTUAL_NAMES;
