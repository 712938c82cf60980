/**
 * The storages of this node: storage.cfg, one plugin per type, and around every operation the checks, the storage's
 * lock and the guard against one that hangs.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { CachedFiles } from "../cfs/cached-files.ts";
import type { ClusterFs } from "../cfs/port.ts";
import type { Logger } from "../log/logger.ts";
import { BoundedChildren } from "../os/bounded-children.ts";
import { withFileLock } from "../os/file-lock.ts";
import type { Layout } from "../os/layout.ts";
import type { Section } from "../section-config/index.ts";
import { entryOf, readStorageConfig, STANDARD_LOCAL_PATH, STORAGE_CFG, type StorageConfig } from "./config.ts";
import { DirPlugin } from "./dir-plugin.ts";
import { StorageError, StorageHangsError } from "./errors.ts";
import { StorageGuard } from "./guard.ts";
import type { StoragePlugin, VolumeAttributes } from "./plugin.ts";
import type { ListedVolume, ParsedVolume, StorageEntry, StorageStatus, Storages, VolumeInfo } from "./port.ts";
import { STORAGE_TYPES } from "./types.ts";
import { unbuiltPlugin } from "./unbuilt-plugin.ts";
import { isStorageId, splitVolumeId } from "./volume-names.ts";

export interface NodeStoragesDeps {
  readonly cfs: ClusterFs;
  readonly files: CachedFiles;
  readonly layout: Layout;
  readonly log: Logger;
  /** Default: a killable `stat` each. */
  readonly children?: BoundedChildren;
  readonly nowMs?: () => number;
  readonly probeTimeoutMs?: number;
  readonly workTimeoutMs?: number;
}

/** How long an operation waits for another one's lock. */
const LOCK_TIMEOUT_MS = 60_000;

export class NodeStorages implements Storages {
  readonly #cfs: ClusterFs;
  readonly #files: CachedFiles;
  readonly #layout: Layout;
  readonly #log: Logger;
  readonly #guard: StorageGuard;
  readonly #plugins: ReadonlyMap<string, StoragePlugin>;

