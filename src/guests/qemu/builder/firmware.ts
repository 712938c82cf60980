/** UEFI firmware: the code image and the writable variables behind it. */

import { namedProperties } from "../../../rest/property-string.ts";
import { type Drive, readDrive } from "../drives.ts";
import { readProperties } from "../values.ts";
import { blockNodes } from "./block-nodes.ts";
import { BuildError } from "./build-error.ts";
import type { CommandLine } from "./command-line.ts";
import { throttleObject } from "./drive-devices.ts";
import { type JsonObject, printJson } from "./json.ts";
import type { BuildVolume } from "./world.ts";

interface FirmwareFiles {
  readonly code: string;
  readonly vars: string;
}

/** Which firmware images a guest uses, by file name. */
export function firmwareFiles(guest: {
  readonly isArm: boolean;
  readonly isQ35: boolean;
  readonly sevType?: string;
  readonly efitype?: string;
  readonly hasKeys: boolean;
}): FirmwareFiles {
  if (guest.isArm) return { code: "AAVMF_CODE.fd", vars: "AAVMF_VARS.fd" };
  const isEncrypted = guest.sevType === "std" || guest.sevType === "es";
  if (isEncrypted) return { code: "OVMF_SEV_CODE_4M.fd", vars: "OVMF_SEV_VARS_4M.fd" };
  if (guest.efitype !== "4m") return { code: "OVMF_CODE.fd", vars: "OVMF_VARS.fd" };
  const vars = guest.hasKeys ? "OVMF_VARS_4M.ms.fd" : "OVMF_VARS_4M.fd";
  return { code: guest.isQ35 ? "OVMF_CODE_4M.secboot.fd" : "OVMF_CODE_4M.fd", vars };
}

export function addFirmware(line: CommandLine): void {
  const { config } = line;
  if (!line.usesOvmf) return;
  const sevType = sevTypeOf(line);
  const { firmware } = line.world.paths;
  if (sevType === "snp") {
    line.cmd.push("-bios", `${firmware}//OVMF_SEV_4M.fd`);
    return;
  }
  if (config["intel-tdx"] !== undefined) {
    line.cmd.push("-bios", `${firmware}//OVMF_TDX_4M.ms.fd`);
    return;
  }
  const drive = config.efidisk0 === undefined ? temporaryVariables(line) : readDrive("efidisk0", config.efidisk0);
  const { efitype } = drive.options;
  const files = firmwareFiles({
    isArm: line.isArm,
    isQ35: line.isQ35,
    ...(sevType === undefined ? {} : { sevType }),
    ...(typeof efitype === "string" ? { efitype } : {}),
    hasKeys: drive.options["pre-enrolled-keys"] === true,
  });
  const volume = variablesVolume(line, drive);
  // QEMU rounds a raw image up otherwise, and the guest would see another size after a move.
  const size = volume.format === "raw" && line.uses(4, 1, 2) ? line.world.firmwareSizes.get(files.vars) : undefined;
  const code = `${firmware}//${files.code}`;
  if (line.isAtLeast(10, 0)) addBlockDevices(line, { drive, volume, code, size });
  else addFlashDrives(line, { volume, code, size });
}

function sevTypeOf(line: CommandLine): string | undefined {
  const text = line.config["amd-sev"];
  return text === undefined
    ? undefined
    : String(readProperties("amd-sev", namedProperties("pve-qemu-sev-fmt"), text).type);
}

/** Where the variables of a guest without an efidisk are kept while it runs. */
export function temporaryVariablesPath(line: CommandLine): string {
  return `${line.world.paths.qemuRunShort}/efidisk/${line.vmid}-ovmf.fd`;
}

function temporaryVariables(line: CommandLine): Drive {
  line.notes.push("no efidisk configured! Using temporary efivars disk.");
  return readDrive("efidisk0", temporaryVariablesPath(line));
}

function variablesVolume(line: CommandLine, drive: Drive): BuildVolume {
  const known = line.world.volumes.get(drive.file);
  if (known !== undefined) return known;
  if (!drive.file.startsWith("/")) throw new BuildError(`volume '${drive.file}' does not exist`);
  return { format: "raw", vtype: "images", location: { kind: "path", path: drive.file, isBlockDevice: false } };
}

interface Flash {
  readonly volume: BuildVolume;
  readonly code: string;
  readonly size: number | undefined;
}

function addBlockDevices(line: CommandLine, flash: Flash & { readonly drive: Drive }): void {
  const extra: JsonObject = flash.size === undefined ? {} : { size: flash.size };
  const codeNode: JsonObject = {
    driver: "raw",
    file: { driver: "file", filename: flash.code },
    "node-name": "pflash0",
    "read-only": true,
  };
  line.cmd.push("-object", throttleObject(flash.drive));
  line.cmd.push("-blockdev", printJson(codeNode));
  line.cmd.push("-blockdev", printJson(blockNodes(line, flash.drive, flash.volume, extra)));
  line.machineFlags.push("pflash0=pflash0", "pflash1=drive-efidisk0");
}

function addFlashDrives(line: CommandLine, { volume, code, size }: Flash): void {
  const path = volume.location.kind === "path" ? volume.location.path : volume.location.driveText;
  const isRawOnRbd = volume.location.kind === "driver";
  line.cmd.push("-drive", `if=pflash,unit=0,format=raw,readonly=on,file=${code}`);
  const parts = ["if=pflash", "unit=1", ...(isRawOnRbd ? ["cache=writeback"] : []), "id=drive-efidisk0"];
  parts.push(`format=${volume.format}`, `file=${path}`);
  if (size !== undefined) parts.push(`size=${size}`);
  if (line.isTemplate) parts.push("readonly=on");
  line.cmd.push("-drive", parts.join(","));
}
