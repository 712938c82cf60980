/** Storages in memory for tests of other rooms: the same names and refusals, no disks. */
import { join } from "node:path";
import { StorageError } from "./errors.ts";
import type { ListedVolume, ParsedVolume, StorageEntry, StorageStatus, Storages, VolumeInfo } from "./port.ts";
import { nextDiskName, parseDirVolname, splitVolumeId } from "./volume-names.ts";

interface MemoryVolume {
  readonly volid: string;
  readonly content: string;
  readonly format: string;
  readonly vmid?: number;
  sizeBytes: number;
}

const ALL_CONTENT = ["images", "rootdir", "iso", "vztmpl", "backup", "snippets", "import"];

export class MemoryStorages implements Storages {
  readonly #root: string;
  readonly #entries = new Map<string, StorageEntry>();
  readonly #volumes = new Map<string, MemoryVolume>();
  /** Ask for the next operation of this name to fail with the text. */
  readonly failNext = new Map<"allocate" | "free" | "resize" | "activate", string>();
  readonly activated: string[] = [];

  /** @param options.root where paths point to (nothing is written there). */
  constructor(options: { readonly root?: string; readonly storages?: readonly string[] } = {}) {
    this.#root = options.root ?? "/memory";
    for (const storage of options.storages ?? ["local"]) this.addStorage(storage);
  }

  addStorage(storage: string, changes: Partial<StorageEntry> = {}): void {
    const path = join(this.#root, storage);
    this.#entries.set(storage, {
      storage,
      type: "dir",
      content: new Set(ALL_CONTENT),
      isShared: false,
      isEnabled: true,
      options: { path },
      ...changes,
    });
  }

  /** Puts a volume there as it stands, e.g. `local:iso/debian.iso`. */
  addVolume(volid: string, sizeBytes: number): void {
    const { storage, volname } = splitVolumeId(volid);
    this.#find(storage);
    const parsed = parseDirVolname(volname);
    const owner = parsed.vmid === undefined ? {} : { vmid: parsed.vmid };
    this.#volumes.set(volid, { volid, content: parsed.vtype, format: parsed.format, sizeBytes, ...owner });
  }

  has(volid: string): boolean {
    return this.#volumes.has(volid);
  }

  async entries(): Promise<readonly StorageEntry[]> {
    return [...this.#entries.values()];
  }

  async entry(storage: string): Promise<StorageEntry> {
    return this.#find(storage);
  }

  async parse(volid: string): Promise<ParsedVolume> {
    const { storage, volname } = splitVolumeId(volid);
    return { storage, volname, ...parseDirVolname(volname) };
  }

  async pathOf(volid: string): Promise<string> {
    const parsed = await this.parse(volid);
    const folders = {
      images: "images",
      rootdir: "images",
      iso: "template/iso",
      vztmpl: "template/cache",
      backup: "dump",
      snippets: "snippets",
      import: "import",
    } as const;
    const owner = parsed.vtype === "images" ? `${parsed.vmid}` : "";
    return join(this.#root, this.#find(parsed.storage).storage, folders[parsed.vtype], owner, parsed.name);
  }

  async activate(volidsOrStorages: readonly string[]): Promise<void> {
    this.#failIfAsked("activate");
    for (const text of volidsOrStorages) this.#find(text.split(":")[0] ?? "");
    this.activated.push(...volidsOrStorages);
  }

  async info(volid: string): Promise<VolumeInfo> {
    const volume = this.#volume(volid);
    return { sizeBytes: volume.sizeBytes, usedBytes: 0, format: volume.format };
  }

  async allocate(request: Parameters<Storages["allocate"]>[0]): Promise<string> {
    this.#failIfAsked("allocate");
    const { storage, vmid } = request;
    this.#find(storage);
    const format = request.format ?? "raw";
    const names = [...this.#volumes.keys()].map((volid) => volid.split("/").at(-1) ?? "");
    const name = request.name ?? nextDiskName({ storage, vmid, format }, names);
    const volid = `${storage}:${vmid}/${name}`;
    if (this.#volumes.has(volid)) throw new StorageError(`disk image '${await this.pathOf(volid)}' already exists`);
    this.addVolume(volid, request.sizeKiB * 1024);
    return volid;
  }

  async free(volid: string): Promise<void> {
    this.#failIfAsked("free");
    this.#volumes.delete(volid);
  }

  async resize(volid: string, sizeBytes: number, _isRunning: boolean): Promise<void> {
    this.#failIfAsked("resize");
    this.#volume(volid).sizeBytes = sizeBytes;
  }

  async list(
    storage: string,
    filter: { readonly vmid?: number; readonly content?: string } = {},
  ): Promise<readonly ListedVolume[]> {
    this.#find(storage);
    return [...this.#volumes.values()]
      .filter((volume) => volume.volid.startsWith(`${storage}:`))
      .filter((volume) => filter.vmid === undefined || volume.vmid === filter.vmid)
      .filter((volume) => filter.content === undefined || volume.content === filter.content)
      .map(({ sizeBytes, ...volume }) => ({ ...volume, size: sizeBytes }));
  }

  async status(storage: string): Promise<StorageStatus | undefined> {
    this.#find(storage);
    return { total: 1e12, used: 1e11, avail: 9e11, active: true };
  }

  #find(storage: string): StorageEntry {
    const entry = this.#entries.get(storage);
    if (entry === undefined) throw new StorageError(`storage '${storage}' does not exist`);
    if (!entry.isEnabled) throw new StorageError(`storage '${storage}' is disabled`);
    return entry;
  }

  #volume(volid: string): MemoryVolume {
    const volume = this.#volumes.get(volid);
    if (volume === undefined) throw new StorageError(`no such volume '${volid}'`);
    return volume;
  }

  #failIfAsked(operation: "allocate" | "free" | "resize" | "activate"): void {
    const text = this.failNext.get(operation);
    this.failNext.delete(operation);
    if (text !== undefined) throw new StorageError(text);
  }
}
