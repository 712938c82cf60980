/**
 * The command line of a VM, in the reference's order: first what concerns the whole, then the devices in the order in
 * which they are met. Pure: it is told everything about the node.
 */

import { namedProperties } from "../../../rest/property-string.ts";
import type { VmConfig } from "../config.ts";
import { DRIVE_KEYS, drivesOf } from "../drives.ts";
import { isOn, numberOf, readProperties } from "../values.ts";
import { bootIndexes } from "./boot-order.ts";
import { BuildError } from "./build-error.ts";
import { CommandLine } from "./command-line.ts";
import { cpuArgument } from "./cpu.ts";
import {
  addDisplayDevice,
  addQxlGlobals,
  addScreen,
  addSpice,
  type Display,
  displayOf,
  isSerialDisplay,
} from "./display.ts";
import { addDrives } from "./drive-devices.ts";
import { addEncryption } from "./encryption.ts";
import { addFirmware } from "./firmware.ts";
import { addHostDevices, hostDevices, isLegacyIgd, isMainGpu } from "./hostpci.ts";
import { creationVersion, resolveMachine } from "./machine-type.ts";
import { addMemory, hotplugFeatures } from "./memory.ts";
import { addNetwork } from "./network.ts";
import { windowsVersionOf } from "./os-type.ts";
import { pciBridges } from "./pci-address.ts";
import { splitShell } from "./shell-text.ts";
import {
  addAgent,
  addAudio,
  addBalloon,
  addParallelPorts,
  addRng,
  addSerialPorts,
  addSharedMemory,
  addTpm,
  addWatchdog,
} from "./small-devices.ts";
import { addTablet, addUsbControllers, addUsbDevices, usbDevices } from "./usb.ts";
import type { Arch, BuildOptions, BuildWorld, BuiltCommand } from "./world.ts";

/** @throws BuildError when the config cannot be run on this node. */
export function buildCommand(given: VmConfig, world: BuildWorld, options: BuildOptions): BuiltCommand {
  const config = given.template === "1" ? templateConfig(given) : given;
  const line = openLine(config, world, options);
  const passed = hostDevices(line);
  const hasMainGpu = passed.some(isMainGpu);
  const display = displayOf(line, hasMainGpu);
  const usb = usbDevices(line);
  const boot = bootIndexes(config, line.drives);

  addIdentity(line);
  addSmbios(line);
  addFirmware(line);
  addBridgeHotplugFix(line);
  addCpuCount(line);
  addBootMenu(line);
  addScreen(line, display);
  if (line.windowsVersion >= 6) line.cmd.push("-global", "kvm-pit.lost_tick_policy=discard");
  const cpu = options.forceCpu ?? cpuArgument(line, { hidesForGpu: hasMainGpu });
  line.cmd.push("-cpu", cpu);
  addMemory(line);
  if (isOn(config.freeze)) line.cmd.push("-S");
  if (config.keyboard !== undefined) line.cmd.push("-k", config.keyboard);
  addQxlGlobals(line, display);

  addBoardDevices(line);
  addUsbControllers(line, usb);
  addTablet(line, display);
  addHostDevices(line, passed, boot);
  addUsbDevices(line, usb, boot);
  addSerialPorts(line);
  addParallelPorts(line);
  addAudio(line);
  addTpm(line);
  addDisplayDevice(line, display);
  addAgent(line);
  addRng(line);
  const spicePort = addSpice(line, display);
  addBalloon(line);
  addWatchdog(line);
  if (world.iscsiInitiator !== undefined) line.devices.push("-iscsi", `initiator-name=${world.iscsiInitiator}`);
  addDrives(line, boot);
  addNetwork(line, boot);
  addSharedMemory(line);
  addIommu(line);
  refuseSharedDirectories(line);
  addClock(line);
  const machineType = addMachine(line, display);
  addEncryption(line);
  addSleepStates(line);
  return {
    argv: joinParts(line, passed.some(isLegacyIgd)),
    warnings: line.warnings,
    notes: line.notes,
    machineType,
    cpu,
    usesKvm: line.isKvm,
    ...(spicePort === undefined ? {} : { spicePort }),
  };
}

/** A template is only ever started to be read, so little of it matters. */
function templateConfig(config: VmConfig): VmConfig {
  const kept = Object.entries(config).filter(
    ([key]) => ["scsihw", "bios", "name", "template"].includes(key) || (DRIVE_KEYS.has(key) && key !== "tpmstate0"),
  );
  return { ...Object.fromEntries(kept), kvm: "0", vga: "none" };
}

