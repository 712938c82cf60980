/**
 * The making of a VM whose id is taken by a locked config: its disks are listed, then made, then the lock goes. On
 * failure all of it is taken back; what cannot be taken back stays listed in the locked config.
 */
import type { AccessRecords } from "../../access/port.ts";
import { CfsError, type ClusterFs, FileChangedError } from "../../cfs/port.ts";
import { messageOf } from "../../errors/quorate-error.ts";
import type { Logger } from "../../log/logger.ts";
import type { Storages } from "../../storage/port.ts";
import type { TaskContext } from "../../tasks/port.ts";
import type { VmConfig, VmConfigFile } from "./config.ts";
import { VmExistsError, VmRefusedError } from "./config-error.ts";
import type { VmConfigs } from "./config-store.ts";
import { type Disks, isForetold, type PlannedDisk } from "./disks.ts";
import { type Drive, printDrive } from "./drives.ts";
import { addUnused, defaultBootOrder, volumesIn } from "./pending.ts";

export interface VmAssemblerDeps {
  readonly nodeName: string;
  readonly cfs: ClusterFs;
  readonly configs: VmConfigs;
  readonly disks: Disks;
  readonly storages: Storages;
  readonly access: AccessRecords;
  readonly log: Logger;
}

/** The lock under which a VM comes to be. */
export type AssemblyLock = "create" | "clone";

export interface Assembly {
  readonly vmid: number;
  readonly lock: AssemblyLock;
  /** All but the drives, complete. */
  readonly config: VmConfig;
  /** As requested: `<storage>:<GiB>` makes a disk. */
  readonly drives: Readonly<Record<string, string>>;
  readonly pool?: string;
}

/** What a failed assembly takes back, in the order in which it was done. */
type Undo = { readonly what: string; readonly run: () => Promise<void> };

export class VmAssembler {
  readonly #deps: VmAssemblerDeps;

  constructor(deps: VmAssemblerDeps) {
    this.#deps = deps;
  }

  /** @throws VmExistsError when any node has a guest of this id. */
  async refuseTaken(vmid: number): Promise<void> {
    const taken = (await this.#deps.cfs.guests()).get(vmid);
    if (taken !== undefined) throw new VmExistsError(vmid, taken.node);
  }

  /** Takes the id. @throws VmExistsError */
  async reserve(vmid: number, lock: AssemblyLock): Promise<void> {
    const { cfs, configs, nodeName } = this.#deps;
    await this.refuseTaken(vmid);
    try {
      await configs.create(vmid, { current: { lock }, pending: {}, snapshots: {}, special: {} });
    } catch (error) {
      const isTaken = error instanceof FileChangedError || (error instanceof CfsError && error.errno === "EEXIST");
      if (!isTaken) throw error;
      throw new VmExistsError(vmid, (await cfs.guests()).get(vmid)?.node ?? nodeName, { cause: error });
    }
  }

  /** Gives the id back when the work did not even begin. */
  release(vmid: number, lock: AssemblyLock): Promise<void> {
    return this.#deps.configs.locked(vmid, async () => {
      const file = await this.#deps.configs.findFresh(vmid);
      if (file?.current.lock === lock && volumesIn(file).size === 0) await this.#deps.configs.remove(vmid);
    });
  }

  /** Builds what {@link reserve} has made room for. To be called under the VM's lock. */
  async assembleLocked(assembly: Assembly, task: TaskContext): Promise<void> {
    const { vmid, lock, config, drives, pool } = assembly;
    const { configs, access, disks } = this.#deps;
    let file = await configs.loadFresh(vmid);
    if (file.current.lock !== lock) throw new VmRefusedError("the id is not reserved for this any more");
    const undo: Undo[] = [{ what: "config", run: () => configs.remove(vmid) }];
    try {
      const plans = await disks.plan(drives, { vmid, config: { ...config, ...drives }, taken: new Set() });
      file = await this.#record(vmid, file, { ...config, ...listed(plans), lock });
      const made = await this.#makeDisks(vmid, plans, undo, task);
      const complete = { ...config, ...Object.fromEntries(made.map((drive) => [drive.key, printDrive(drive)])) };
      const boot = complete.boot ?? defaultBootOrder(complete);
      if (pool !== undefined) {
        await access.addGuestToPool(vmid, pool);
        undo.push({ what: `membership in pool '${pool}'`, run: () => access.forgetGuest(vmid) });
      }
      file = await configs.loadFresh(vmid);
      await this.#record(vmid, file, boot === undefined ? complete : { ...complete, boot });
    } catch (error) {
      await this.#takeBack(vmid, undo, task);
      throw error;
    }
  }

  #record(vmid: number, file: VmConfigFile, current: VmConfig): Promise<VmConfigFile> {
    return this.#deps.configs.write(vmid, { ...file, current }, file.digest);
  }

  async #makeDisks(vmid: number, plans: readonly PlannedDisk[], undo: Undo[], task: TaskContext): Promise<Drive[]> {
    const made: Drive[] = [];
    for (const plan of plans) {
      task.signal.throwIfAborted();
      const drive = await this.#deps.disks.make(plan, vmid, task.signal);
      made.push(drive);
      if (plan.kind !== "new") continue;
      undo.push({ what: `disk '${drive.file}'`, run: () => this.#deps.storages.free(drive.file) });
      task.log(`${drive.key}: successfully created disk '${printDrive(drive)}'`);
      if (drive.file !== plan.drive.file) await this.#listUnplanned(vmid, drive.file);
    }
    return made;
  }

  /** A disk whose name could not be foretold is listed as soon as it has one. */
  async #listUnplanned(vmid: number, volid: string): Promise<void> {
    const file = await this.#deps.configs.loadFresh(vmid);
    await this.#record(vmid, file, addUnused(file.current, volid));
  }

  /** In reverse; ends at the first thing that stays, since the config that lists it is taken back last. */
  async #takeBack(vmid: number, undo: readonly Undo[], task: TaskContext): Promise<void> {
    for (const { what, run } of undo.toReversed()) {
      try {
        await run();
      } catch (error) {
        task.warn(`VM ${vmid}: cannot remove ${what}: ${messageOf(error)}`);
        this.#deps.log.warn({ vmid, reason: messageOf(error) }, "a VM that failed to be made stays, locked");
        return;
      }
    }
  }
}

/** The drives of a config as long as they are being made: only what has a name can be listed. */
function listed(plans: readonly PlannedDisk[]): VmConfig {
  return Object.fromEntries(plans.filter(isForetold).map((plan) => [plan.drive.key, printDrive(plan.drive)]));
}
