/**
 * The config files of this node's VMs: read through the cache, changed under the VM's lock. A change is read fresh,
 * computed, and written only if the file is still the one that was read.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { CachedFiles } from "../../cfs/cached-files.ts";
import { type ClusterFs, FileChangedError, type FileSnapshot } from "../../cfs/port.ts";
import type { Logger } from "../../log/logger.ts";
import { withFileLock } from "../../os/file-lock.ts";
import { parseVmConfig, printVmConfig, type VmConfigContent, type VmConfigFile } from "./config.ts";
import { VmLockedError, VmMissingError } from "./config-error.ts";

/** How long a change waits for another one of the same VM. */
const LOCK_TIMEOUT_MS = 10_000;
/** Making a VM waits less: nobody else should be at its id. */
const CREATE_LOCK_TIMEOUT_MS = 5_000;

/** More than a node has guests. */
const MAX_PARSERS = 20_000;

type Parse = (file: FileSnapshot | undefined) => VmConfigFile | undefined;

export interface VmConfigsDeps {
  readonly nodeName: string;
  readonly cfs: ClusterFs;
  readonly files: CachedFiles;
  /** Directory of the lock files. */
  readonly lockDir: string;
  readonly log: Logger;
}

export class VmConfigs {
  readonly #deps: VmConfigsDeps;
  /** One parser a VM, since the cache knows a parsed file by its parser. */
  readonly #parsers = new Map<number, Parse>();

  constructor(deps: VmConfigsDeps) {
    this.#deps = deps;
  }

  pathOf(vmid: number): string {
    return `nodes/${this.#deps.nodeName}/qemu-server/${vmid}.conf`;
  }

  /** The same object while the file is unchanged, and without a promise when it is cached. */
  find(vmid: number): VmConfigFile | undefined | Promise<VmConfigFile | undefined> {
    return this.#deps.files.get(this.pathOf(vmid), this.#parserOf(vmid));
  }

  /** @throws VmMissingError */
  load(vmid: number): VmConfigFile | Promise<VmConfigFile> {
    const found = this.find(vmid);
    return found instanceof Promise ? found.then((file) => this.#there(vmid, file)) : this.#there(vmid, found);
  }

  #there(vmid: number, file: VmConfigFile | undefined): VmConfigFile {
    if (file === undefined) throw new VmMissingError(vmid, this.#deps.nodeName);
    return file;
  }

  /** As it is now, past the cache. */
  async findFresh(vmid: number): Promise<VmConfigFile | undefined> {
    return this.#parserOf(vmid)(await this.#deps.cfs.read(this.pathOf(vmid)));
  }

  /** Like {@link findFresh}. @throws VmMissingError */
  async loadFresh(vmid: number): Promise<VmConfigFile> {
    return this.#there(vmid, await this.findFresh(vmid));
  }

  /** Runs `work` while nobody else changes this VM on this node. Not reentrant. */
  async locked<T>(vmid: number, work: () => Promise<T>, timeoutMs = LOCK_TIMEOUT_MS): Promise<T> {
    await mkdir(this.#deps.lockDir, { recursive: true });
    return withFileLock(join(this.#deps.lockDir, `lock-${vmid}.conf`), timeoutMs, work);
  }

  /**
   * Writes a config over the one that was read; one that is the same is not written. To be called under {@link locked}.
   * @returns the config as it now stands.
   * @throws FileChangedError when another node wrote meanwhile.
   */
  async write(vmid: number, content: VmConfigContent, ifDigest: string | null): Promise<VmConfigFile> {
    const text = printVmConfig(content);
    const written = parseVmConfig(text, { vmid });
    if (written.digest === ifDigest) return written;
    await this.#deps.cfs.write(this.pathOf(vmid), text, { ifDigest });
    return written;
  }

  /** Makes the file of a new VM. @throws FileChangedError or CfsError EEXIST when the id is taken. */
  create(vmid: number, content: VmConfigContent): Promise<VmConfigFile> {
    return this.locked(vmid, () => this.write(vmid, content, null), CREATE_LOCK_TIMEOUT_MS);
  }

  async remove(vmid: number): Promise<void> {
    await this.#deps.cfs.remove(this.pathOf(vmid));
  }

  #parserOf(vmid: number): Parse {
    let parse = this.#parsers.get(vmid);
    if (parse === undefined) {
      // Callers may ask for any id; forgetting costs one more read of each file.
      if (this.#parsers.size >= MAX_PARSERS) this.#parsers.clear();
      parse = (file) => {
        if (file === undefined) return undefined;
        const parsed = parseVmConfig(file.data.toString("utf8"), { vmid });
        for (const warning of parsed.warnings) this.#deps.log.warn({ vmid }, warning);
        return parsed;
      };
      this.#parsers.set(vmid, parse);
    }
    return parse;
  }
}

/** @throws VmLockedError unless the lock is to be skipped. */
export function checkLock(file: VmConfigFile, skips = false): void {
  const { lock } = file.current;
  if (lock !== undefined && !skips) throw new VmLockedError(lock);
}

/** @throws FileChangedError when the caller has read another text. */
export function checkDigest(file: VmConfigFile, digest: string | undefined, path: string): void {
  if (digest !== undefined && digest !== file.digest) throw new FileChangedError(path);
}
