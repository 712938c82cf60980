/** The text after `-cpu`: a model and its flags, put together from layers of which the later win. */
import { namedProperties } from "../../../rest/property-string.ts";
import { type PropertyValues, readProperties } from "../values.ts";
import { BuildError } from "./build-error.ts";
import type { CommandLine } from "./command-line.ts";
import type { CustomCpuModel } from "./world.ts";

interface Flag {
  /** `+`, `-` or empty. */
  readonly sign: string;
  readonly value?: string;
  readonly reason?: string;
}
interface Layer {
  readonly name: string;
  readonly flags: ReadonlyMap<string, Flag>;
}

const V2 = "+popcnt;+pni;+sse4.1;+sse4.2;+ssse3";
const V2_AES = `${V2};+aes`;
const V3 = `${V2_AES};+avx;+avx2;+bmi1;+bmi2;+f16c;+fma;+abm;+movbe;+xsave`;
/** Models of our own: QEMU is told qemu64 and these flags. */
const BUILT_IN: Readonly<Record<string, string>> = {
  "x86-64-v2": V2,
  "x86-64-v2-AES": V2_AES,
  "x86-64-v3": V3,
  "x86-64-v4": `${V3};+avx512f;+avx512bw;+avx512cd;+avx512dq;+avx512vl`,
};

const CUSTOM_PREFIX = "custom-";
const NO_VENDOR = new Set(["kvm32", "kvm64", "qemu32", "qemu64", "max", "host"]);
const BITS_32 = new Set(["486", "pentium", "pentium2", "pentium3", "coreduo", "athlon", "kvm32", "qemu32"]);
const ARM_MODEL = /^(?:a64fx|cortex-|neoverse-)/;

/** What the guest's other parts ask of the CPU. */
export interface CpuDemands {
  /** A GPU is passed through as the main display: hide the hypervisor. */
  readonly hidesForGpu: boolean;
}

export function cpuArgument(line: CommandLine, demands: CpuDemands): string {
  const configured = line.config.cpu;
  const vm: PropertyValues =
    configured === undefined ? {} : readProperties("cpu", namedProperties("pve-vm-cpu-conf"), configured);
  const type = typeof vm.cputype === "string" ? vm.cputype : defaultType(line);
  const custom = customModel(line, type);
  const reported = reportedModel(line, type, custom);
  if (line.usesOvmf && BITS_32.has(reported) && reported !== "athlon") {
    throw new BuildError("OVMF (UEFI) BIOS is not supported on 32-bit CPU types");
  }
  if (line.isArm) return reported;
  const hidden = vm.hidden === true || custom?.hidden === true || demands.hidesForGpu;
  const vendorId = textOf(vm["hv-vendor-id"]) ?? custom?.hvVendorId ?? (demands.hidesForGpu ? "proxmox" : undefined);
  const flags = mergeLayers(line, [
    { name: "PVE", flags: ownFlags(line, reported) },
    { name: "PVE", flags: hyperVFlags(line, vendorId) },
    { name: "built-in CPU model", flags: parseFlags(BUILT_IN[type]) },
    { name: "custom CPU model", flags: parseFlags(custom?.flags) },
    { name: "VM", flags: parseFlags(textOf(vm.flags)) },
    { name: "PVE", flags: forcedFlags(line, reported, hidden) },
  ]);
  const level = vm.level ?? custom?.level;
  const printed = [...flags].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, flag]) => printFlag(name, flag));
  return [reported, ...(level === undefined ? [] : [`level=${level}`]), ...printed, ...addressBits(vm, custom)].join(
    ",",
  );
}

function defaultType(line: CommandLine): string {
  if (line.isArm) return line.isKvm ? "host" : "max";
  return line.isKvm ? "kvm64" : "qemu64";
}

function customModel(line: CommandLine, type: string): CustomCpuModel | undefined {
  if (!type.startsWith(CUSTOM_PREFIX)) return undefined;
  const model = line.world.cpuModels.get(type.slice(CUSTOM_PREFIX.length));
  if (model === undefined) throw unknownModel(line, type);
  return model;
}

function unknownModel(line: CommandLine, type: string): BuildError {
  return new BuildError(`CPU model '${type}' does not exist for configured vCPU architecture '${line.arch}'`);
}

function reportedModel(line: CommandLine, type: string, custom: CustomCpuModel | undefined): string {
  if (custom !== undefined) return custom.reportedModel ?? "kvm64";
  if (BUILT_IN[type] !== undefined) return "qemu64";
  const known = namedProperties("pve-vm-cpu-conf")["reported-model"]?.enum ?? [];
  const fitsArch = type === "host" || type === "max" || ARM_MODEL.test(type) === line.isArm;
  if (!known.includes(type) || !fitsArch) throw unknownModel(line, type);
  // What needs the host's CPU directly is replaced where there is none.
  if (type === "host" && !line.isKvm) return "max";
  // The client model never existed as a product and was dropped.
  if (type === "Icelake-Client") return "Icelake-Server";
  if (type === "Icelake-Client-noTSX") return "Icelake-Server-noTSX";
  return type;
}

