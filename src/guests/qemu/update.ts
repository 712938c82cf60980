/**
 * Changing a VM. Each change is first noted as pending; then what may be applied now is applied: all of it to a stopped
 * guest, what can be plugged to a running one. New disks are listed before they exist, removed ones until they are gone.
 */
import { messageOf } from "../../errors/quorate-error.ts";
import type { Storages } from "../../storage/port.ts";
import { parsePendingDelete } from "../config/pending-delete.ts";
import { trackChanges } from "./cloudinit/changes.ts";
import { cloudinitDriveOf } from "./cloudinit/drive.ts";
import { completeOptions, type Randomness, splitDrives } from "./complete-options.ts";
import type { VmConfig, VmConfigFile } from "./config.ts";
import { HotplugProblemsError, VmProtectedError } from "./config-error.ts";
import { checkDigest, checkLock, type VmConfigs } from "./config-store.ts";
import type { Datacenter } from "./datacenter.ts";
import { type Disks, isForetold, type PlannedDisk } from "./disks.ts";
import { DRIVE_KEYS, printDrive } from "./drives.ts";
import type { Hotplug } from "./hotplug-port.ts";
import {
  addUnused,
  applyPending,
  fastKeys,
  isProtected,
  notePending,
  volumeOfKey,
  volumesIn,
  without,
} from "./pending.ts";
import { withPending } from "./views.ts";

export interface VmUpdaterDeps {
  readonly configs: VmConfigs;
  readonly disks: Disks;
  readonly storages: Storages;
  readonly hotplug: Hotplug;
  readonly datacenter: Datacenter;
  readonly random: Randomness;
  readonly hashPassword: (password: string) => Promise<string>;
}

export interface UpdateArgs {
  readonly vmid: number;
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
  readonly revert: readonly string[];
  readonly isForced: boolean;
  readonly skipLock: boolean;
  readonly digest?: string;
}

/** Where the work tells what it does. */
export interface UpdateLog {
  log(line: string): void;
  warn(line: string): void;
}

export class VmUpdater {
  readonly #deps: VmUpdaterDeps;

  constructor(deps: VmUpdaterDeps) {
    this.#deps = deps;
  }

  /** @throws HotplugProblemsError after everything else was done: those changes stay pending. */
  update(args: UpdateArgs, log: UpdateLog): Promise<void> {
    return this.#deps.configs.locked(args.vmid, async () => {
      const file = await this.#deps.configs.loadFresh(args.vmid);
      checkDigest(file, args.digest, this.#deps.configs.pathOf(args.vmid));
      const isUnlocking = args.remove.includes("lock");
      checkLock(file, args.skipLock || isUnlocking);
      checkProtection(file.current, args.remove);
      log.log(`update VM ${args.vmid}: ${summaryOf(args)}`);
      const noted = await this.#note(args, file, log);
      await this.#apply(args.vmid, noted, log);
    });
  }

  /**
   * Applies all that is pending to a guest that is not running, before its start or after its end. To be called under the
   * VM's lock.
   * @returns the config as it now stands.
   */
  async applyPendingLocked(vmid: number, log: UpdateLog): Promise<VmConfigFile> {
    const file = await this.#deps.configs.loadFresh(vmid);
    return Object.keys(file.pending).length === 0 ? file : this.#settle(vmid, file, undefined, log);
  }

  async #note(args: UpdateArgs, file: VmConfigFile, log: UpdateLog): Promise<VmConfigFile> {
    const { configs, disks, random } = this.#deps;
    const { vmid } = args;
    const { drives, plain } = splitDrives(args.set);
    const options = completeOptions(keepAddresses(plain, file), { datacenter: await this.#deps.datacenter(), random });
    if (options.cipassword !== undefined) options.cipassword = await this.#deps.hashPassword(options.cipassword);
    const future = { ...withPending(file), ...options, ...drives };
    const plans = await disks.plan(drives, { vmid, config: future, taken: volumesIn(file) });
    const request = { remove: args.remove, revert: args.revert, isForced: args.isForced };
    const known = Object.fromEntries(plans.filter(isForetold).map((plan) => [plan.drive.key, printDrive(plan.drive)]));
    const before = notePending(file, { ...request, set: { ...options, ...known } });
    const written = await configs.write(vmid, before, file.digest);
    if (!plans.some((plan) => plan.kind === "new")) return written;
    return this.#makeDisks(vmid, plans, { before: file, noted: written }, log);
  }

  /** Makes the new disks one by one. On failure the ones made so far go, and the config is as it was. */
  async #makeDisks(
    vmid: number,
    plans: readonly PlannedDisk[],
    files: { readonly before: VmConfigFile; readonly noted: VmConfigFile },
    log: UpdateLog,
  ): Promise<VmConfigFile> {
    const { configs, disks, storages } = this.#deps;
    let file = files.noted;
    const made: string[] = [];
    try {
      for (const plan of plans) {
        if (plan.kind !== "new") continue;
        const drive = await disks.make(plan, vmid);
        made.push(drive.file);
        log.log(`${drive.key}: successfully created disk '${printDrive(drive)}'`);
        const set = { [drive.key]: printDrive(drive) };
        if (file.pending[drive.key] === set[drive.key]) continue;
        const noted = notePending(file, { set, remove: [], revert: [], isForced: false });
        file = await configs.write(vmid, noted, file.digest);
      }
      return file;
    } catch (error) {
      for (const volid of made) {
        await storages
          .free(volid)
          .catch((cause: unknown) => log.warn(`cannot remove disk '${volid}': ${messageOf(cause)}`));
      }
      await configs.write(vmid, files.before, file.digest);
      throw error;
    }
  }

  async #apply(vmid: number, file: VmConfigFile, log: UpdateLog): Promise<void> {
    if (!(await this.#deps.hotplug.isRunning(vmid))) {
      await this.#settle(vmid, file, undefined, log);
      return;
    }
    const settled = await this.#settle(vmid, file, fastKeys(file), log);
    const removed = [...parsePendingDelete(settled.pending.delete).keys()];
    const set = without(settled.pending, "delete");
    if (removed.length === 0 && Object.keys(set).length === 0) return;
    const result = await this.#deps.hotplug.apply({ vmid, current: settled.current, set, remove: removed });
    await this.#settle(vmid, settled, result.applied, log);
    if (result.problems.size > 0) throw new HotplugProblemsError(result.problems);
  }

  /**
   * Moves pending changes into the current config. A volume that goes with its drive stays listed as unused until the
   * storage has let go of it.
   */
  async #settle(
    vmid: number,
    file: VmConfigFile,
    keys: ReadonlySet<string> | undefined,
    log: UpdateLog,
  ): Promise<VmConfigFile> {
    const { configs, storages } = this.#deps;
    const { file: settled, toFree } = applyPending(file, keys);
    const applied = { ...settled, special: trackCloudinit(file, settled) };
    const doomed = toFree.reduce((config, volid) => addUnused(config, volid), applied.current);
    const isSame = doomed === file.current && JSON.stringify(applied.pending) === JSON.stringify(file.pending);
    let written = isSame ? file : await configs.write(vmid, { ...applied, current: doomed }, file.digest);
    for (const volid of toFree) {
      if (await this.#isOwn(vmid, volid)) {
        await storages.free(volid);
        log.log(`removed disk '${volid}'`);
      } else log.warn(`disk '${volid}' is not VM ${vmid}'s own, it stays`);
      written = await configs.write(vmid, { ...written, current: dropUnused(written.current, volid) }, written.digest);
    }
    return written;
  }

  /** What belongs to another VM, or to nobody, is only let go. */
  async #isOwn(vmid: number, volid: string): Promise<boolean> {
    const volume = await this.#deps.storages.parse(volid);
    return volume.vtype === "images" && volume.vmid === vmid;
  }
}

