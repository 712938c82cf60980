/** What one executed operation does to the tree, to the database and to everyone who looks: nothing else changes. */
import type { CfsEvent } from "../port.ts";
import type { Entry } from "./entry.ts";

export interface ChangeSet {
  readonly cause: "create" | "write" | "mkdir" | "delete" | "rename" | "mtime";
  /** The new root: version, writer and mtime of the tree. */
  readonly root: Entry;
  /** The entry in its new form. */
  readonly put?: Entry;
  /** The same entry (same inode) before. */
  readonly previous?: Entry;
  /** The entry that is gone: deleted, or replaced by a rename. */
  readonly dropped?: Entry;
  /** Path of what was put, else of what was dropped. */
  readonly path: string;
  /** Only of a rename: the old path. */
  readonly from?: string;
}

/** What watchers are told about a change. */
export function eventsOf(change: ChangeSet): CfsEvent[] {
  switch (change.cause) {
    case "write":
    case "mtime":
      return [{ kind: "file", path: change.path }];
    case "create":
    case "mkdir":
    case "delete":
      return [{ kind: "entry", path: change.path }];
    case "rename":
      return [
        { kind: "entry", path: change.from ?? change.path },
        { kind: "entry", path: change.path },
      ];
    default:
      return change.cause satisfies never;
  }
}