  constructor({ cfs, files, layout, log, children, nowMs, probeTimeoutMs, workTimeoutMs }: NodeStoragesDeps) {
    this.#cfs = cfs;
    this.#files = files;
    this.#layout = layout;
    this.#log = log;
    this.#guard = new StorageGuard({
      children: children ?? new BoundedChildren(),
      nowMs: nowMs ?? (() => performance.now()),
      ...(probeTimeoutMs === undefined ? {} : { probeTimeoutMs }),
      ...(workTimeoutMs === undefined ? {} : { workTimeoutMs }),
    });
    this.#plugins = new Map([["dir", new DirPlugin({ guard: this.#guard, log })]]);
  }

  get nodeName(): string {
    return this.#layout.nodeName;
  }

  /** storage.cfg as it stands, paths as written there. */
  async config(): Promise<StorageConfig> {
    return await this.#files.get(STORAGE_CFG, readStorageConfig);
  }

  async entries(): Promise<readonly StorageEntry[]> {
    const { entries } = await this.config();
    return [...entries.values()].map((entry) => this.#placed(entry));
  }

  async entry(storage: string): Promise<StorageEntry> {
    const entry = await this.known(storage);
    this.checkUsable(entry, this.#layout.nodeName);
    return entry;
  }

  /** An entry that may be disabled or of other nodes. @throws StorageError when there is none. */
  async known(storage: string): Promise<StorageEntry> {
    const { entries } = await this.config();
    const entry = entries.get(storage);
    if (entry === undefined) throw new StorageError(`storage '${storage}' does not exist`);
    return this.#placed(entry);
  }

  /** @throws StorageError saying why the node cannot use the storage. */
  checkUsable(entry: StorageEntry, node: string): void {
    if (!entry.isEnabled) throw new StorageError(`storage '${entry.storage}' is disabled`);
    if (entry.nodes?.has(node) === false) {
      throw new StorageError(`storage '${entry.storage}' is not available on node '${node}'`);
    }
  }

  /** The standard directory is below the layout's root like everything else of a node. */
  #placed(entry: StorageEntry): StorageEntry {
    const isStandard = entry.storage === "local" && entry.options.path === STANDARD_LOCAL_PATH;
    return isStandard ? { ...entry, options: { ...entry.options, path: this.#layout.localStorage } } : entry;
  }

  /** Whether this release can use storages of the type. */
  isBuilt(type: string): boolean {
    return this.#plugins.has(type);
  }

  #plugin(entry: StorageEntry): StoragePlugin {
    return this.#plugins.get(entry.type) ?? unbuiltPlugin;
  }

  async parse(volid: string): Promise<ParsedVolume> {
    const { storage, volname } = splitVolumeId(volid);
    const entry = await this.entry(storage);
    return { storage, volname, ...this.#plugin(entry).parseVolname(entry, volname) };
  }

  async pathOf(volid: string): Promise<string> {
    const { storage, volname } = splitVolumeId(volid);
    const entry = await this.entry(storage);
    return this.#plugin(entry).pathOf(entry, volname);
  }

  async activate(volidsOrStorages: readonly string[]): Promise<void> {
    const names = volidsOrStorages.map((text) => (isStorageId(text) ? text : splitVolumeId(text).storage));
    for (const storage of new Set(names)) await this.#activated(storage);
  }

  async #activated(storage: string): Promise<{ entry: StorageEntry; plugin: StoragePlugin }> {
    const entry = await this.entry(storage);
    const plugin = this.#plugin(entry);
    await plugin.activate(entry);
    return { entry, plugin };
  }

  /**
   * Activates a storage that is about to be added, where this node is to have it.
   * @throws StorageError saying why it cannot be used.
   */
  async tryOut(storage: string, section: Section): Promise<void> {
    const entry = entryOf(storage, section);
    const isHere = entry.nodes?.has(this.#layout.nodeName) !== false;
    if (entry.isEnabled && isHere) await this.#plugin(entry).activate(entry);
  }

  async info(volid: string): Promise<VolumeInfo> {
    const { storage, volname } = splitVolumeId(volid);
    const { entry, plugin } = await this.#activated(storage);
    return this.#guard.work(storage, `reading volume '${volname}'`, () => plugin.info(entry, volname));
  }

  async allocate(request: Parameters<Storages["allocate"]>[0]): Promise<string> {
    const { entry, plugin } = await this.#activated(request.storage);
    const format = request.format ?? formatFromName(request.name) ?? defaultFormatOf(entry);
    checkFormat(entry, format);
    const name = request.name === undefined ? {} : { name: request.name };
    const { vmid, sizeKiB } = request;
    const volname = await this.#locked(entry, () => plugin.allocate(entry, { vmid, format, sizeKiB, ...name }));
    return `${entry.storage}:${volname}`;
  }

  async free(volid: string): Promise<void> {
    const { storage, volname } = splitVolumeId(volid);
    const { entry, plugin } = await this.#activated(storage);
    await this.#locked(entry, () => plugin.free(entry, volname));
  }

  async resize(volid: string, sizeBytes: number, isRunning: boolean): Promise<void> {
    const { storage, volname } = splitVolumeId(volid);
    const { entry, plugin } = await this.#activated(storage);
    // The hypervisor has the file open and grows it itself.
    if (isRunning) return;
    await this.#locked(entry, () => plugin.resize(entry, volname, sizeBytes));
  }

  async list(
    storage: string,
    filter: { readonly vmid?: number; readonly content?: string } = {},
  ): Promise<readonly ListedVolume[]> {
    const { entry, plugin } = await this.#activated(storage);
    const guests = await this.#cfs.guests();
    const enabled = [...entry.content].sort();
    return this.#guard.work(storage, "listing its content", () =>
      plugin.list(entry, {
        contents: filter.content === undefined ? enabled : enabled.filter((content) => content === filter.content),
        ...(filter.vmid === undefined ? {} : { vmid: filter.vmid }),
        isContainer: (vmid) => guests.get(vmid)?.type === "lxc",
      }),
    );
  }

  async status(storage: string): Promise<StorageStatus | undefined> {
    return this.statusOf(await this.entry(storage));
  }

  /** Like {@link status}; never fails for a storage that cannot be used. */
  async statusOf(entry: StorageEntry): Promise<StorageStatus | undefined> {
    const plugin = this.#plugin(entry);
    try {
      await plugin.activate(entry);
    } catch (error) {
      if (error instanceof StorageHangsError) return undefined;
      // An unusable storage is a state that is shown, not a failure of who looks.
      this.#log.debug({ storage: entry.storage, err: error }, "storage is not active");
      return { total: 0, used: 0, avail: 0, active: false };
    }
    return plugin.status(entry);
  }

  async attributes(volid: string): Promise<VolumeAttributes> {
    const { storage, volname } = splitVolumeId(volid);
    const { entry, plugin } = await this.#activated(storage);
    return this.#guard.work(storage, `reading notes of '${volname}'`, () => plugin.attributes(entry, volname));
  }

  async setAttributes(volid: string, changes: VolumeAttributes): Promise<void> {
    const { storage, volname } = splitVolumeId(volid);
    const { entry, plugin } = await this.#activated(storage);
    await this.#locked(entry, () => plugin.setAttributes(entry, volname, changes));
  }

  /** One operation at a time: on this node, or in the cluster where all nodes see the same content. */
  async #locked<T>(entry: StorageEntry, work: () => Promise<T>): Promise<T> {
    const id = `storage-${entry.storage}`;
    if (entry.isShared) return this.#cfs.lock(id, work, { timeoutMs: LOCK_TIMEOUT_MS });
    await mkdir(this.#layout.storageLock, { recursive: true });
    return withFileLock(join(this.#layout.storageLock, `pve-${id}`), LOCK_TIMEOUT_MS, work);
  }
}

function formatFromName(name: string | undefined): string | undefined {
  return /\.(raw|qcow2|vmdk|subvol)$/.exec(name ?? "")?.[1];
}

function defaultFormatOf(entry: StorageEntry): string {
  const { format } = entry.options;
  return typeof format === "string" ? format : (STORAGE_TYPES[entry.type]?.defaultFormat ?? "raw");
}

function checkFormat(entry: StorageEntry, format: string): void {
  const formats: readonly string[] = STORAGE_TYPES[entry.type]?.formats ?? [];
  if (!formats.includes(format))
    throw new StorageError(`storage '${entry.storage}' does not support format '${format}'`);
}
