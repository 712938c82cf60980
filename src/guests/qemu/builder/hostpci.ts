/** Devices of the host passed through to the guest. */
import { namedProperties } from "../../../rest/property-string.ts";
import { type PropertyValues, readProperties } from "../values.ts";
import { BuildError } from "./build-error.ts";
import type { CommandLine } from "./command-line.ts";
import { pciAddress } from "./pci-address.ts";

export interface HostPci {
  readonly index: number;
  readonly options: PropertyValues;
  /** Functions by full address; empty for a mediated device. */
  readonly functions: readonly string[];
  readonly mdevUuid?: string;
  readonly supportsLiveMigration: boolean;
}

const LAST_INDEX = 15;
const LAST_FIXED_PORT = 3;

export function hostDevices(line: CommandLine): HostPci[] {
  const devices: HostPci[] = [];
  const taken = new Set<string>();
  for (let index = 0; index <= LAST_INDEX; index += 1) {
    const text = line.config[`hostpci${index}`];
    if (text === undefined || line.isTemplate) continue;
    const options = readProperties(`hostpci${index}`, namedProperties("pve-qm-hostpci"), text);
    devices.push(resolveDevice(line, index, options, taken));
  }
  return devices;
}

export const isMainGpu = (device: HostPci): boolean => device.options["x-vga"] === true;
export const isLegacyIgd = (device: HostPci): boolean => device.options["legacy-igd"] === true;

function resolveDevice(line: CommandLine, index: number, options: PropertyValues, taken: Set<string>): HostPci {
  const mapping = options.mapping === undefined ? undefined : line.world.pciMappings.get(String(options.mapping));
  if (options.mapping !== undefined && mapping === undefined) {
    throw new BuildError(`PCI device mapping not found for '${options.mapping}'`);
  }
  const host = mapping === undefined ? String(options.host ?? "") : mapping.paths.find((path) => !taken.has(path));
  if (host === undefined || host === "") throw new BuildError(`hostpci${index}: no free device on this node`);
  taken.add(host);
  const base = { index, options, supportsLiveMigration: mapping?.supportsLiveMigration === true };
  if (options.mdev !== undefined) return { ...base, functions: [], mdevUuid: mdevUuid(index, line.vmid) };
  const functions = host.split(";").flatMap((address) => presentFunctions(line, address));
  if (functions.length === 0) throw new BuildError(`PCI device '${host}' does not exist`);
  return { ...base, functions };
}

function presentFunctions(line: CommandLine, text: string): string[] {
  const address = /^[0-9a-f]{4,}:[0-9a-f]{2}:/.test(text) ? text : `0000:${text}`;
  if (/\.[0-9a-f]$/.test(address)) return line.world.pciDevices.has(address) ? [address] : [];
  return [...line.world.pciDevices].filter((device) => device.startsWith(`${address}.`)).sort();
}

/** The same device of the same guest has the same id each time. */
export function mdevUuid(index: number, vmid: number): string {
  return `${String(index).padStart(8, "0")}-0000-0000-0000-${String(vmid).padStart(12, "0")}`;
}

export function addHostDevices(
  line: CommandLine,
  devices: readonly HostPci[],
  bootIndexes: ReadonlyMap<string, number>,
): void {
  for (const device of devices) {
    const isPcie = device.options.pcie === true;
    if (isPcie && !line.isQ35) {
      throw new BuildError("q35 machine model is not enabled");
    }
    if (isPcie && device.index > LAST_FIXED_PORT) line.devices.push("-device", rootPort(device.index));
    const place = devicePlace(line, device, isPcie);
    const isMulti = device.functions.length > 1;
    const bootIndex = bootIndexes.get(`hostpci${device.index}`);
    const sources =
      device.mdevUuid === undefined
        ? device.functions.map((host) => `host=${host}`)
        : [`sysfsdev=/sys/bus/mdev/devices/${device.mdevUuid}`];
    sources.forEach((source, part) => {
      line.devices.push("-device", functionArgument({ line, device, place, source, part, isMulti, bootIndex }));
    });
  }
}

function rootPort(index: number): string {
  const port = index + 1;
  const first = 4;
  const perSlot = 8;
  const slot = 10 + Math.floor((index - first) / perSlot);
  const address = `${slot.toString(16) === "a" ? "10" : slot}.${(index - first) % perSlot}`;
  return `pcie-root-port,id=ich9-pcie-port-${port},addr=${address},x-speed=16,x-width=32,multifunction=on,bus=pcie.0,port=${port},chassis=${port}`;
}

function devicePlace(line: CommandLine, device: HostPci, isPcie: boolean): string {
  if (isLegacyIgd(device)) return pciAddress(line, "legacy-igd");
  if (!isPcie) return pciAddress(line, `hostpci${device.index}`);
  // Windows 7 does not find devices behind a root port.
  if (line.windowsVersion === 7) return `bus=pcie.0,addr=0x${rootSlot(device.index).toString(16)}`;
  return `bus=ich9-pcie-port-${device.index + 1},addr=0x0`;
}

/** Slots on the root bus for devices that stand there themselves. */
function rootSlot(index: number): number {
  if (index <= 3) return 0x10 + index;
  return index <= 10 ? 0x9 + index - 4 : 0x15 + index - 11;
}

function functionArgument(of: {
  readonly line: CommandLine;
  readonly device: HostPci;
  readonly place: string;
  readonly source: string;
  readonly part: number;
  readonly isMulti: boolean;
  readonly bootIndex: number | undefined;
}): string {
  const { line, device, part, isMulti } = of;
  const { options } = device;
  const suffix = isMulti ? `.${part}` : "";
  const parts = ["vfio-pci", of.source];
  if (device.supportsLiveMigration) parts.push("enable-migration=on");
  parts.push(`id=hostpci${device.index}${suffix}`, `${of.place}${suffix}`);
  if (part > 0) return parts.join(",");
  if (options.rombar === false) parts.push("rombar=0");
  if (isMainGpu(device) && !line.usesOvmf) parts.push("x-vga=on");
  if (isMulti) parts.push("multifunction=on");
  if (options.romfile !== undefined) parts.push(`romfile=${line.world.paths.romFiles}/${options.romfile}`);
  if (of.bootIndex !== undefined) parts.push(`bootindex=${of.bootIndex}`);
  for (const name of ["vendor-id", "device-id", "sub-vendor-id", "sub-device-id"]) {
    if (options[name] !== undefined) parts.push(`x-pci-${name}=${options[name]}`);
  }
  return parts.join(",");
}
