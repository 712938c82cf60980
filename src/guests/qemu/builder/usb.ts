/** USB: controllers, the tablet, devices of the host and SPICE redirection. */
import { usb as usbProperties } from "../schema/devices.ts";
import { isOn, readProperties } from "../values.ts";
import { BuildError } from "./build-error.ts";
import type { CommandLine } from "./command-line.ts";
import type { Display } from "./display.ts";
import { isSerialDisplay } from "./display.ts";
import { pciAddress } from "./pci-address.ts";

interface UsbDevice {
  readonly index: number;
  /** `spice`, `1234:abcd` or `1-2.3`. */
  readonly host: string;
  readonly isUsb3: boolean;
}

const LAST_OLD_INDEX = 4;

export function usbDevices(line: CommandLine): UsbDevice[] {
  const devices: UsbDevice[] = [];
  for (let index = 0; index <= 13; index += 1) {
    const text = line.config[`usb${index}`];
    if (text === undefined) continue;
    const values = readProperties(`usb${index}`, usbProperties, text);
    devices.push({ index, host: hostOf(line, index, values), isUsb3: values.usb3 === true });
  }
  return devices;
}

function hostOf(line: CommandLine, index: number, values: Readonly<Record<string, unknown>>): string {
  if (values.mapping === undefined) return String(values.host ?? "");
  const mapped = line.world.usbMappings.get(String(values.mapping));
  if (mapped === undefined) throw new BuildError(`usb${index}: no mapping '${values.mapping}' on this node`);
  return mapped;
}

/** One controller for all: from machine 7.1 on, where the guest has a driver. */
function usesOneController(line: CommandLine): boolean {
  const hasDriver = line.config.ostype === "l26" || line.windowsVersion > 7;
  return line.isAtLeast(7, 1) && hasDriver;
}

export function addUsbControllers(line: CommandLine, devices: readonly UsbDevice[]): void {
  if (line.isArm) line.devices.push("-device", `usb-ehci,id=ehci,${pciAddress(line, "ehci")}`);
  else if (!line.isQ35) line.devices.push("-device", `piix3-usb-uhci,id=uhci,${pciAddress(line, "piix3")}.0x2`);
  if (devices.length === 0) return;
  const isOne = usesOneController(line);
  const beyond = devices.find((device) => device.index > LAST_OLD_INDEX);
  if (!isOne && beyond !== undefined) {
    throw new BuildError(
      `using usb${beyond.index} is only possible with machine type >= 7.1 and ostype l26 or windows > 7`,
    );
  }
  const hasUsb2 = devices.some((device) => !device.isUsb3);
  if (!isOne && hasUsb2 && !line.isQ35 && !line.isArm) {
    line.devices.push("-readconfig", `${line.world.paths.qemuShare}/pve-usb.cfg`);
  }
  if (isOne) line.devices.push("-device", `qemu-xhci,p2=15,p3=15,id=xhci,${pciAddress(line, "xhci")}`);
  else if (devices.some((device) => device.isUsb3)) {
    line.devices.push("-device", `nec-usb-xhci,id=xhci,${pciAddress(line, "xhci")}`);
  }
}

/** An absolute pointer, so that the console's cursor is the guest's. */
export function addTablet(line: CommandLine, display: Display): void {
  const isWanted = display.heads === 0 && !isSerialDisplay(display);
  const bus = line.isQ35 || line.isArm ? "ehci.0" : "uhci.0";
  if (!isOn(line.isTemplate ? undefined : line.config.tablet, isWanted)) return;
  line.devices.push("-device", `usb-tablet,id=tablet,bus=${bus},port=1`);
  if (line.isArm) line.devices.push("-device", `usb-kbd,id=keyboard,bus=${bus},port=2`);
}

export function addUsbDevices(
  line: CommandLine,
  devices: readonly UsbDevice[],
  bootIndexes: ReadonlyMap<string, number>,
): void {
  const isOne = usesOneController(line);
  for (const device of devices) {
    const bus = isOne || device.isUsb3 ? "xhci.0" : "ehci.0";
    const bootIndex = bootIndexes.get(`usb${device.index}`);
    const boot = bootIndex === undefined ? "" : `,bootindex=${bootIndex}`;
    const port = isOne ? `,port=${device.index + 1}` : "";
    if (/^spice$/i.test(device.host)) {
      const { index } = device;
      line.devices.push("-chardev", `spicevmc,id=usbredirchardev${index},name=usbredir`);
      line.devices.push(
        "-device",
        `usb-redir,chardev=usbredirchardev${index},id=usbredirdev${index},bus=${bus}${port}${boot}`,
      );
    } else {
      line.devices.push("-device", `usb-host,bus=${bus}${port}${hostDevice(device)},id=usb${device.index}${boot}`);
    }
  }
}

function hostDevice({ index, host }: UsbDevice): string {
  const [, vendor, product] = /^(?:0x)?([0-9a-f]{4}):(?:0x)?([0-9a-f]{4})$/i.exec(host) ?? [];
  if (vendor !== undefined) return `,vendorid=0x${vendor},productid=0x${product}`;
  const [, bus, port] = /^(\d+)-(\d+(?:\.\d+)*)$/.exec(host) ?? [];
  if (bus !== undefined) return `,hostbus=${bus},hostport=${port}`;
  throw new BuildError(`usb${index}: no host device given`);
}
