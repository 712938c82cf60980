/** Who may set or remove which key of a VM. */

import { permissionError } from "../../../rest/errors.ts";
import type { CallContext } from "../../../rest/method.ts";
import { namedProperties } from "../../../rest/property-string.ts";
import { asksForCloudinit } from "../disks.ts";
import { DRIVE_KEYS, type Drive, isCloudinitDrive } from "../drives.ts";
import { usb as usbProperties, virtiofs as virtiofsProperties } from "../schema/devices.ts";
import { readProperties } from "../values.ts";

export const ROOT = "root@pam";

const KEYS_BY_PRIVILEGE: Readonly<Record<string, string>> = {
  "VM.Config.CPU": "cores cpu runningcpu cpulimit cpuunits numa smp sockets vcpus",
  "VM.Config.Memory": "memory balloon shares allow-ksm",
  "VM.Config.HWType": "acpi hotplug kvm machine runningmachine scsihw smbios1 tablet vga watchdog audio0 rng0",
  "VM.Config.Options":
    "agent autostart bios description keyboard localtime migrate_downtime migrate_speed name onboot ostype protection reboot startdate startup tdf template tags",
  "VM.PowerMgmt": "freeze",
  "VM.Config.Disk": "boot bootdisk vmstatestorage vmstate",
};
const PRIVILEGE_BY_KEY: ReadonlyMap<string, string> = new Map(
  Object.entries(KEYS_BY_PRIVILEGE).flatMap(([privilege, keys]) =>
    keys.split(" ").map((key) => [key, privilege] as const),
  ),
);
const CLOUDINIT_KEYS = new Set(
  "cicustom cipassword citype ciuser ciupgrade nameserver searchdomain sshkeys".split(" "),
);
const CLOUDINIT_PRIVILEGES = ["VM.Config.Cloudinit", "VM.Config.Network"];

/** The VM whose keys are set, and the pool that it will be in, where rights may come from too. */
export interface GuestScope {
  readonly vmid: number;
  readonly pool?: string;
}

/** @throws ApiError 403 unless the caller has `privileges` on the VM or its future pool. */
export function checkGuest(
  call: CallContext,
  scope: GuestScope,
  privileges: readonly string[],
  options: { readonly any?: boolean } = {},
): void {
  if (scope.pool !== undefined && call.can(`/pool/${scope.pool}`, privileges, options)) return;
  call.check(`/vms/${scope.vmid}`, privileges, options);
}

export const isRoot = (call: CallContext): boolean => call.authid === ROOT;

/**
 * @param drive the drive of a drive key: as it will be, or as it was when it is removed.
 * @param value as it will be, or as it was when it is removed or replaced; undefined when there is none.
 * @throws ApiError 403
 */
export function checkOption(
  call: CallContext,
  scope: GuestScope,
  option: { readonly key: string; readonly value: string | undefined; readonly drive?: Drive },
): void {
  const { key, value, drive } = option;
  if (isRoot(call)) return;
  if (DRIVE_KEYS.has(key)) {
    checkDriveKey(call, scope, drive);
    return;
  }
  if (/^unused\d+$/.test(key)) {
    checkGuest(call, scope, ["VM.Config.Disk"]);
    return;
  }
  if (/^net\d+$/.test(key)) {
    checkGuest(call, scope, ["VM.Config.Network"]);
    return;
  }
  if (/^numa\d+$/.test(key)) {
    checkGuest(call, scope, ["VM.Config.CPU"]);
    return;
  }
  if (CLOUDINIT_KEYS.has(key) || /^ipconfig\d+$/.test(key)) {
    checkGuest(call, scope, CLOUDINIT_PRIVILEGES, { any: true });
    return;
  }
  const family = /^(serial|usb|hostpci|virtiofs)\d+$/.exec(key)?.[1];
  if (family !== undefined) {
    checkHostDevice(call, scope, { key, family, value });
    return;
  }
  const privilege = PRIVILEGE_BY_KEY.get(key);
  if (privilege === undefined) throw onlyRoot(key);
  checkGuest(call, scope, [privilege]);
  if (key === "vmstate") checkGuest(call, scope, ["VM.PowerMgmt"]);
  if (key === "startup") call.check("/", ["Sys.Modify"]);
}

function onlyRoot(key: string, detail = ""): Error {
  return permissionError(`only root can set '${key}' config${detail}`);
}

function checkDriveKey(call: CallContext, scope: GuestScope, drive: Drive | undefined): void {
  if (drive !== undefined && (isCloudinitDrive(drive) || asksForCloudinit(drive))) {
    checkGuest(call, scope, ["VM.Config.Cloudinit", "VM.Config.CDROM"]);
    return;
  }
  checkGuest(call, scope, [drive?.isCdrom === true ? "VM.Config.CDROM" : "VM.Config.Disk"]);
}

/** Where the properties of a host device name a mapping: the format, its key and the kind of mapping. */
const MAPPED = {
  usb: { properties: () => usbProperties, key: "mapping", kind: "usb" },
  hostpci: { properties: () => namedProperties("pve-qm-hostpci"), key: "mapping", kind: "pci" },
  virtiofs: { properties: () => virtiofsProperties, key: "dirid", kind: "dir" },
} as const;

function checkHostDevice(
  call: CallContext,
  scope: GuestScope,
  option: { readonly key: string; readonly family: string; readonly value: string | undefined },
): void {
  const { key, family, value } = option;
  if (family === "serial") {
    if (value !== undefined && value !== "socket") throw onlyRoot(key, " for real devices");
    checkGuest(call, scope, ["VM.Config.HWType"]);
    return;
  }
  checkGuest(call, scope, ["VM.Config.HWType"]);
  if (value === undefined) return;
  const mapped = MAPPED[family as keyof typeof MAPPED];
  const values = readProperties(key, mapped.properties(), value);
  const mapping = values[mapped.key];
  if (mapping !== undefined) {
    call.check(`/mapping/${mapped.kind}/${mapping}`, ["Mapping.Use"]);
    return;
  }
  const isSpice = family === "usb" && /^spice$/i.test(String(values.host ?? ""));
  if (!isSpice) throw onlyRoot(key, " for real devices");
}
