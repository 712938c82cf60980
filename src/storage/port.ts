/** What guests, statistics and backup ask of storages. One plugin per storage type stands behind it. */
export interface VolumeInfo {
  readonly sizeBytes: number;
  readonly usedBytes: number;
  readonly format: string;
  readonly parent?: string;
}

export interface ParsedVolume {
  readonly storage: string;
  readonly volname: string;
  readonly vtype: "images" | "rootdir" | "iso" | "vztmpl" | "backup" | "snippets" | "import";
  readonly name: string;
  /** Owner, for images and backups. */
  readonly vmid?: number;
  /** The template that a linked clone was made of. */
  readonly base?: { readonly vmid: number; readonly name: string };
  readonly isBase: boolean;
  readonly format: string;
}

export interface ListedVolume {
  readonly volid: string;
  readonly content: string;
  readonly format: string;
  readonly size: number;
  readonly used?: number;
  readonly vmid?: number;
  readonly ctime?: number;
  readonly parent?: string | null;
  /** Backups: what was backed up, first line of the notes, whether it may not be removed. */
  readonly subtype?: "qemu" | "lxc" | "openvz" | "unknown";
  readonly notes?: string;
  readonly protected?: 1;
}

export interface StorageStatus {
  readonly total: number;
  readonly used: number;
  readonly avail: number;
  readonly active: boolean;
}

/** One section of storage.cfg, defaults filled in. */
export interface StorageEntry {
  readonly storage: string;
  readonly type: string;
  readonly content: ReadonlySet<string>;
  readonly isShared: boolean;
  readonly isEnabled: boolean;
  /** Absent: all nodes. */
  readonly nodes?: ReadonlySet<string>;
  /** The section's own options as read. */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface Storages {
  /** All sections in file order; `local` always exists. */
  entries(): Promise<readonly StorageEntry[]>;
  /** @throws StorageError `storage 'x' does not exist`, or when it is disabled or not available on this node. */
  entry(storage: string): Promise<StorageEntry>;
  /** @throws StorageError `unable to parse volume ID 'x'`. */
  parse(volid: string): Promise<ParsedVolume>;
  /** Absolute path or block device. */
  pathOf(volid: string): Promise<string>;
  /** Makes the storages of these volumes (or storage names) usable. */
  activate(volidsOrStorages: readonly string[]): Promise<void>;
  info(volid: string): Promise<VolumeInfo>;
  /** @returns the new volume id. Nothing is left behind on failure. */
  allocate(request: {
    readonly storage: string;
    readonly vmid: number;
    readonly format?: string;
    readonly name?: string;
    readonly sizeKiB: number;
  }): Promise<string>;
  free(volid: string): Promise<void>;
  resize(volid: string, sizeBytes: number, isRunning: boolean): Promise<void>;
  list(
    storage: string,
    filter?: { readonly vmid?: number; readonly content?: string },
  ): Promise<readonly ListedVolume[]>;
  /**
   * Measured now, in a killable child, within the probe's limit, after an attempt to make it usable. Inactive: it cannot
   * be used. Undefined: it does not answer.
   */
  status(storage: string): Promise<StorageStatus | undefined>;
}
