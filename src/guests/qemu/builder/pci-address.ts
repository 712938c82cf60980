/** Where each device sits on the PCI buses. The guest sees these addresses, so they never change. */
import type { CommandLine } from "./command-line.ts";

type Address = readonly [bus: number, slot: number];

const ADDRESSES: ReadonlyMap<string, Address> = new Map<string, Address>([
  ["ehci", [0, 1]],
  ["piix3", [0, 1]],
  ["legacy-igd", [0, 2]],
  ["vga", [0, 2]],
  ["balloon0", [0, 3]],
  ["watchdog", [0, 4]],
  ["pci.3", [0, 5]],
  ["scsihw0", [0, 5]],
  ["scsihw1", [0, 6]],
  ["ahci0", [0, 7]],
  ["qga0", [0, 8]],
  ["spice", [0, 9]],
  ...run("virtio", 0, 5, 0, 10),
  ["hostpci0", [0, 16]],
  ["hostpci1", [0, 17]],
  ...run("net", 0, 5, 0, 18),
  ["vga1", [0, 24]],
  ["vga2", [0, 25]],
  ["vga3", [0, 26]],
  ["hostpci2", [0, 27]],
  ["hostpci3", [0, 28]],
  ["pci.1", [0, 30]],
  ["pci.2", [0, 31]],
  ...run("net", 6, 31, 1, 1),
  ["xhci", [1, 27]],
  ["pci.4", [1, 28]],
  ["rng0", [1, 29]],
  ["pci.2-igd", [1, 30]],
  ...run("virtio", 6, 15, 2, 1),
  ["ivshmem", [2, 11]],
  ["audio0", [2, 12]],
  ...run("hostpci", 4, 15, 2, 13),
  ...run("virtioscsi", 0, 30, 3, 1),
  ["scsihw2", [4, 1]],
  ["scsihw3", [4, 2]],
  ["scsihw4", [4, 3]],
]);

function run(stem: string, first: number, last: number, bus: number, slot: number): [string, Address][] {
  return Array.from({ length: last - first + 1 }, (_, n) => [`${stem}${first + n}`, [bus, slot + n]]);
}

/** `bus=pci.0,addr=0x12` of a device, and the note that its bus is needed. */
export function pciAddress(line: CommandLine, device: string): string {
  if (line.isQ35 && device === "vga") return "bus=pcie.0,addr=0x1";
  if (line.isQ35 && device === "ivshmem") return "bus=pcie.0,addr=0x14";
  const [bus, slot] = addressOf(device);
  line.usedBuses.add(bus);
  const busName = bus === 0 && line.isArm ? "pcie.0" : `pci.${bus}`;
  return `bus=${busName},addr=0x${slot.toString(16)}`;
}

function addressOf(device: string): Address {
  const address = ADDRESSES.get(device);
  if (address === undefined) throw new TypeError(`no PCI address for '${device}'`);
  return address;
}

const LAST_BRIDGE = 4;

/** The bridges that the devices need, in ascending order, to go before all devices. */
export function pciBridges(line: CommandLine, hasLegacyIgd: boolean): string[] {
  const buses = new Set([...line.usedBuses].filter((bus) => bus > 0));
  if (!line.isQ35) {
    if (line.isAtLeast(2, 3)) buses.add(1).add(2);
    if (line.config.scsihw === "virtio-scsi-single") buses.add(3);
  }
  if (buses.has(LAST_BRIDGE)) buses.add(1);
  const args: string[] = [];
  for (let bus = 1; bus <= LAST_BRIDGE; bus += 1) {
    // The q35 board file brings its own bridges 1 to 3.
    if (!buses.has(bus) || (line.isQ35 && bus < LAST_BRIDGE)) continue;
    const slot = bus === 2 && hasLegacyIgd ? "pci.2-igd" : `pci.${bus}`;
    args.push("-device", `pci-bridge,id=pci.${bus},chassis_nr=${bus},${pciAddress(line, slot)}`);
  }
  return args;
}
