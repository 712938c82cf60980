/** Which rows a batch of changes leaves behind: each row is written once, as it is at the end. Pure. */
import type { ChangeSet } from "../tree/change-set.ts";
import { type Entry, typeOf } from "../tree/entry.ts";
import { nameToBytes } from "../tree/name-bytes.ts";

export interface RowChange {
  readonly inode: number;
  readonly parent: number;
  readonly version: number;
  readonly writer: number;
  readonly mtime: number;
  readonly type: number;
  /** Bytes where it is not valid UTF-8. */
  readonly name: string | Uint8Array;
  /** null for directories and empty files. */
  readonly data: Uint8Array | null;
}

/** What the version row carries. */
export type VersionRow = Pick<RowChange, "version" | "writer" | "mtime">;

export interface RowChanges {
  readonly puts: readonly RowChange[];
  readonly deletes: readonly number[];
  /** The version row, always written. */
  readonly root: VersionRow;
}

const NOT_PLAIN = /[\ud800-\udfff]/;

/** @param changes at least one. */
export function rowChanges(changes: readonly ChangeSet[]): RowChanges {
  const [first] = changes;
  if (first === undefined) throw new RangeError("an empty batch has no rows");
  let root = first.root;
  const rows = new Map<number, RowChange | undefined>();
  for (const change of changes) {
    root = change.root;
    if (change.dropped !== undefined) rows.set(change.dropped.inode, undefined);
    if (change.put !== undefined) rows.set(change.put.inode, rowOf(change.put));
  }
  const puts: RowChange[] = [];
  const deletes: number[] = [];
  for (const [inode, row] of rows) {
    if (row === undefined) deletes.push(inode);
    else puts.push(row);
  }
  return { puts, deletes, root: versionRow(root) };
}

function rowOf(entry: Entry): RowChange {
  const { inode, parent, version, writer, mtime, name } = entry;
  const data = entry.data === undefined || entry.data.length === 0 ? null : entry.data;
  const stored = NOT_PLAIN.test(name) ? nameToBytes(name) : name;
  return { inode, parent, version, writer, mtime, type: typeOf(entry), name: stored, data };
}

function versionRow({ version, writer, mtime }: Entry): VersionRow {
  return { version, writer, mtime };
}
