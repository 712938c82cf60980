/**
 * The one face of the cluster file system to every other room: files, locks, status, cluster log. Three makers: the
 * socket client (`cfs/ipc/client.ts`), the in-process one (`cfs/local.ts`) and the in-memory one for tests
 * (`cfs/memory.ts`). Paths are relative to `/etc/pve`, without a leading slash: `nodes/n1/qemu-server/100.conf`;
 * the links `local`, `qemu-server` and `lxc` are followed.
 */
import { QuorateError } from "../errors/quorate-error.ts";

export interface FileSnapshot {
  readonly data: Buffer;
  /** SHA-1 of the content, 40 hex digits: what API callers pass back as `digest`. */
  readonly digest: string;
  /** Epoch seconds. */
  readonly mtime: number;
  /** The tree version of its last change: differs whenever the file changed. */
  readonly version: bigint;
}

export interface DirEntry {
  readonly name: string;
  readonly type: "file" | "directory" | "link";
}

export interface WriteOptions {
  /** Compare and swap: the digest the file must have, or null when it must not exist yet. */
  readonly ifDigest?: string | null;
}

/** One entry of `.vmlist`. */
export interface GuestEntry {
  readonly vmid: number;
  readonly node: string;
  readonly type: "qemu" | "lxc" | "openvz";
  readonly version: number;
}

export interface Member {
  readonly name: string;
  readonly id: number;
  readonly online: boolean;
  readonly ip?: string;
}

export interface ClusterInfo {
  readonly nodeName: string;
  readonly isQuorate: boolean;
  /** Absent outside a cluster. */
  readonly cluster?: { readonly name: string; readonly version: number; readonly members: readonly Member[] };
}

export interface ClusterLogEntry {
  /** Syslog priority 0-7. */
  readonly priority: number;
  /** User or process that it is about, e.g. `root@pam`. */
  readonly ident: string;
  /** Program. */
  readonly tag: string;
  readonly message: string;
}

export interface LoggedEntry {
  readonly uid: number;
  readonly time: number;
  readonly pri: number;
  readonly tag: string;
  readonly pid: number;
  readonly node: string;
  readonly user: string;
  readonly msg: string;
}

/** What changed, told once after the change is committed and before its writer is answered. */
export type CfsEvent =
  | { readonly kind: "file"; readonly path: string }
  /** Any directory entry below this path may have changed (create, remove, rename of the entry itself). */
  | { readonly kind: "entry"; readonly path: string }
  | { readonly kind: "members" }
  | { readonly kind: "status"; readonly node: string; readonly key: string }
  | { readonly kind: "clusterlog" }
  /** The connection was lost and is back: everything cached is to be dropped. */
  | { readonly kind: "resync" };

export interface ClusterFs {
  readonly nodeName: string;

  /** @returns undefined when there is no such file. @throws CfsError EACCES for `priv` on a read-only connection. */
  read(path: string): Promise<FileSnapshot | undefined>;
  /** Replaces the content in one step (one transaction, no reader sees a part) and creates the file if missing. */
  write(path: string, data: string | Uint8Array, options?: WriteOptions): Promise<void>;
  /** @throws CfsError ENOENT. Empty directories too. */
  remove(path: string): Promise<void>;
  /** Atomic; an existing target file is replaced. This is also how a guest moves to another node. */
  rename(from: string, to: string): Promise<void>;
  /** Makes missing parents too; an existing directory is fine. */
  mkdir(path: string): Promise<void>;
  /** @returns undefined when it is missing or not a directory. */
  list(path: string): Promise<DirEntry[] | undefined>;

  guests(): Promise<ReadonlyMap<number, GuestEntry>>;
  info(): Promise<ClusterInfo>;
  /** Values of head-section properties of guest configs: vmid → property → value. */
  guestProperties(names: readonly string[], vmid?: number): Promise<Map<number, Record<string, string>>>;

  /**
   * Runs `work` under the cluster lock `id` (see cluster locks in the manual: 120 s, one holder in the cluster).
   * @param work has 60 s, then the caller gets an error and `signal` aborts; the lock stays until the work has ended.
   * @throws CfsLockTimeoutError when it was not to be had within `timeoutMs` (default 10 s).
   */
  lock<T>(id: string, work: (signal: AbortSignal) => Promise<T>, options?: { readonly timeoutMs?: number }): Promise<T>;

  /** Broadcasts a volatile value of this node; an empty value deletes it. At most 32 KiB. */
  publish(key: string, value: string): Promise<void>;
  /** @returns undefined when that node published no such key. */
  status(key: string, node?: string): Promise<string | undefined>;
  /** All nodes' values of one key. */
  statusOfAll(key: string): Promise<Map<string, string>>;
  /** The `.rrd` dump: rrd key → data fields. */
  rrd(): Promise<Map<string, string[]>>;

  log(entry: ClusterLogEntry): Promise<void>;
  /** Newest first. */
  readLog(options?: { readonly max?: number; readonly user?: string }): Promise<LoggedEntry[]>;

  /** Whether `tokenid secret` is a line of the token file; never reveals the file. */
  verifyToken(tokenid: string, secret: string): Promise<boolean>;

  /** Events of everything, in order. @returns the function that ends it. */
  watch(listener: (event: CfsEvent) => void): () => void;
  close(): Promise<void>;
}

/** A refused operation. `errno` is the name that the mount gives for the same operation (`EACCES`, `EEXIST`, …). */
export class CfsError extends QuorateError {
  readonly code = "cfs-refused";
  readonly errno: string;
  readonly path: string;

  constructor(errno: string, path: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.errno = errno;
    this.path = path;
  }
}

/** The file is not the one that the caller read: read again, reapply, retry. */
export class FileChangedError extends QuorateError {
  readonly code = "file-changed";
  readonly path: string;

  constructor(path: string) {
    super("detected modified configuration - file changed by other user? Try again.");
    this.path = path;
  }
}

export class CfsLockTimeoutError extends QuorateError {
  readonly code = "cfs-lock-timeout";

  constructor(id: string, reason = "got lock request timeout") {
    super(`cfs-lock '${id}' error: ${reason}`);
  }
}
