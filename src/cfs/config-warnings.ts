/** Says in the log what readers of configuration files had to leave out: once for each version of a file. */
import { messageOf } from "../errors/quorate-error.ts";
import type { Logger } from "../log/logger.ts";
import type { CfsEvent, ClusterFs, FileSnapshot } from "./port.ts";

/** @returns one line for each thing that is wrong, with file, line and cause. */
export type FindWarnings = (file: FileSnapshot | undefined) => readonly string[];

export interface ConfigWarningsDeps {
  readonly cfs: ClusterFs;
  readonly log: Logger;
  /** By path. */
  readonly files: Readonly<Record<string, FindWarnings>>;
}

/** For one process of a node: many read the files, and one of them is enough to say it. */
export class ConfigWarnings {
  readonly #deps: ConfigWarningsDeps;
  /** What was said of the version of each file that was read last. */
  readonly #said = new Map<string, ReadonlySet<string>>();
  readonly #unwatch: () => void;
  /** Files are read one after the other, so that an older version is never told after a newer one. */
  #work: Promise<void> = Promise.resolve();

  constructor(deps: ConfigWarningsDeps) {
    this.#deps = deps;
    this.#unwatch = deps.cfs.watch((event) => this.#onEvent(event));
    this.#checkAll();
  }

  /** Ends when everything that has changed so far was read. */
  async settled(): Promise<void> {
    await this.#work;
  }

  close(): void {
    this.#unwatch();
  }

  #checkAll(): void {
    for (const path of Object.keys(this.#deps.files)) this.#check(path);
  }

  #check(path: string): void {
    this.#work = this.#work.then(() => this.#read(path));
  }

  async #read(path: string): Promise<void> {
    const { cfs, log, files } = this.#deps;
    try {
      const warnings = new Set(files[path]?.(await cfs.read(path)));
      for (const warning of warnings) if (this.#said.get(path)?.has(warning) !== true) log.warn({ warning }, path);
      this.#said.set(path, warnings);
    } catch (error) {
      // Whoever needs the file says it too; the next change of it is a new chance.
      log.warn({ path, reason: messageOf(error) }, "cannot look for broken lines");
    }
  }

  #onEvent(event: CfsEvent): void {
    switch (event.kind) {
      case "file":
      case "entry":
        if (Object.hasOwn(this.#deps.files, event.path)) this.#check(event.path);
        return;
      case "resync":
        this.#checkAll();
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

/** After a file was written from what could be read of it. */
export function logDropped(log: Logger, dropped: readonly string[]): void {
  for (const warning of dropped) log.warn({ warning }, "left out of the file that was written");
}
