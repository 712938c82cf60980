/**
 * Parsed files kept until they change. The same unchanged file gives the same (frozen by convention) object, so callers
 * may key their own memos on it. A change is dropped by the watch event, which precedes the writer's answer.
 */
import type { CfsEvent, ClusterFs, FileSnapshot } from "./port.ts";
import { canonicalPath } from "./tree/paths.ts";

type Parse = (file: FileSnapshot | undefined) => unknown;

interface CachedFile {
  /** By the function that parsed it. */
  readonly values: Map<Parse, unknown>;
  readonly loading: Map<Parse, Promise<unknown>>;
}

export class CachedFiles {
  readonly #cfs: ClusterFs;
  /** By canonical path. An event replaces the whole record, so that a load under way fills one that nobody sees. */
  readonly #files = new Map<string, CachedFile>();
  readonly #unwatch: () => void;

  constructor(cfs: ClusterFs) {
    this.#cfs = cfs;
    this.#unwatch = cfs.watch((event) => this.#onEvent(event));
  }

  close(): void {
    this.#unwatch();
  }

  /**
   * The parsed content of `path`.
   * @param parse pure; called with undefined when the file is missing. Pass the same function each time.
   * @returns the value at once when it is cached, else a promise of it.
   */
  get<T>(path: string, parse: (file: FileSnapshot | undefined) => T): T | Promise<T> {
    const file = this.#fileOf(path);
    // The value was made by this very function, so it is a T.
    if (file.values.has(parse)) return file.values.get(parse) as T;
    const pending = file.loading.get(parse);
    if (pending !== undefined) return pending as Promise<T>;
    const loading = this.#load(file, path, parse);
    file.loading.set(parse, loading);
    return loading;
  }

  #fileOf(path: string): CachedFile {
    // Most callers use one spelling; it is looked up first.
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const canonical = canonicalPath(path, this.#cfs.nodeName);
    let file = this.#files.get(canonical);
    if (file === undefined) {
      file = { values: new Map(), loading: new Map() };
      this.#files.set(canonical, file);
    }
    return file;
  }

  async #load<T>(file: CachedFile, path: string, parse: (file: FileSnapshot | undefined) => T): Promise<T> {
    try {
      const value = parse(await this.#cfs.read(path));
      file.values.set(parse, value);
      return value;
    } finally {
      file.loading.delete(parse);
    }
  }

  #onEvent(event: CfsEvent): void {
    switch (event.kind) {
      case "file":
        this.#files.delete(event.path);
        return;
      case "entry":
        this.#files.delete(event.path);
        for (const path of this.#files.keys()) if (path.startsWith(`${event.path}/`)) this.#files.delete(path);
        return;
      case "resync":
        this.#files.clear();
        return;
      case "members":
      case "status":
      case "clusterlog":
        return;
      default:
        event satisfies never;
    }
  }
}