function ownFlags(line: CommandLine, model: string): Map<string, Flag> {
  const flags = new Map<string, Flag>();
  const isTooOldForNewBits = !line.isAtLeast(11, 0);
  if (model === "kvm64" || model === "kvm32") {
    flags.set("lahf_lm", { sign: "+", reason: "to support Windows 8.1 and newer" });
    flags.set("sep", { sign: "+", reason: "to allow Windows 11 to boot" });
  }
  if (line.config.ostype === "solaris") flags.set("x2apic", { sign: "-" });
  if (model.startsWith("Opteron")) flags.set("rdtscp", { sign: "-" });
  if (line.isKvm) {
    flags.set("kvm_pv_eoi", { sign: "+", reason: "to improve Linux guest interrupt performance" });
    flags.set("kvm_pv_unhalt", { sign: "+", reason: "to improve Linux guest spinlock performance" });
  }
  if (line.windowsVersion >= 11 && line.binaryIsAtLeast(11, 0)) {
    flags.set("cet-ibt", { sign: "-" });
    flags.set("cet-ss", { sign: "-" });
  }
  if (model === "host" && line.binaryIsAtLeast(11, 0) && isTooOldForNewBits) flags.set("vmx-mbec", { sign: "-" });
  return flags;
}

function hyperVFlags(line: CommandLine, vendorId: string | undefined): Map<string, Flag> {
  const flags = new Map<string, Flag>();
  const version = line.windowsVersion;
  const isOffered = line.isKvm && version >= 6 && (!line.usesOvmf || version >= 8);
  if (!isOffered) return flags;
  flags.set("hv_spinlocks", { sign: "", value: "0x1fff" });
  for (const name of ["hv_vapic", "hv_time", "hv_reset", "hv_vpindex", "hv_runtime"]) flags.set(name, { sign: "" });
  if (version >= 7) {
    for (const name of ["hv_relaxed", "hv_synic", "hv_stimer", "hv_ipi"]) flags.set(name, { sign: "" });
  }
  if (vendorId !== undefined) flags.set("hv_vendor_id", { sign: "", value: vendorId });
  if (line.world.hostCpuVendor === "GenuineIntel" && version >= 11 && line.uses(11, 0, 2)) {
    flags.set("hv_evmcs", { sign: "" });
  }
  return flags;
}

function forcedFlags(line: CommandLine, model: string, hidden: boolean): Map<string, Flag> {
  const flags = new Map<string, Flag>();
  if (line.isKvm && model !== "host") flags.set("enforce", { sign: "" });
  if (hidden) flags.set("kvm", { sign: "", value: "off" });
  if (!NO_VENDOR.has(model)) {
    const isAmd = /^(?:athlon|phenom|Opteron_|EPYC)/.test(model);
    flags.set("vendor", { sign: "", value: isAmd ? "AuthenticAMD" : "GenuineIntel" });
  }
  return flags;
}

function parseFlags(text: string | undefined): Map<string, Flag> {
  const flags = new Map<string, Flag>();
  for (const item of text === undefined ? [] : text.split(";")) {
    flags.set(item.slice(1), { sign: item.slice(0, 1) });
  }
  return flags;
}

function mergeLayers(line: CommandLine, layers: readonly Layer[]): Map<string, Flag> {
  const merged = new Map<string, Flag & { readonly layer: string }>();
  for (const { name: layer, flags } of layers) {
    for (const [name, flag] of flags) {
      const before = merged.get(name);
      const isChange = before !== undefined && printFlag(name, before) !== printFlag(name, flag);
      if (isChange) line.warnings.push(overwriteWarning(name, flag, layer, before));
      merged.set(name, { ...flag, layer });
    }
  }
  return merged;
}

function overwriteWarning(name: string, flag: Flag, layer: string, before: Flag & { readonly layer: string }): string {
  const source = (by: string, reason?: string): string => `(set by ${by}${reason === undefined ? "" : `; ${reason}`})`;
  const now = `'${printFlag(name, flag)}' ${source(layer, flag.reason)}`;
  return `warning: CPU flag/setting ${now} overwrites '${printFlag(name, before)}' ${source(before.layer, before.reason)}`;
}

function printFlag(name: string, flag: Flag): string {
  return `${flag.sign}${name}${flag.value === undefined ? "" : `=${flag.value}`}`;
}

function addressBits(vm: PropertyValues, custom: CustomCpuModel | undefined): string[] {
  const args: string[] = [];
  const guestBits = vm["guest-phys-bits"] ?? custom?.guestPhysBits;
  if (guestBits !== undefined) args.push(`guest-phys-bits=${guestBits}`);
  const bits = physBits(vm, custom);
  if (bits === "host") args.push("host-phys-bits=true");
  else if (bits !== undefined) args.push(`phys-bits=${bits}`);
  return args;
}

function physBits(vm: PropertyValues, custom: CustomCpuModel | undefined): string | undefined {
  return textOf(vm["phys-bits"]) ?? custom?.physBits;
}

/** Physical address bits that the guest will see, for the size of its memory map. */
export function guestPhysBits(line: CommandLine): number {
  const UNKNOWN_BITS = 36;
  const MODEL_BITS = 40;
  const vm: PropertyValues =
    line.config.cpu === undefined ? {} : readProperties("cpu", namedProperties("pve-vm-cpu-conf"), line.config.cpu);
  const type = textOf(vm.cputype) ?? defaultType(line);
  const custom = customModel(line, type);
  const bits = physBits(vm, custom);
  const host = line.world.hostPhysBits;
  if (bits !== undefined && bits !== "host") return Number(bits);
  if (host === undefined) return UNKNOWN_BITS;
  const model = custom?.reportedModel ?? type;
  return bits === "host" || model === "host" || model === "max" ? host : Math.min(host, MODEL_BITS);
}

function textOf(value: string | number | boolean | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}
