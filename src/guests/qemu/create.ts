/**
 * Making a VM. The id is taken first, by a config that says `lock: create`; every disk is in that config before it
 * exists; the lock goes last. Whoever dies in between leaves a locked VM that lists all it owns and can be destroyed.
 */
import type { AccessRecords } from "../../access/port.ts";
import { CfsError, type ClusterFs, FileChangedError } from "../../cfs/port.ts";
import { messageOf } from "../../errors/quorate-error.ts";
import type { Logger } from "../../log/logger.ts";
import type { Storages } from "../../storage/port.ts";
import type { TaskContext } from "../../tasks/port.ts";
import type { Guests } from "../port.ts";
import { pinnedType } from "./builder/machine-type.ts";
import { windowsVersionOf } from "./builder/os-type.ts";
import { completeOptions, type Randomness, splitDrives } from "./complete-options.ts";
import type { VmConfig, VmConfigFile } from "./config.ts";
import { VmExistsError, VmRefusedError } from "./config-error.ts";
import type { VmConfigs } from "./config-store.ts";
import type { Disks, PlannedDisk } from "./disks.ts";
import { type Drive, hasVolume, printDrive } from "./drives.ts";
import type { MacPrefix } from "./mac-prefix.ts";
import { addUnused, defaultBootOrder, volumesIn } from "./pending.ts";
import { machine as machineProperties } from "./schema/devices.ts";
import { printProperties, readProperties } from "./values.ts";

export interface VmCreatorDeps {
  readonly nodeName: string;
  readonly cfs: ClusterFs;
  readonly configs: VmConfigs;
  readonly disks: Disks;
  readonly storages: Storages;
  readonly access: AccessRecords;
  readonly guests: Pick<Guests, "start">;
  readonly macPrefix: MacPrefix;
  readonly random: Randomness;
  /** Epoch seconds. */
  readonly now: () => number;
  /** Version of the installed QEMU; undefined when there is none. */
  readonly qemuVersion: () => Promise<string | undefined>;
  readonly hashPassword: (password: string) => Promise<string>;
  readonly log: Logger;
}

/** The task's arguments. */
export interface CreateArgs {
  readonly vmid: number;
  /** As requested: drives may be `<storage>:<GiB>`. */
  readonly options: Readonly<Record<string, string>>;
  readonly pool?: string;
  readonly start: boolean;
}

/** What a failed creation takes back, in the order in which it was done. */
type Undo = { readonly what: string; readonly run: () => Promise<void> };

export class VmCreator {
  readonly #deps: VmCreatorDeps;

  constructor(deps: VmCreatorDeps) {
    this.#deps = deps;
  }

  /** Finds what would make the creation fail and can be seen before: unknown storages, missing volumes, bad sources. */
  async check({ vmid, options }: CreateArgs): Promise<void> {
    await this.#refuseTaken(vmid);
    const { drives } = splitDrives(options);
    await this.#deps.disks.plan(drives, { vmid, config: options, taken: new Set() });
  }

  async #refuseTaken(vmid: number): Promise<void> {
    const taken = (await this.#deps.cfs.guests()).get(vmid);
    if (taken !== undefined) throw new VmExistsError(vmid, taken.node);
  }

  /**
   * Takes the id.
   * @throws VmExistsError when any node has a guest of this id.
   */
  async reserve(vmid: number): Promise<void> {
    const { cfs, configs, nodeName } = this.#deps;
    await this.#refuseTaken(vmid);
    try {
      await configs.create(vmid, { current: { lock: "create" }, pending: {}, snapshots: {}, special: {} });
    } catch (error) {
      const isTaken = error instanceof FileChangedError || (error instanceof CfsError && error.errno === "EEXIST");
      if (!isTaken) throw error;
      throw new VmExistsError(vmid, (await cfs.guests()).get(vmid)?.node ?? nodeName, { cause: error });
    }
  }

