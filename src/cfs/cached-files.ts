/**
 * Parsed files kept until they change. The same unchanged file gives the same (frozen by convention) object, so callers
 * may key their own memos on it. A change is dropped by the watch event, which precedes the writer's answer.
 */
import type { CfsEvent, ClusterFs, FileSnapshot } from "./port.ts";

export class CachedFiles {
  readonly #cfs: ClusterFs;
  readonly #entries = new Map<string, { value: unknown; parse: unknown }>();
  readonly #loading = new Map<string, Promise<unknown>>();
  #generation = 0;
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
    const entry = this.#entries.get(path);
    if (entry !== undefined && entry.parse === parse) return entry.value as T;
    return this.#load(path, parse);
  }

  async #load<T>(path: string, parse: (file: FileSnapshot | undefined) => T): Promise<T> {
    const pending = this.#loading.get(path);
    // Two parsers of one file are rare and may load it twice.
    if (pending !== undefined) await pending.catch(() => {});
    const again = this.#entries.get(path);
    if (again !== undefined && again.parse === parse) return again.value as T;
    const generation = this.#generation;
    const work = this.#cfs.read(path).then((file) => {
      const value = parse(file);
      if (generation === this.#generation) this.#entries.set(path, { value, parse });
      return value;
    });
    this.#loading.set(path, work);
    try {
      return await work;
    } finally {
      if (this.#loading.get(path) === work) this.#loading.delete(path);
    }
  }

  #onEvent(event: CfsEvent): void {
    switch (event.kind) {
      case "file":
        this.#generation += 1;
        this.#entries.delete(event.path);
        return;
      case "entry":
        this.#generation += 1;
        this.#entries.delete(event.path);
        for (const path of this.#entries.keys()) if (path.startsWith(`${event.path}/`)) this.#entries.delete(path);
        return;
      case "resync":
        this.#generation += 1;
        this.#entries.clear();
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
