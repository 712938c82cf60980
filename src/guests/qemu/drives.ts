/** Drives as typed objects: which keys are drives, their order, their property strings, what kind of medium they hold. */
import { compileScalarFormat } from "../../rest/check.ts";
import type { Properties } from "../../rest/schema.ts";
import { type DriveBus, requestedDrives, storedDrives, unusedDrive } from "./schema/drive.ts";
import { LAST_INDEX } from "./schema/options.ts";
import { OptionError, type PropertyValues, printProperties, readProperties } from "./values.ts";

/** One drive. Sub-keys beside these are in `options`, numbers and flags converted, sizes in bytes. */
export interface Drive {
  /** `scsi0` */
  readonly key: string;
  readonly bus: DriveBus;
  readonly index: number;
  /** Volume id, absolute path, `none` or `cdrom`. */
  readonly file: string;
  readonly isCdrom: boolean;
  readonly sizeBytes?: number;
  readonly options: PropertyValues;
}

/** In the order in which drives are walked: by bus, then by number. */
const BUSES: readonly (readonly [DriveBus, number])[] = [
  ["ide", LAST_INDEX.ide],
  ["scsi", LAST_INDEX.scsi],
  ["virtio", LAST_INDEX.virtio],
  ["sata", LAST_INDEX.sata],
  ["efidisk", 0],
  ["tpmstate", 0],
];

/** Every drive key, in walk order. */
export const DRIVE_KEYS: ReadonlySet<string> = new Set(
  BUSES.flatMap(([bus, last]) => Array.from({ length: last + 1 }, (_, index) => `${bus}${index}`)),
);

/** @throws OptionError when `key` is no drive or the text no property string of its bus. */
export function readDrive(key: string, text: string): Drive {
  return toDrive(key, readProperties(key, storedDrives[busOf(key)], text));
}

/** A drive as a request spells it: `import-from` may be there, `file` may be `<storage>:<GiB>`. */
export function readRequestedDrive(key: string, text: string): Drive {
  return toDrive(key, readProperties(key, requestedDrives[busOf(key)], text));
}

export function printDrive(drive: Drive): string {
  const { file: _file, size: _size, ...options } = drive.options;
  const values: Record<string, string | number | boolean> = { ...options, file: drive.file };
  if (drive.sizeBytes !== undefined) values.size = drive.sizeBytes;
  return printProperties(storedDrives[drive.bus], values);
}

/** Any text as file: old names are no volume ids. Made once, since parsers are kept by their table. */
const looseDrives = Object.fromEntries(
  Object.entries(storedDrives).map(([bus, properties]): [string, Properties] => [
    bus,
    { ...properties, file: { type: "string", default_key: 1 } },
  ]),
) as Record<DriveBus, Properties>;

/** The stored form of a drive: old bare file names become volume ids, sizes get their largest unit. */
export function normalizeDrive(key: string, text: string, vmid: number): string {
  const properties = looseDrives[busOf(key)];
  const loose = readProperties(key, properties, text);
  const file = modernVolume(String(loose.file), vmid);
  if (file === undefined) throw new OptionError(`unable to parse drive options for '${key}'`);
  const problem = driveFileProblem(file);
  if (problem !== undefined) throw new OptionError(`format error\n${key}.file: invalid format - ${problem}`);
  return printProperties(properties, { ...loose, file });
}

const driveFileProblem = compileScalarFormat("pve-volume-id-or-qm-path");

/** `x.iso` and `vm-100-disk-1` were allowed once. @returns undefined for what never was. */
function modernVolume(file: string, vmid: number): string | undefined {
  if (file === "none" || file === "cdrom" || file.startsWith("/") || file.includes(":")) return file;
  if (file.includes("/")) return undefined;
  return file.endsWith(".iso") ? `local:iso/${file}` : `local:${vmid}/${file}`;
}

/** Drives of a config in walk order. Values that are no drive are left out: reading the file has refused them. */
export function drivesOf(config: Readonly<Record<string, string>>): Drive[] {
  const drives: Drive[] = [];
  for (const key of DRIVE_KEYS) {
    const text = config[key];
    if (text !== undefined) drives.push(readDrive(key, text));
  }
  return drives;
}

/** Whether the drive holds a volume of a storage, as opposed to an empty tray, the host's drive or a path. */
export function hasVolume(drive: Drive): boolean {
  return drive.file !== "none" && drive.file !== "cdrom" && !drive.file.startsWith("/");
}

/** A generated drive named `vm-<vmid>-cloudinit`, with or without a suffix. */
export function isCloudinitDrive(drive: Drive): boolean {
  return /[:/]vm-\d+-cloudinit(?:\.\w+)?$/.test(drive.file);
}

/** The volume id of an `unusedN` value. */
export function unusedVolume(key: string, text: string): string {
  return String(readProperties(key, unusedDrive, text).file);
}

function toDrive(key: string, options: PropertyValues): Drive {
  const bus = busOf(key);
  const size = options.size;
  return {
    key,
    bus,
    index: Number(key.slice(bus.length)),
    file: String(options.file),
    isCdrom: options.media === "cdrom",
    ...(typeof size === "number" ? { sizeBytes: size } : {}),
    options,
  };
}

export function busOf(key: string): DriveBus {
  const bus = BUSES.find(([name]) => key.startsWith(name))?.[0];
  if (bus === undefined || !DRIVE_KEYS.has(key)) throw new OptionError(`'${key}' is not a drive`);
  return bus;
}