/** What is asked for, in the words of the command line; no secrets. */
function summaryOf({ set, remove, revert, isForced }: UpdateArgs): string {
  const parts = Object.entries(set).map(([key, value]) => `-${key} ${key === "cipassword" ? "<hidden>" : value}`);
  if (remove.length > 0) parts.push(`-delete ${remove.join(",")}`);
  if (isForced) parts.push("-force 1");
  if (revert.length > 0) parts.push(`-revert ${revert.join(",")}`);
  return parts.join(" ");
}

/** A card that is only changed keeps its address, unless the request has another one. */
function keepAddresses(options: Readonly<Record<string, string>>, file: VmConfigFile): Record<string, string> {
  const kept: Record<string, string> = { ...options };
  for (const [key, value] of Object.entries(options)) {
    if (!/^net\d+$/.test(key) || /(?:^|[,=])(?:[0-9a-f]{2}:){5}[0-9a-f]{2}(?:,|$)/i.test(value)) continue;
    const before = file.pending[key] ?? file.current[key];
    const [, address] = /(?:^|[,=])((?:[0-9a-f]{2}:){5}[0-9a-f]{2})(?:,|$)/i.exec(before ?? "") ?? [];
    if (address !== undefined) kept[key] = `${value},macaddr=${address}`;
  }
  return kept;
}

/** A drive that was made before tells what it does not know; a new one is made from all there is. */
function trackCloudinit(before: VmConfigFile, after: VmConfigFile): VmConfigFile["special"] {
  const { cloudinit, ...special } = after.special;
  if (cloudinitDriveOf(before.current) === undefined || cloudinitDriveOf(after.current) === undefined) return special;
  const section = trackChanges(cloudinit ?? {}, before.current, after.current);
  return Object.keys(section).length === 0 ? special : { ...special, cloudinit: section };
}

function checkProtection(config: VmConfig, removed: readonly string[]): void {
  if (!isProtected(config)) return;
  for (const key of removed) {
    if (/^unused\d+$/.test(key)) throw new VmProtectedError(`can't remove unused disk '${key}'`);
    if (DRIVE_KEYS.has(key)) throw new VmProtectedError(`can't remove drive '${key}'`);
  }
}

function dropUnused(config: VmConfig, volid: string): VmConfig {
  return Object.fromEntries(
    Object.entries(config).filter(([key, value]) => !(/^unused\d+$/.test(key) && volumeOfKey(key, value) === volid)),
  );
}
