/** Display adapter, the ways to see it, and SPICE. */
import { spiceEnhancements, vga as vgaProperties } from "../schema/devices.ts";
import { type PropertyValues, readProperties } from "../values.ts";
import type { CommandLine } from "./command-line.ts";
import { pciAddress } from "./pci-address.ts";

export interface Display {
  /** `std`, `qxl`, `serial0`, `none`, … */
  readonly type: string;
  readonly memoryMiB?: number;
  readonly hasVncClipboard: boolean;
  /** Number of qxl heads; 0 for other adapters. */
  readonly heads: number;
}

/** @param isReplaced a passed-through GPU is the main display, so nothing is added unless the config asks for it. */
export function displayOf(line: CommandLine, isReplaced: boolean): Display {
  const text = line.config.vga;
  const values: PropertyValues = text === undefined ? {} : readProperties("vga", vgaProperties, text);
  const type = line.isTemplate ? "none" : String(values.type ?? defaultType(line, isReplaced && text === undefined));
  const [, heads] = /^qxl(\d?)$/.exec(type) ?? [];
  return {
    type,
    ...(typeof values.memory === "number" ? { memoryMiB: values.memory } : {}),
    hasVncClipboard: values.clipboard === "vnc",
    heads: heads === undefined ? 0 : Number(heads || 1),
  };
}

function defaultType(line: CommandLine, isReplaced: boolean): string {
  if (isReplaced) return "none";
  if (line.isArm) return "virtio";
  return line.windowsVersion > 0 && line.windowsVersion < 6 ? "cirrus" : "std";
}

export const isSerialDisplay = (display: Display): boolean => display.type.startsWith("serial");

/** What decides how the screen leaves QEMU; goes before the CPU. */
export function addScreen(line: CommandLine, display: Display): void {
  if (display.type === "none") {
    line.cmd.push("-vga", "none", "-nographic");
    return;
  }
  if (isSerialDisplay(display)) {
    line.cmd.push("-nographic");
    return;
  }
  if (display.type === "virtio-gl") line.cmd.push("-display", "egl-headless,gl=core");
  line.cmd.push("-vnc", `unix:${line.runFile("vnc")},password=on`);
}

const MIB = 1_048_576;
const LINUX_HEAD_RAM_MIB = 128;
const LINUX_HEAD_VRAM_MIB = 64;

/** Linux drives several heads with one device, whose memory is set for all of them. */
export function addQxlGlobals(line: CommandLine, display: Display): void {
  if (display.heads < 2 || line.windowsVersion > 0) return;
  const { heads, memoryMiB } = display;
  const ram = memoryMiB === undefined ? LINUX_HEAD_RAM_MIB : 4 * heads * memoryMiB;
  const vram = memoryMiB === undefined ? LINUX_HEAD_VRAM_MIB : 2 * heads * memoryMiB;
  line.cmd.push("-global", `qxl-vga.ram_size=${ram * MIB}`, "-global", `qxl-vga.vram_size=${vram * MIB}`);
}

const DEVICES: Readonly<Record<string, string>> = {
  std: "VGA",
  cirrus: "cirrus-vga",
  vmware: "vmware-svga",
  virtio: "virtio-vga",
  "virtio-gl": "virtio-vga-gl",
};

export function addDisplayDevice(line: CommandLine, display: Display): void {
  if (display.type === "none" || isSerialDisplay(display)) return;
  line.devices.push("-device", mainDevice(line, display));
  if (display.heads < 2 || line.windowsVersion === 0) return;
  for (let head = 1; head < display.heads; head += 1) {
    const memory = "ram_size=67108864,vram_size=33554432";
    line.devices.push("-device", `qxl,id=vga${head},${memory},${pciAddress(line, `vga${head}`)}`);
  }
}

function mainDevice(line: CommandLine, display: Display): string {
  const isQxl = display.heads > 0;
  const isVirtio = display.type.startsWith("virtio");
  const device = isQxl
    ? "qxl-vga"
    : line.isArm && display.type === "virtio"
      ? "virtio-gpu"
      : (DEVICES[display.type] ?? "VGA");
  const parts = [device, "id=vga"];
  const { memoryMiB } = display;
  if (memoryMiB !== undefined) {
    if (isQxl) parts.push(`vgamem_mb=${memoryMiB}`, `ram_size_mb=${memoryMiB * 4}`, `vram_size_mb=${memoryMiB * 2}`);
    else if (isVirtio) parts.push(`max_hostmem=${memoryMiB * MIB}`);
    else if (display.type !== "cirrus") parts.push(`vgamem_mb=${memoryMiB}`);
  }
  if (isQxl && line.windowsVersion === 0 && line.isAtLeast(4, 1)) parts.push("max_outputs=4");
  parts.push(pciAddress(line, "vga"));
  if (display.type === "std" && line.windowsVersion > 0 && !line.usesOvmf) parts.push("edid=off");
  return parts.join(",");
}

/** Whether the display is offered over SPICE too. */
export function offersSpice(display: Display): boolean {
  return display.heads > 0 || display.type.startsWith("virtio");
}

/** @returns the port that the server takes, or undefined when there is none. */
export function addSpice(line: CommandLine, display: Display): number | undefined {
  const hasSpice = offersSpice(display);
  if (!hasSpice && !display.hasVncClipboard) return undefined;
  const channel = display.hasVncClipboard
    ? "qemu-vdagent,id=vdagent,name=vdagent,clipboard=on"
    : "spicevmc,id=vdagent,name=vdagent";
  line.devices.push("-device", `virtio-serial,id=spice,${pciAddress(line, "spice")}`);
  line.devices.push("-chardev", channel);
  line.devices.push("-device", "virtserialport,chardev=vdagent,name=com.redhat.spice.0");
  if (!hasSpice) return undefined;
  const { spicePort, spiceAddress } = line.world;
  const enhancements = line.config.spice_enhancements;
  const values =
    enhancements === undefined ? {} : readProperties("spice_enhancements", spiceEnhancements, enhancements);
  const video = values.videostreaming;
  const streaming = video === undefined || video === "off" ? "" : `,streaming-video=${video}`;
  if (values.foldersharing === true) {
    line.devices.push("-chardev", "spiceport,id=foldershare,name=org.spice-space.webdav.0");
    line.devices.push("-device", "virtserialport,chardev=foldershare,name=org.spice-space.webdav.0");
  }
  const server = `tls-port=${spicePort},addr=${spiceAddress},tls-ciphers=HIGH,seamless-migration=on${streaming}`;
  line.devices.push("-spice", server);
  return spicePort;
}