/** A line with nothing on it yet: what is known of the guest before its devices are met. */
export function openLine(config: VmConfig, world: BuildWorld, options: BuildOptions): CommandLine {
  const arch: Arch = config.arch === "x86_64" || config.arch === "aarch64" ? config.arch : world.hostArch;
  const windowsVersion = windowsVersionOf(config.ostype);
  const machine = resolveMachine(config, world, {
    arch,
    windowsVersion,
    ...(options.forceMachine === undefined ? {} : { forced: options.forceMachine }),
  });
  const isNative = arch === world.hostArch;
  const wantsKvm = isNative && isOn(config.kvm, true);
  if (wantsKvm && !world.hasKvm && !world.emulatesWithoutKvm) {
    throw new BuildError(
      "KVM virtualisation configured, but not available. Either disable in VM configuration or enable in BIOS.",
    );
  }
  const isKvm = wantsKvm && world.hasKvm;
  return new CommandLine({
    config,
    world,
    options,
    machine,
    arch,
    isKvm,
    windowsVersion,
    drives: drivesOf(config),
  });
}

function addIdentity(line: CommandLine): void {
  const { config, vmid, world } = line;
  if (config.affinity !== undefined) line.cmd.push("/usr/bin/taskset", "--cpu-list", "--all-tasks", config.affinity);
  line.cmd.push(line.arch === world.hostArch ? "/usr/bin/kvm" : `/usr/bin/qemu-system-${line.arch}`);
  const name = config.name ?? `vm${vmid}`;
  line.cmd.push("-id", String(vmid));
  line.cmd.push("-name", line.binaryIsAtLeast(11, 0) ? name : `${name},debug-threads=on`);
  line.cmd.push("-no-shutdown");
  line.cmd.push("-chardev", `socket,id=qmp,path=${line.runFile("qmp")},server=on,wait=off`);
  line.cmd.push("-mon", "chardev=qmp,mode=control");
  if (line.isAtLeast(2, 12)) {
    const reconnect = line.binaryIsAtLeast(9, 2) ? "reconnect-ms=5000" : "reconnect=5";
    line.cmd.push("-chardev", `socket,id=qmp-event,path=${world.paths.eventSocket},${reconnect}`);
    line.cmd.push("-mon", "chardev=qmp-event,mode=control");
  }
  line.cmd.push("-pidfile", line.runFile("pid"), "-daemonize");
}

function addSmbios(line: CommandLine): void {
  const text = line.config.smbios1;
  if (text === undefined) return;
  const { base64, ...values } = readProperties("smbios1", namedProperties("pve-qm-smbios1"), text);
  const parts = Object.keys(values)
    .sort()
    .map((key) => {
      const raw = String(values[key]);
      const value = base64 === true && key !== "uuid" ? Buffer.from(raw, "base64").toString("utf8") : raw;
      return `,${key}=${value.replaceAll(",", ",,")}`;
    });
  if (parts.length > 0) line.cmd.push("-smbios", `type=1${parts.join("")}`);
}

/** Old Linux guests on an open q35 machine keep the hotplug of the board on which they were made. */
function addBridgeHotplugFix(line: CommandLine): void {
  if (!line.isQ35 || line.machine.isVersioned || line.config.ostype !== "l26" || !line.isAtLeast(6, 1)) return;
  const made = creationVersion(line.config);
  const isOld = made === undefined || made.major < 6 || (made.major === 6 && made.minor < 1);
  if (isOld) line.cmd.push("-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off");
}

function addCpuCount(line: CommandLine): void {
  const { config, world } = line;
  const sockets = numberOf(config.sockets ?? config.smp, 1);
  const cores = numberOf(config.cores, 1);
  const maxCpus = sockets * cores;
  const vcpus = numberOf(config.vcpus, maxCpus) || maxCpus;
  if (maxCpus > world.hostCpuCount) {
    throw new BuildError(`MAX ${world.hostCpuCount} vcpus allowed per VM on this node`);
  }
  const canHotplug = hotplugFeatures(config).has("cpu") && line.isAtLeast(2, 7);
  line.cmd.push("-smp", `${canHotplug ? 1 : vcpus},sockets=${sockets},cores=${cores},maxcpus=${maxCpus}`);
  if (!canHotplug) return;
  for (let cpu = 2; cpu <= vcpus; cpu += 1) line.cmd.push("-device", hotpluggableCpu(line, cpu, cores));
}

/** The device of the n-th CPU, counted from 1. */
export function hotpluggableCpu(line: CommandLine, cpu: number, cores: number): string {
  const model = cpuArgument(line, { hidesForGpu: false }).split(",")[0];
  const socket = Math.floor((cpu - 1) / cores);
  const core = (cpu - 1) % cores;
  return `${model}-x86_64-cpu,id=cpu${cpu},socket-id=${socket},core-id=${core},thread-id=0`;
}

function addBootMenu(line: CommandLine): void {
  const splash = `${line.world.paths.qemuShare}/bootsplash.jpg`;
  line.cmd.push("-nodefaults", "-boot", `menu=on,strict=on,reboot-timeout=1000,splash=${splash}`);
  if (!isOn(line.config.reboot, true)) line.cmd.push("-no-reboot");
}

function addBoardDevices(line: CommandLine): void {
  const { config, world } = line;
  if (line.isQ35) {
    const file = line.isAtLeast(4, 0) ? "pve-q35-4.0.cfg" : "pve-q35.cfg";
    line.front.push("-readconfig", `${world.paths.qemuShare}/${file}`);
  }
  if (config.vmgenid !== undefined && config.vmgenid !== "0")
    line.devices.push("-device", `vmgenid,guid=${config.vmgenid}`);
}

