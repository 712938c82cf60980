/** Moving a disk of a stopped VM to another storage or format: copy, switch, let the old one go. */
import type { Storages } from "../../storage/port.ts";
import type { TaskContext } from "../../tasks/port.ts";
import type { VmConfig, VmConfigFile } from "./config.ts";
import { VmRefusedError } from "./config-error.ts";
import { checkDigest, checkLock, type VmConfigs } from "./config-store.ts";
import type { Disks } from "./disks.ts";
import { type Drive, printDrive } from "./drives.ts";
import type { Hotplug } from "./hotplug-port.ts";
import { addUnused, isReferenced, volumeOfKey, without } from "./pending.ts";
import { resizableDrive } from "./resize.ts";
import { requestedDrives } from "./schema/drive.ts";
import { printProperties } from "./values.ts";

export interface MoveDiskArgs {
  readonly vmid: number;
  readonly disk: string;
  readonly storage: string;
  readonly format?: string;
  /** Remove the old volume instead of keeping it as unused. */
  readonly deletesOld: boolean;
  readonly digest?: string;
}

export interface DiskMoverDeps {
  readonly configs: VmConfigs;
  readonly disks: Disks;
  readonly storages: Storages;
  readonly hotplug: Pick<Hotplug, "isRunning">;
}

export class DiskMover {
  readonly #deps: DiskMoverDeps;

  constructor(deps: DiskMoverDeps) {
    this.#deps = deps;
  }

  /** @returns the drive that would be moved. @throws when it may not be moved now. */
  async check(args: MoveDiskArgs, file: VmConfigFile): Promise<Drive> {
    const { vmid, disk, storage, format } = args;
    checkDigest(file, args.digest, this.#deps.configs.pathOf(vmid));
    checkLock(file);
    const drive = resizableDrive(file.current, disk);
    const volume = await this.#deps.storages.parse(drive.file);
    if (volume.storage === storage && (format === undefined || format === volume.format)) {
      throw new VmRefusedError("you can't move to the same storage with same format");
    }
    if (Object.values(file.snapshots).some((snapshot) => volumeOfKey(disk, snapshot[disk] ?? "none") === drive.file)) {
      throw new VmRefusedError(`you can't move a disk that snapshots name: '${disk}'`);
    }
    if (await this.#deps.hotplug.isRunning(vmid)) {
      throw new VmRefusedError(`VM ${vmid} is running - stop it first`);
    }
    return drive;
  }

  move(args: MoveDiskArgs, task: TaskContext): Promise<void> {
    const { vmid } = args;
    return this.#deps.configs.locked(vmid, async () => {
      const file = await this.#deps.configs.loadFresh(vmid);
      const drive = await this.check(args, file);
      const { moved, noted } = await this.#copy(drive, file, args, task);
      const switched: VmConfig = { ...dropUnused(noted.current, moved.file), [drive.key]: printDrive(moved) };
      await this.#letGo(drive.file, { ...noted, current: switched }, noted.digest, args, task);
    });
  }

  /** The copy is listed as unused until the drive is switched to it. */
  async #copy(
    drive: Drive,
    file: VmConfigFile,
    args: MoveDiskArgs,
    task: TaskContext,
  ): Promise<{ moved: Drive; noted: VmConfigFile }> {
    const { configs, disks, storages } = this.#deps;
    const { vmid, storage, format } = args;
    const { size: _size, format: _format, ...options } = drive.options;
    const request = printProperties(requestedDrives[drive.bus], {
      ...options,
      ...(format === undefined ? {} : { format }),
      file: `${storage}:0`,
      "import-from": drive.file,
    });
    const [plan] = await disks.plan({ [drive.key]: request }, { vmid, config: file.current, taken: new Set() });
    if (plan?.kind !== "new") throw new TypeError("a copy is a new disk");
    let noted = file;
    if (plan.isNamed) {
      noted = await configs.write(vmid, { ...file, current: addUnused(file.current, plan.drive.file) }, file.digest);
    }
    task.log(`create copy of drive ${drive.key} (${drive.file}) on storage '${storage}'`);
    try {
      const moved = await disks.make(plan, vmid, task.signal);
      if (plan.isNamed) return { moved, noted };
      try {
        return {
          moved,
          noted: await configs.write(vmid, { ...file, current: addUnused(file.current, moved.file) }, file.digest),
        };
      } catch (error) {
        await storages.free(moved.file);
        throw error;
      }
    } catch (error) {
      if (plan.isNamed) await configs.write(vmid, file, noted.digest);
      throw error;
    }
  }

  async #letGo(
    old: string,
    switched: VmConfigFile,
    digest: string,
    args: MoveDiskArgs,
    task: TaskContext,
  ): Promise<void> {
    const { configs, storages } = this.#deps;
    const { vmid } = args;
    const isStillNamed = isReferenced(switched, old);
    const current = isStillNamed ? switched.current : addUnused(switched.current, old);
    const written = await configs.write(vmid, { ...switched, current }, digest);
    const volume = await storages.parse(old);
    if (!args.deletesOld || isStillNamed || volume.vmid !== vmid) return;
    await storages.free(old);
    task.log(`removed disk '${old}'`);
    await configs.write(vmid, { ...written, current: dropUnused(written.current, old) }, written.digest);
  }
}

function dropUnused(config: VmConfig, volid: string): VmConfig {
  const key = Object.keys(config).find(
    (name) => /^unused\d+$/.test(name) && volumeOfKey(name, config[name] ?? "") === volid,
  );
  return key === undefined ? config : without(config, key);
}