  /** Gives the id back when the creation did not even begin. */
  release(vmid: number): Promise<void> {
    return this.#deps.configs.locked(vmid, async () => {
      const file = await this.#deps.configs.find(vmid);
      if (file?.current.lock === "create" && volumesIn(file).size === 0) await this.#deps.configs.remove(vmid);
    });
  }

  /** Builds what {@link reserve} has made room for. Nothing is left behind on failure. */
  async create(args: CreateArgs, task: TaskContext): Promise<void> {
    const { vmid } = args;
    await this.#deps.configs.locked(vmid, () => this.#createLocked(args, task));
    if (!args.start) return;
    task.log(`start VM ${vmid}`);
    await this.#deps.guests.start(vmid, { log: (line) => task.log(line) });
  }

  async #createLocked(args: CreateArgs, task: TaskContext): Promise<void> {
    const { vmid, pool } = args;
    const { configs, access } = this.#deps;
    let file = await configs.loadFresh(vmid);
    if (file.current.lock !== "create")
      throw new VmRefusedError(`unable to create VM ${vmid} - it is not locked for this`);
    const undo: Undo[] = [{ what: "config", run: () => configs.remove(vmid) }];
    try {
      const { drives, plain } = splitDrives(args.options);
      const config = await this.#complete(plain);
      const plans = await this.#deps.disks.plan(drives, { vmid, config: { ...config, ...drives }, taken: new Set() });
      file = await this.#record(vmid, file, { ...config, ...listed(plans), lock: "create" });
      const made = await this.#makeDisks(vmid, plans, undo, task);
      const complete: VmConfig = {
        ...config,
        ...Object.fromEntries(made.map((drive) => [drive.key, printDrive(drive)])),
      };
      const boot = complete.boot ?? defaultBootOrder(complete);
      if (pool !== undefined) {
        await access.addGuestToPool(vmid, pool);
        undo.push({ what: `membership in pool '${pool}'`, run: () => access.forgetGuest(vmid) });
      }
      file = await this.#record(vmid, file, boot === undefined ? complete : { ...complete, boot });
    } catch (error) {
      await this.#takeBack(vmid, undo, task);
      throw new VmRefusedError(`unable to create VM ${vmid} - ${messageOf(error)}`, { cause: error });
    }
  }

  #record(vmid: number, file: VmConfigFile, current: VmConfig): Promise<VmConfigFile> {
    return this.#deps.configs.write(vmid, { ...file, current }, file.digest);
  }

  async #complete(plain: Readonly<Record<string, string>>): Promise<VmConfig> {
    const { random, now, qemuVersion, hashPassword } = this.#deps;
    const version = await qemuVersion();
    const macPrefix = await this.#deps.macPrefix();
    const config = completeOptions({ vmgenid: "1", ...plain }, { macPrefix, random });
    const meta = [...(version === undefined ? [] : [`creation-qemu=${version}`]), `ctime=${now()}`].join(",");
    const password = config.cipassword;
    return {
      smbios1: `uuid=${random.uuid()}`,
      ...config,
      ...(password === undefined ? {} : { cipassword: await hashPassword(password) }),
      ...(version === undefined ? {} : pinWindowsMachine(config, version)),
      meta,
    };
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

  /** In reverse. What cannot be taken back stays listed in the locked config. */
  async #takeBack(vmid: number, undo: readonly Undo[], task: TaskContext): Promise<void> {
    for (const { what, run } of undo.toReversed()) {
      try {
        await run();
      } catch (error) {
        task.warn(`VM ${vmid}: cannot remove ${what}: ${messageOf(error)}`);
        this.#deps.log.warn({ vmid, err: error }, "a failed creation could not be taken back; the VM stays locked");
        return;
      }
    }
  }
}

/** The drives of a config as long as they are being made: only what has a name can be listed. */
function listed(plans: readonly PlannedDisk[]): VmConfig {
  const config: Record<string, string> = {};
  for (const plan of plans) {
    const isNamed =
      plan.kind === "present" || (plan.name !== undefined && hasVolume(plan.drive) && /:.*\//.test(plan.drive.file));
    if (isNamed) config[plan.drive.key] = printDrive(plan.drive);
  }
  return config;
}

/** A new Windows keeps the newest machine for good: it takes another one for new hardware. */
function pinWindowsMachine(config: VmConfig, qemuVersion: string): VmConfig {
  if (windowsVersionOf(config.ostype) === 0 || config.arch === "aarch64") return {};
  const values = config.machine === undefined ? {} : readProperties("machine", machineProperties, config.machine);
  const type = values.type ?? "pc";
  if (type !== "pc" && type !== "q35") return {};
  return { machine: printProperties(machineProperties, { ...values, type: pinnedType(type, qemuVersion) }) };
}