function addIommu(line: CommandLine): void {
  const { viommu, awBits } = line.machine;
  if (viommu === undefined) return;
  const width = awBits === undefined ? "" : `,aw-bits=${awBits}`;
  if (viommu === "virtio") {
    line.devices.push("-device", `virtio-iommu-pci${width}`);
    return;
  }
  if (!line.isQ35) throw new BuildError("to use Intel vIOMMU please set the machine type to q35");
  line.front.unshift("-device", `intel-iommu,intremap=on,caching-mode=on${width}`);
}

function refuseSharedDirectories(line: CommandLine): void {
  const key = Object.keys(line.config).find((name) => /^virtiofs\d+$/.test(name));
  if (key !== undefined) throw new BuildError(`${key}: shared directories are not implemented in this release`);
}

function addClock(line: CommandLine): void {
  const { config, windowsVersion } = line;
  const isOldEnough = windowsVersion >= 5;
  const corrects = config.tdf === undefined ? isOldEnough && isOn(config.acpi, true) : config.tdf === "1";
  if (corrects) line.rtc.push("driftfix=slew");
  if (config.startdate !== undefined && config.startdate !== "now") line.rtc.push(`base=${config.startdate}`);
  else if (isOn(config.localtime, isOldEnough)) line.rtc.push("base=localtime");
}

/** @returns the printed machine type. */
function addMachine(line: CommandLine, display: Display): string {
  const { config, windowsVersion, machine, machineFlags } = line;
  const isVirt = machine.board === "virt";
  if (!isOn(config.acpi, true)) machineFlags.push("acpi=off");
  const isNewLinux = config.ostype === "l26" && line.isAtLeast(10, 1);
  if ((windowsVersion >= 6 || isNewLinux) && !isVirt) machineFlags.push("hpet=off");
  if (!line.isKvm) machineFlags.push("accel=tcg");
  const hasNoScreen = display.type === "none" || isSerialDisplay(display);
  if (!line.usesOvmf && hasNoScreen && !isVirt) machineFlags.push("smm=off");
  const { enableS3, enableS4 } = machine;
  // Which revision the sleep states need is decided before the type is printed.
  if (!isVirt && (enableS3 === undefined || enableS4 === undefined)) line.uses(9, 2, 1);
  const type = `${machine.name}+pve${line.printedRevision}`;
  machineFlags.push(`type=${type}`);
  if (machine.viommu === "intel") machineFlags.push("kernel-irqchip=split");
  if (!isOn(config["allow-ksm"], true)) machineFlags.push("mem-merge=off");
  return type;
}

/** Guests that sleep are hard to wake, so sleep is not offered by default. */
function addSleepStates(line: CommandLine): void {
  const { machine } = line;
  if (machine.board === "virt") return;
  const isOffByDefault = line.isAtLeast(9, 2, 1);
  const chip = machine.board === "q35" ? "ICH9-LPC" : "PIIX4_PM";
  if (!(machine.enableS3 ?? !isOffByDefault)) line.cmd.push("-global", `${chip}.disable_s3=1`);
  if (!(machine.enableS4 ?? !isOffByDefault)) line.cmd.push("-global", `${chip}.disable_s4=1`);
}

function joinParts(line: CommandLine, hasLegacyIgd: boolean): string[] {
  const bridges = pciBridges(line, hasLegacyIgd);
  const argv = [...line.cmd, ...line.front, ...bridges, ...line.devices];
  if (line.rtc.length > 0) argv.push("-rtc", line.rtc.join(","));
  argv.push("-machine", line.machineFlags.join(","));
  const { vmstate, args } = line.config;
  if (vmstate !== undefined) argv.push("-loadstate", stateSource(line, vmstate));
  const { incoming } = line.options;
  if (incoming !== undefined) argv.push("-incoming", incoming, "-S");
  if (line.isTemplate) argv.push("-snapshot");
  if (args !== undefined) argv.push(...splitShell(args));
  const hasMdev = line.devices.some((argument) => argument.includes("sysfsdev=/sys/bus/mdev/"));
  if (hasMdev && /nvidia/i.test(JSON.stringify(line.config))) argv.push("-uuid", mdevVmUuid(line));
  return argv;
}

function stateSource(line: CommandLine, volid: string): string {
  const location = line.world.volumes.get(volid)?.location;
  if (location === undefined) throw new BuildError(`volume '${volid}' does not exist`);
  return location.kind === "path" ? location.path : location.driveText;
}

function mdevVmUuid(line: CommandLine): string {
  const [, uuid] = /(?:^|,)uuid=([0-9a-fA-F-]{36})/.exec(line.config.smbios1 ?? "") ?? [];
  return uuid ?? `00000000-0000-0000-0000-${String(line.vmid).padStart(12, "0")}`;
}
