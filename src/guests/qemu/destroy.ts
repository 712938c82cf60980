/**
 * Removing a VM with its disks. The config goes last: whoever dies in between leaves a VM that lists what is left of it
 * and can be destroyed again.
 */
import type { AccessRecords } from "../../access/port.ts";
import { CfsError, type ClusterFs } from "../../cfs/port.ts";
import { messageOf } from "../../errors/quorate-error.ts";
import type { Storages } from "../../storage/port.ts";
import type { TaskContext } from "../../tasks/port.ts";
import type { VmConfigFile } from "./config.ts";
import { VmProtectedError, VmRefusedError } from "./config-error.ts";
import { checkLock, type VmConfigs } from "./config-store.ts";
import type { Hotplug } from "./hotplug-port.ts";
import { isProtected, volumesIn } from "./pending.ts";

export interface VmDestroyerDeps {
  readonly nodeName: string;
  readonly cfs: ClusterFs;
  readonly configs: VmConfigs;
  readonly storages: Storages;
  readonly access: AccessRecords;
  readonly hotplug: Pick<Hotplug, "isRunning" | "removeRemains">;
}

export interface DestroyArgs {
  readonly vmid: number;
  readonly skipLock: boolean;
  /** Also images that belong to the VM by name but stand in no config. */
  readonly removesUnreferenced: boolean;
  readonly purges: boolean;
}

export class VmDestroyer {
  readonly #deps: VmDestroyerDeps;

  constructor(deps: VmDestroyerDeps) {
    this.#deps = deps;
  }

  /** @throws when the VM may not be removed now. */
  async check(args: DestroyArgs, file: VmConfigFile): Promise<void> {
    const { vmid } = args;
    if (isProtected(file.current)) throw new VmProtectedError(`can't remove VM ${vmid}`);
    // What was left locked by a creation that died is not at work any more once its lock file is free.
    checkLock(file, args.skipLock || file.current.lock === "create");
    if (await this.#deps.hotplug.isRunning(vmid)) throw new VmRefusedError(`VM ${vmid} is running - destroy failed`);
  }

  destroy(args: DestroyArgs, task: TaskContext): Promise<void> {
    const { configs, access } = this.#deps;
    const { vmid } = args;
    return configs.locked(vmid, async () => {
      const file = await configs.loadFresh(vmid);
      await this.check(args, file);
      const volumes = new Set([
        ...(await this.#ownVolumes(vmid, file, task)),
        ...(await this.#unreferenced(args, task)),
      ]);
      const left = await this.#freeAll(volumes, task);
      if (left > 0) throw new VmRefusedError(`VM ${vmid} keeps its config: ${left} of its disks could not be removed`);
      if (args.purges) await this.#warnOfReferences(vmid, task);
      await this.#deps.hotplug.removeRemains(vmid);
      await this.#removeIfThere(`firewall/${vmid}.fw`);
      // Rights go before the id is free, or the next VM of this id would inherit them.
      await access.forgetGuest(vmid);
      await configs.remove(vmid);
    });
  }

  /** Volumes that the VM lists and that are its own; those of others and bare paths are only let go. */
  async #ownVolumes(vmid: number, file: VmConfigFile, task: TaskContext): Promise<string[]> {
    const own: string[] = [];
    for (const volid of volumesIn(file)) {
      try {
        const volume = await this.#deps.storages.parse(volid);
        if (volume.vtype === "images" && volume.vmid === vmid) own.push(volid);
      } catch (error) {
        task.warn(`cannot tell whose '${volid}' is, it stays: ${messageOf(error)}`);
      }
    }
    return own;
  }

  async #unreferenced(args: DestroyArgs, task: TaskContext): Promise<string[]> {
    if (!args.removesUnreferenced) return [];
    const { storages, nodeName } = this.#deps;
    const found: string[] = [];
    for (const entry of await storages.entries()) {
      const isHere = entry.nodes === undefined || entry.nodes.has(nodeName);
      if (!entry.isEnabled || !isHere || !entry.content.has("images")) continue;
      try {
        const listed = await storages.list(entry.storage, { vmid: args.vmid, content: "images" });
        found.push(...listed.map((volume) => volume.volid));
      } catch (error) {
        task.warn(`cannot look for disks on storage '${entry.storage}': ${messageOf(error)}`);
      }
    }
    return found;
  }

  /** @returns how many could not be freed. */
  async #freeAll(volumes: ReadonlySet<string>, task: TaskContext): Promise<number> {
    let left = 0;
    for (const volid of volumes) {
      try {
        await this.#deps.storages.free(volid);
        task.log(`removed disk '${volid}'`);
      } catch (error) {
        left += 1;
        task.warn(`could not remove disk '${volid}': ${messageOf(error)}`);
      }
    }
    return left;
  }

  /** Jobs that name guests are not this release's to change; say so rather than leave it unseen. */
  async #warnOfReferences(vmid: number, task: TaskContext): Promise<void> {
    for (const path of ["jobs.cfg", "replication.cfg", "ha/resources.cfg"]) {
      const file = await this.#deps.cfs.read(path);
      const isNamed = file !== undefined && new RegExp(`\\b${vmid}\\b`).test(file.data.toString("utf8"));
      if (isNamed) task.warn(`VM ${vmid} is still named in /etc/pve/${path}`);
    }
  }

  async #removeIfThere(path: string): Promise<void> {
    try {
      await this.#deps.cfs.remove(path);
    } catch (error) {
      if (!(error instanceof CfsError && error.errno === "ENOENT")) throw error;
    }
  }
}
