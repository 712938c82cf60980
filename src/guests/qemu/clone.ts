/**
 * Full copies of stopped VMs. The source carries `lock: clone` while its disks are read, so that nothing starts or
 * changes it; the target is assembled like a new VM.
 */
import { messageOf } from "../../errors/quorate-error.ts";
import type { Storages } from "../../storage/port.ts";
import type { TaskContext } from "../../tasks/port.ts";
import type { VmAssembler } from "./assemble.ts";
import { completeOptions, type Randomness } from "./complete-options.ts";
import type { VmConfig, VmConfigFile } from "./config.ts";
import { VmRefusedError } from "./config-error.ts";
import { checkLock, type VmConfigs } from "./config-store.ts";
import { creationMeta } from "./create.ts";
import type { Datacenter } from "./datacenter.ts";
import { DRIVE_KEYS, type Drive, hasVolume, isCloudinitDrive, readDrive } from "./drives.ts";
import type { Hotplug } from "./hotplug-port.ts";
import { without } from "./pending.ts";
import { net as netProperties } from "./schema/devices.ts";
import { requestedDrives } from "./schema/drive.ts";
import { printProperties, readProperties } from "./values.ts";

export interface CloneArgs {
  readonly vmid: number;
  readonly newid: number;
  readonly name?: string;
  readonly description?: string;
  readonly pool?: string;
  /** Where all disks go; each stays on its storage when absent. */
  readonly storage?: string;
  readonly format?: string;
}

export interface VmClonerDeps {
  readonly configs: VmConfigs;
  readonly assembler: VmAssembler;
  readonly storages: Storages;
  readonly hotplug: Pick<Hotplug, "isRunning">;
  readonly datacenter: Datacenter;
  readonly random: Randomness;
  readonly now: () => number;
  readonly qemuVersion: () => Promise<string | undefined>;
}

/** Keys that say what the source went through, not what it is. */
const NOT_CLONED =
  /^(?:parent|snaptime|vmstate|runningmachine|runningcpu|running-nets-host-mtu|lock|template|unused\d+)$/;

export class VmCloner {
  readonly #deps: VmClonerDeps;

  constructor(deps: VmClonerDeps) {
    this.#deps = deps;
  }

  /** @throws when the source may not be cloned now. */
  async check(vmid: number, file: VmConfigFile): Promise<void> {
    checkLock(file);
    if (await this.#deps.hotplug.isRunning(vmid)) {
      throw new VmRefusedError(`VM ${vmid} is running - stop it first`);
    }
  }

  reserve(newid: number): Promise<void> {
    return this.#deps.assembler.reserve(newid, "clone");
  }

  release(newid: number): Promise<void> {
    return this.#deps.assembler.release(newid, "clone");
  }

  async clone(args: CloneArgs, task: TaskContext): Promise<void> {
    const { vmid, newid } = args;
    const { configs, assembler } = this.#deps;
    let isSourceLocked = false;
    try {
      const source = await this.#lockSource(vmid);
      isSourceLocked = true;
      const { config, drives } = await this.#copyOf(source, args);
      await configs.locked(newid, async () => {
        const assembly = { vmid: newid, lock: "clone", config, drives } as const;
        await assembler.assembleLocked({ ...assembly, ...(args.pool === undefined ? {} : { pool: args.pool }) }, task);
      });
    } catch (error) {
      if (!isSourceLocked) await assembler.release(newid, "clone");
      throw new VmRefusedError(`clone failed: ${messageOf(error)}`, { cause: error });
    } finally {
      if (isSourceLocked) await this.#unlockSource(vmid);
    }
  }

  /** @returns the source as it was before it was locked. */
  #lockSource(vmid: number): Promise<VmConfigFile> {
    const { configs } = this.#deps;
    return configs.locked(vmid, async () => {
      const file = await configs.loadFresh(vmid);
      await this.check(vmid, file);
      await configs.write(vmid, { ...file, current: { ...file.current, lock: "clone" } }, file.digest);
      return file;
    });
  }

  #unlockSource(vmid: number): Promise<void> {
    const { configs } = this.#deps;
    return configs.locked(vmid, async () => {
      const file = await configs.loadFresh(vmid);
      if (file.current.lock !== "clone") return;
      await configs.write(vmid, { ...file, current: without(file.current, "lock") }, file.digest);
    });
  }

  async #copyOf(source: VmConfigFile, args: CloneArgs): Promise<{ config: VmConfig; drives: Record<string, string> }> {
    const drives: Record<string, string> = {};
    const plain: Record<string, string> = {};
    for (const [key, value] of Object.entries(source.current)) {
      if (NOT_CLONED.test(key)) continue;
      if (DRIVE_KEYS.has(key)) drives[key] = await this.#copyRequest(readDrive(key, value), args);
      else plain[key] = forgetIdentity(key, value);
    }
    const { random, now, qemuVersion } = this.#deps;
    const datacenter = await this.#deps.datacenter();
    const config: Record<string, string> = {
      ...completeOptions(plain, { datacenter, random }),
      name: args.name ?? `Copy-of-VM-${source.current.name ?? args.vmid}`,
      meta: creationMeta(await qemuVersion(), now()),
    };
    if (config.smbios1 !== undefined) config.smbios1 = config.smbios1.replace(/uuid=[^,]+/, `uuid=${random.uuid()}`);
    if (args.description !== undefined) config.description = args.description;
    return { config, drives };
  }

  /** The drive as a request for a new disk with the old one's content; what is no disk stays as it is. */
  async #copyRequest(drive: Drive, args: CloneArgs): Promise<string> {
    const properties = requestedDrives[drive.bus];
    const { size: _size, ...options } = drive.options;
    if (!hasVolume(drive) || (drive.isCdrom && !isCloudinitDrive(drive))) return printProperties(properties, options);
    const volume = await this.#deps.storages.parse(drive.file);
    const storage = args.storage ?? volume.storage;
    const isSameStorage = storage === volume.storage;
    const format = args.format ?? (isSameStorage ? volume.format : undefined);
    const { media: _media, format: _format, ...kept } = options;
    const wanted = format === undefined || drive.bus === "tpmstate" ? {} : { format };
    if (isCloudinitDrive(drive))
      return printProperties(properties, { ...kept, ...wanted, file: `${storage}:cloudinit` });
    const content = { file: `${storage}:0`, "import-from": drive.file };
    return printProperties(properties, { ...kept, ...wanted, ...content });
  }
}

/** A copy must not be taken for its source: it gets an address and a generation of its own. */
function forgetIdentity(key: string, value: string): string {
  if (/^net\d+$/.test(key)) {
    const { macaddr: _address, ...options } = readProperties(key, netProperties, value);
    return printProperties(netProperties, options);
  }
  return key === "vmgenid" && value !== "0" ? "1" : value;
}
