/** Making a new VM: what the request leaves open is filled in, the rest is the assembler's. */
import { messageOf } from "../../errors/quorate-error.ts";
import type { TaskContext } from "../../tasks/port.ts";
import type { Guests } from "../port.ts";
import type { VmAssembler } from "./assemble.ts";
import { pinnedType } from "./builder/machine-type.ts";
import { windowsVersionOf } from "./builder/os-type.ts";
import { completeOptions, type Randomness, splitDrives } from "./complete-options.ts";
import type { VmConfig } from "./config.ts";
import { VmRefusedError } from "./config-error.ts";
import type { VmConfigs } from "./config-store.ts";
import type { Datacenter } from "./datacenter.ts";
import type { Disks } from "./disks.ts";
import { machine as machineProperties } from "./schema/devices.ts";
import { printProperties, readProperties } from "./values.ts";

export interface VmCreatorDeps {
  readonly configs: VmConfigs;
  readonly assembler: VmAssembler;
  readonly disks: Disks;
  readonly guests: Pick<Guests, "start">;
  readonly datacenter: Datacenter;
  readonly random: Randomness;
  /** Epoch seconds. */
  readonly now: () => number;
  /** Version of the installed QEMU; undefined when there is none. */
  readonly qemuVersion: () => Promise<string | undefined>;
  readonly hashPassword: (password: string) => Promise<string>;
}

/** The task's arguments. */
export interface CreateArgs {
  readonly vmid: number;
  /** As requested: drives may be `<storage>:<GiB>`. */
  readonly options: Readonly<Record<string, string>>;
  readonly pool?: string;
  readonly start: boolean;
}

export class VmCreator {
  readonly #deps: VmCreatorDeps;

  constructor(deps: VmCreatorDeps) {
    this.#deps = deps;
  }

  /** Finds what would make the creation fail and can be seen before: unknown storages, missing volumes, bad sources. */
  async check({ vmid, options }: CreateArgs): Promise<void> {
    await this.#deps.assembler.refuseTaken(vmid);
    const { drives } = splitDrives(options);
    await this.#deps.disks.plan(drives, { vmid, config: options, taken: new Set() });
  }

  /** Takes the id. @throws VmExistsError when any node has a guest of this id. */
  reserve(vmid: number): Promise<void> {
    return this.#deps.assembler.reserve(vmid, "create");
  }

  /** Gives the id back when the creation did not even begin. */
  release(vmid: number): Promise<void> {
    return this.#deps.assembler.release(vmid, "create");
  }

  /** Builds what {@link reserve} has made room for. Nothing is left behind on failure. */
  async create(args: CreateArgs, task: TaskContext): Promise<void> {
    const { vmid, pool } = args;
    const { drives, plain } = splitDrives(args.options);
    try {
      await this.#deps.configs.locked(vmid, async () => {
        const assembly = { vmid, lock: "create", config: await this.#complete(plain), drives } as const;
        await this.#deps.assembler.assembleLocked({ ...assembly, ...(pool === undefined ? {} : { pool }) }, task);
      });
    } catch (error) {
      throw new VmRefusedError(`unable to create VM ${vmid} - ${messageOf(error)}`, { cause: error });
    }
    if (!args.start) return;
    task.log(`start VM ${vmid}`);
    await this.#deps.guests.start(vmid, { log: (line) => task.log(line) });
  }

  async #complete(plain: Readonly<Record<string, string>>): Promise<VmConfig> {
    const { random, hashPassword } = this.#deps;
    const datacenter = await this.#deps.datacenter();
    const config = completeOptions({ vmgenid: "1", ...plain }, { datacenter, random });
    const version = await this.#deps.qemuVersion();
    const password = config.cipassword;
    return {
      smbios1: `uuid=${random.uuid()}`,
      ...config,
      ...(password === undefined ? {} : { cipassword: await hashPassword(password) }),
      ...(version === undefined ? {} : pinWindowsMachine(config, version)),
      meta: creationMeta(version, this.#deps.now()),
    };
  }
}

/** When and with which QEMU a VM was made. */
export function creationMeta(qemuVersion: string | undefined, now: number): string {
  return [...(qemuVersion === undefined ? [] : [`creation-qemu=${qemuVersion}`]), `ctime=${now}`].join(",");
}

/** A new Windows keeps the newest machine for good: it takes another one for new hardware. */
function pinWindowsMachine(config: VmConfig, qemuVersion: string): VmConfig {
  if (windowsVersionOf(config.ostype) === 0 || config.arch === "aarch64") return {};
  const values = config.machine === undefined ? {} : readProperties("machine", machineProperties, config.machine);
  const type = values.type ?? "pc";
  if (type !== "pc" && type !== "q35") return {};
  return { machine: printProperties(machineProperties, { ...values, type: pinnedType(type, qemuVersion) }) };
}
