/**
 * What a client may ask of the cluster file system, as plain data: the same requests travel by function call, between
 * threads and over the socket. File contents and status values travel beside the request, in `body`. Both sides ignore
 * fields that they do not know and answer `unsupported` to operations that they do not know.
 */
import type { ClusterInfo, DirEntry, GuestEntry, LoggedEntry } from "./port.ts";

export type CfsRequest =
  | { readonly op: "read"; readonly path: string }
  | { readonly op: "write"; readonly path: string; readonly ifDigest?: string | null }
  | { readonly op: "remove"; readonly path: string }
  | { readonly op: "rename"; readonly path: string; readonly to: string }
  /** Not exclusive: missing parents are made and an existing directory is fine. */
  | { readonly op: "mkdir"; readonly path: string; readonly exclusive?: boolean }
  /** A time of 0 on a lock asks to take an expired lock away. */
  | { readonly op: "utime"; readonly path: string; readonly mtime: number }
  | { readonly op: "list"; readonly path: string }
  | { readonly op: "guests" }
  | { readonly op: "info" }
  | { readonly op: "guestProperties"; readonly names: readonly string[]; readonly vmid?: number }
  | { readonly op: "publish"; readonly key: string }
  | { readonly op: "status"; readonly key: string; readonly node?: string }
  | { readonly op: "statusOfAll"; readonly key: string }
  | { readonly op: "rrd" }
  | {
      readonly op: "log";
      readonly priority: number;
      readonly ident: string;
      readonly tag: string;
      readonly message: string;
      readonly pid: number;
    }
  | { readonly op: "readLog"; readonly max?: number; readonly user?: string }
  | { readonly op: "verifyToken"; readonly tokenid: string; readonly secret: string }
  | { readonly op: "health" };

export interface CfsReply {
  readonly error?: { readonly code: string; readonly errno?: string; readonly message: string };
  /** Of `read`: absent when there is no such file. */
  readonly file?: { readonly mtime: number; readonly version: string };
  /** Of `list`: absent when it is missing or no directory. */
  readonly entries?: readonly DirEntry[];
  readonly guests?: readonly GuestEntry[];
  readonly info?: ClusterInfo;
  readonly properties?: readonly (readonly [number, Record<string, string>])[];
  /** Of `status`: absent when there is none. Of `statusOfAll`: node → value. */
  readonly value?: string;
  readonly values?: readonly (readonly [string, string])[];
  readonly log?: readonly LoggedEntry[];
  readonly isValid?: boolean;
  readonly health?: CfsHealth;
}

/** What `doctor` prints about the cluster file system. */
export interface CfsHealth {
  readonly nodeName: string;
  readonly isMounted: boolean;
  /** Why there is no mount, and what to do about it. */
  readonly mountProblem?: string;
  readonly isWritable: boolean;
  readonly readOnlyReason?: string;
  readonly lastCommitError?: string;
  /** Mean of recent commits; absent before the first. */
  readonly commitMs?: number;
  /** `inline` while commits are quick, else `thread`. */
  readonly commitMode?: string;
  readonly entryCount: number;
  readonly totalBytes: number;
  readonly version: number;
  /** Epoch seconds. */
  readonly startTime: number;
}

/** What everyone's socket may ask: nothing that changes the tree or shows a secret. */
export const READ_ONLY_OPERATIONS: ReadonlySet<string> = new Set([
  "read",
  "list",
  "guests",
  "info",
  "guestProperties",
  "status",
  "statusOfAll",
  "rrd",
  "readLog",
  "verifyToken",
  "health",
]);
