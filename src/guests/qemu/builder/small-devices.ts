/** Devices of one or two arguments each. */
import { namedProperties } from "../../../rest/property-string.ts";
import { readDrive } from "../drives.ts";
import { agent as agentProperties, audio as audioProperties, ivshmem as ivshmemProperties } from "../schema/devices.ts";
import { numberOf, readProperties } from "../values.ts";
import type { CommandLine } from "./command-line.ts";
import { pciAddress } from "./pci-address.ts";

export function addSerialPorts(line: CommandLine): void {
  for (let index = 0; index <= 3; index += 1) {
    const text = line.config[`serial${index}`];
    if (text === undefined) continue;
    const id = `serial${index}`;
    const backend =
      text === "socket" ? `socket,id=${id},path=${line.runFile(id)},server=on,wait=off` : `tty,id=${id},path=${text}`;
    line.devices.push("-chardev", backend);
    // The first port of an ARM board is soldered on.
    if (line.isArm && index === 0) line.devices.push("-serial", `chardev:${id}`);
    else line.devices.push("-device", `isa-serial,chardev=${id}`);
  }
}

export function addParallelPorts(line: CommandLine): void {
  for (let index = 0; index <= 2; index += 1) {
    const path = line.config[`parallel${index}`];
    if (path === undefined) continue;
    // A printer takes bytes only, a parallel port has lines of its own.
    const kind = path.startsWith("/dev/usb/lp") ? "tty" : "parallel";
    line.devices.push("-chardev", `${kind},id=parallel${index},path=${path}`);
    line.devices.push("-device", `isa-parallel,chardev=parallel${index}`);
  }
}

export function addAudio(line: CommandLine): void {
  const text = line.config.audio0;
  if (text === undefined) return;
  const values = readProperties("audio0", audioProperties, text);
  const driver = values.driver ?? "spice";
  const backend = `${driver}-backend0`;
  const at = pciAddress(line, "audio0");
  if (values.device === "AC97") line.devices.push("-device", `AC97,id=audio0,${at},audiodev=${backend}`);
  else {
    line.devices.push("-device", `${values.device},id=audiodev0,${at}`);
    line.devices.push("-device", `hda-micro,id=audiodev0-codec0,bus=audiodev0.0,cad=0,audiodev=${backend}`);
    line.devices.push("-device", `hda-duplex,id=audiodev0-codec1,bus=audiodev0.0,cad=1,audiodev=${backend}`);
  }
  line.devices.push("-audiodev", `${driver},id=${backend}`);
}

export function addTpm(line: CommandLine): void {
  if (line.config.tpmstate0 === undefined || line.isTemplate) return;
  readDrive("tpmstate0", line.config.tpmstate0);
  line.devices.push("-chardev", `socket,id=tpmchar,path=${line.runFile("swtpm")}`);
  line.devices.push("-tpmdev", "emulator,id=tpmdev,chardev=tpmchar");
  line.devices.push("-device", `${line.isArm ? "tpm-tis-device" : "tpm-tis"},tpmdev=tpmdev`);
}

/** Whether the guest agent's channel is there. */
export function hasAgent(config: Readonly<Record<string, string>>): boolean {
  return config.agent !== undefined && readProperties("agent", agentProperties, config.agent).enabled === true;
}

export function addAgent(line: CommandLine): void {
  const text = line.config.agent;
  if (text === undefined || !hasAgent(line.config)) return;
  line.devices.push("-chardev", `socket,path=${line.runFile("qga")},server=on,wait=off,id=qga0`);
  if (readProperties("agent", agentProperties, text).type === "isa") {
    line.devices.push("-device", "isa-serial,chardev=qga0");
    return;
  }
  line.devices.push("-device", `virtio-serial,id=qga0,${pciAddress(line, "qga0")}`);
  line.devices.push("-device", "virtserialport,chardev=qga0,name=org.qemu.guest_agent.0");
}

export function addRng(line: CommandLine): void {
  const text = line.config.rng0;
  if (text === undefined || !line.uses(4, 1, 2)) return;
  const values = readProperties("rng0", namedProperties("pve-qm-rng"), text);
  const maxBytes = Number(values.max_bytes ?? 1024);
  const limit = maxBytes === 0 ? "" : `,max-bytes=${maxBytes},period=${values.period ?? 1000}`;
  line.devices.push("-object", `rng-random,filename=${values.source},id=rng0`);
  line.devices.push("-device", `virtio-rng-pci,rng=rng0${limit},${pciAddress(line, "rng0")}`);
}

export function addBalloon(line: CommandLine): void {
  if (!line.isTemplate && numberOf(line.config.balloon, 1) === 0) return;
  const reporting = line.isAtLeast(6, 2) ? ",free-page-reporting=on" : "";
  line.devices.push("-device", `virtio-balloon-pci,id=balloon0,${pciAddress(line, "balloon0")}${reporting}`);
}

export function addWatchdog(line: CommandLine): void {
  const text = line.config.watchdog;
  if (text === undefined) return;
  const values = readProperties("watchdog", namedProperties("pve-qm-watchdog"), text);
  const model = String(values.model ?? "i6300esb");
  line.devices.push("-device", model === "ib700" ? model : `${model},${pciAddress(line, "watchdog")}`);
  if (values.action !== undefined) line.devices.push("-watchdog-action", String(values.action));
}

export function addSharedMemory(line: CommandLine): void {
  const text = line.config.ivshmem;
  if (text === undefined) return;
  const values = readProperties("ivshmem", ivshmemProperties, text);
  const path = `/dev/shm/pve-shm-${values.name ?? line.vmid}`;
  line.devices.push("-device", `ivshmem-plain,memdev=ivshmem,${pciAddress(line, "ivshmem")}`);
  line.devices.push("-object", `memory-backend-file,id=ivshmem,share=on,mem-path=${path},size=${values.size}M`);
}
