/** Guest ids, options and devices. */
import { splitList } from "../split-list.ts";
import { byPattern, byTest, type FormatCheck } from "./format.ts";
import { isKnownTimezone } from "./host-tables.ts";

/** Device families with the number of slots each has. */
const BOOT_DISKS = { ide: 4, scsi: 31, virtio: 16, sata: 6 };
const BOOT_DEVICES = { ...BOOT_DISKS, net: 32, usb: 14, hostpci: 16 };

function isSlot(value: string, families: Readonly<Record<string, number>>): boolean {
  const [, family = "", slot = ""] = /^([a-z]+)(0|[1-9]\d?)$/.exec(value) ?? [];
  const count = Object.hasOwn(families, family) ? families[family] : undefined;
  return count !== undefined && Number(slot) < count;
}

/** `N`, or `A-B` with A ≤ B, in a comma list; trailing commas and blanks around items are fine. */
const cpuset: FormatCheck = (value) => {
  const items = value.replace(/,+$/, "").split(",");
  const isRange = (item: string): boolean => {
    const [, first, last] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(item) ?? [];
    return first !== undefined && (last === undefined || Number(first) <= Number(last));
  };
  return value === "" || items.every(isRange) ? undefined : "unable to parse cpuset option";
};

const HOTPLUG = new Set(["network", "disk", "cpu", "memory", "usb", "cloudinit"]);

const hotplug: FormatCheck = (value) => {
  if (value === "0" || value === "1") return undefined;
  const bad = splitList(value).find((item) => !HOTPLUG.has(item));
  return bad === undefined ? undefined : `invalid hotplug feature '${bad}'`;
};

const startupOrder: FormatCheck = (value) => {
  const items = value.split(",").filter((item) => item.trim() !== "");
  const fits = items.length > 0 && items.every((item) => /^(?:(?:order|up|down)=)?\d+$/.test(item));
  return fits && value !== "0" ? undefined : "unable to parse startup options";
};

const replicationJob: FormatCheck = (value) => {
  const [, guest] = /^(\d+)-\d+$/.exec(value) ?? [];
  if (guest === undefined) return `invalid replication job id '${value}'`;
  return Number(guest) >= 100 ? undefined : `invalid replication job id '${value}' (guest IDs < 100 are reserved)`;
};

function isDevicePath(value: string): boolean {
  return value.startsWith("/dev/") && !value.split("/").some((name) => name === "." || name === "..");
}

/** No `.` or `..` between two slashes or after the last one, and no `../` at the start. */
function isMountPointText(value: string): boolean {
  return !/\/\.{1,2}(?:\/|$)/.test(value) && !value.startsWith("../");
}

export const guestFormats = {
  "pve-configid": byPattern(/^[a-z][a-z0-9_-]+$/i, "invalid configuration ID '{v}'"),
  "pve-cpuset": cpuset,
  "pve-ct-timezone": byTest((v) => v === "host" || isKnownTimezone(v), "invalid time zone '{v}'"),
  "pve-ha-node": byPattern(
    /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?::\d+)?$/,
    "value does not look like a valid ha node",
  ),
  "pve-ha-resource-id": byPattern(/^[a-z]+:\S+$/, "value does not look like a valid ha resource id"),
  "pve-ha-resource-or-vm-id": byPattern(/^(?:[a-z]+:\S+|\d+)$/, "value does not look like a valid ha resource id"),
  "pve-hotplug-features": hotplug,
  "pve-lxc-dev-string": byTest(isDevicePath, "{v} is not a valid device path"),
  "pve-lxc-mp-string": byTest(isMountPointText, "{v} contains illegal character sequences"),
  "pve-phys-bits": byTest(
    (v) => v === "host" || (/^\d{1,2}$/.test(v) && Number(v) >= 8 && Number(v) <= 64),
    "value must be an integer between 8 and 64 or 'host'",
  ),
  "pve-qm-bootdev": byTest((v) => isSlot(v, BOOT_DEVICES), "invalid boot device '{v}'"),
  "pve-qm-bootdisk": byTest(
    (v) => v === "efidisk0" || v === "tpmstate0" || isSlot(v, BOOT_DISKS),
    "invalid boot disk '{v}'",
  ),
  "pve-replication-job-id": replicationJob,
  "pve-startup-order": startupOrder,
  "pve-tag": byPattern(/^[a-z0-9_][a-z0-9_\-+.]*$/i, "invalid characters in tag"),
  "pve-vmid": byPattern(/^[1-9][0-9]{2,8}$/, "value does not look like a valid VM ID"),
} satisfies Record<string, FormatCheck>;
