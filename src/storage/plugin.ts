/**
 * What one type of storage can do. A plugin works on one section at a time and knows nothing of other storages, locks,
 * users or HTTP: `NodeStorages` does that before it calls.
 */
import type { ListedVolume, StorageEntry, StorageStatus, VolumeInfo } from "./port.ts";
import type { ParsedVolname } from "./volume-names.ts";

export interface AllocateRequest {
  readonly vmid: number;
  readonly format: string;
  /** Chosen by the plugin when absent. */
  readonly name?: string;
  readonly sizeKiB: number;
}

export interface ListRequest {
  /** In this order. */
  readonly contents: readonly string[];
  readonly vmid?: number;
  /** Whether a guest is a container: its images are listed as `rootdir`. */
  readonly isContainer: (vmid: number) => boolean;
}

export interface VolumeAttributes {
  readonly notes?: string;
  readonly isProtected?: boolean;
}

export interface StoragePlugin {
  /** @throws StorageError for a name that no volume of this type has. */
  parseVolname(entry: StorageEntry, volname: string): ParsedVolname;
  /** Absolute path or device. */
  pathOf(entry: StorageEntry, volname: string, snapshot?: string): string;
  /** Measured now. Undefined: it does not answer. Inactive: it answers and cannot be used. */
  status(entry: StorageEntry): Promise<StorageStatus | undefined>;
  /** Makes it usable. @throws StorageError saying why it is not. */
  activate(entry: StorageEntry): Promise<void>;
  /** @returns the volname. Nothing is left behind on failure. */
  allocate(entry: StorageEntry, request: AllocateRequest): Promise<string>;
  free(entry: StorageEntry, volname: string): Promise<void>;
  /** Of an image that nobody has open. */
  resize(entry: StorageEntry, volname: string, sizeBytes: number): Promise<void>;
  info(entry: StorageEntry, volname: string): Promise<VolumeInfo>;
  list(entry: StorageEntry, request: ListRequest): Promise<ListedVolume[]>;
  attributes(entry: StorageEntry, volname: string): Promise<VolumeAttributes>;
  setAttributes(entry: StorageEntry, volname: string, changes: VolumeAttributes): Promise<void>;
}
