/** The part of the cluster file system that storages need, in memory. */
import { createHash } from "node:crypto";
import { type CfsEvent, type ClusterFs, FileChangedError, type FileSnapshot, type GuestEntry } from "../cfs/port.ts";

export class StorageTestCfs {
  readonly nodeName = "n1";
  readonly files = new Map<string, FileSnapshot>();
  readonly guestList = new Map<number, GuestEntry>();
  readonly published = new Map<string, string>();
  readonly rrdEntries = new Map<string, string[]>();
  readonly locks: string[] = [];
  readonly #listeners = new Set<(event: CfsEvent) => void>();
  #version = 0n;

  async read(path: string): Promise<FileSnapshot | undefined> {
    return this.files.get(path);
  }

  async write(path: string, data: string | Uint8Array, options: { ifDigest?: string | null } = {}): Promise<void> {
    const before = this.files.get(path);
    const { ifDigest } = options;
    if (ifDigest !== undefined && (before?.digest ?? null) !== ifDigest) throw new FileChangedError(path);
    const bytes = Buffer.from(data);
    this.#version += 1n;
    const digest = createHash("sha1").update(bytes).digest("hex");
    this.files.set(path, { data: bytes, digest, mtime: 0, version: this.#version });
    this.#tell({ kind: "file", path });
  }

  async remove(path: string): Promise<void> {
    this.files.delete(path);
    this.#tell({ kind: "entry", path });
  }

  async mkdir(): Promise<void> {}

  async lock<T>(id: string, work: () => Promise<T>): Promise<T> {
    this.locks.push(id);
    return work();
  }

  async guests(): Promise<ReadonlyMap<number, GuestEntry>> {
    return this.guestList;
  }

  async publish(key: string, value: string): Promise<void> {
    this.published.set(key, value);
    if (key.startsWith("rrd/")) this.rrdEntries.set(key.slice("rrd/".length), value.split(":"));
  }

  async rrd(): Promise<Map<string, string[]>> {
    return this.rrdEntries;
  }

  watch(listener: (event: CfsEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** As after a restart of the real one. */
  resync(): void {
    this.#tell({ kind: "resync" });
  }

  /** Where a `ClusterFs` is wanted: what the tests do not call is not there. */
  asClusterFs(): ClusterFs {
    return this as unknown as ClusterFs;
  }

  #tell(event: CfsEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
