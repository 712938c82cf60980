/** Growing a disk: the storage first, then the guest, then the size in the config. */
import type { Storages } from "../../storage/port.ts";
import type { VmConfig } from "./config.ts";
import { namingParameter, VmRefusedError } from "./config-error.ts";
import { checkDigest, checkLock, type VmConfigs } from "./config-store.ts";
import { type Drive, hasVolume, printDrive, readDrive } from "./drives.ts";
import type { Hotplug } from "./hotplug-port.ts";

export interface ResizeArgs {
  readonly vmid: number;
  /** Drive key. */
  readonly disk: string;
  /** `+4G`, or the whole size. */
  readonly size: string;
  readonly skipLock: boolean;
  readonly digest?: string;
}

export interface VmResizerDeps {
  readonly configs: VmConfigs;
  readonly storages: Storages;
  readonly hotplug: Pick<Hotplug, "isRunning" | "resizeDisk">;
}

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** @returns bytes; undefined for what is no size. */
export function targetSize(text: string, currentBytes: number): number | undefined {
  const [, plus, amount, unit = ""] = /^(\+?)(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text) ?? [];
  if (amount === undefined) return undefined;
  const bytes = Math.floor(Number(amount) * (UNITS[unit] ?? 1));
  return plus === "+" ? currentBytes + bytes : bytes;
}

/** The drive to be resized. @throws VmRefusedError when there is nothing to grow. */
export function resizableDrive(config: VmConfig, key: string): Drive {
  const text = config[key];
  if (text === undefined) throw new VmRefusedError(`disk '${key}' does not exist`);
  const drive = readDrive(key, text);
  if (drive.isCdrom) throw new VmRefusedError("you can't resize a cdrom");
  if (drive.bus === "efidisk" || drive.bus === "tpmstate") throw new VmRefusedError(`you can't resize '${key}'`);
  if (!hasVolume(drive)) throw new VmRefusedError(`disk '${key}' has no associated volume`);
  return drive;
}

export class VmResizer {
  readonly #deps: VmResizerDeps;

  constructor(deps: VmResizerDeps) {
    this.#deps = deps;
  }

  resize(args: ResizeArgs, log: (line: string) => void): Promise<void> {
    const { configs, storages, hotplug } = this.#deps;
    const { vmid, disk } = args;
    return configs.locked(vmid, async () => {
      const file = await configs.loadFresh(vmid);
      checkDigest(file, args.digest, configs.pathOf(vmid));
      checkLock(file, args.skipLock);
      const drive = resizableDrive(file.current, disk);
      await storages.activate([drive.file]);
      const { sizeBytes: current } = await storages.info(drive.file);
      const wanted = targetSize(args.size, current);
      if (wanted === undefined || !Number.isSafeInteger(wanted))
        throw new VmRefusedError(`unable to parse size '${args.size}'`);
      if (wanted < current) throw new VmRefusedError("shrinking disks is not supported");
      if (wanted > current) {
        const isRunning = await hotplug.isRunning(vmid);
        log(`update VM ${vmid}: resize --disk ${disk} --size ${args.size}`);
        await namingParameter(disk, async () => {
          await storages.resize(drive.file, wanted, isRunning);
          if (isRunning) await hotplug.resizeDisk(vmid, disk, wanted);
        });
      }
      // Storages round up, so the size is asked for again; also after a resize whose last step was lost.
      const { sizeBytes } = await storages.info(drive.file);
      const value = printDrive({ ...drive, sizeBytes });
      if (value !== file.current[disk]) {
        await configs.write(vmid, { ...file, current: { ...file.current, [disk]: value } }, file.digest);
      }
    });
  }
}
