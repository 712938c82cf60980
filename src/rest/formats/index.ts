/** The table of every named format. `<name>-list` and `<name>-opt` follow from `<name>`. */
import { accessFormats } from "./access.ts";
import { cpuProperties } from "./cpu-properties.ts";
import { firewallFormats } from "./firewall.ts";
import type { FormatCheck, PropertyFormat } from "./format.ts";
import { guestFormats } from "./guests.ts";
import { networkFormats } from "./network.ts";
import { qemuProperties } from "./qemu-properties.ts";
import { sdnFormats } from "./sdn.ts";
import { sharedProperties } from "./shared-properties.ts";
import { storageFormats } from "./storage.ts";
import { textFormats } from "./texts.ts";

export { formatDiskSize, parseDiskSize } from "./disk-size.ts";
export { PRIVILEGES } from "./privileges.ts";

const scalars: Readonly<Record<string, FormatCheck>> = {
  ...accessFormats,
  ...firewallFormats,
  ...guestFormats,
  ...networkFormats,
  ...sdnFormats,
  ...storageFormats,
  ...textFormats,
};

const propertyFormats: Readonly<Record<string, PropertyFormat>> = Object.fromEntries(
  Object.entries({
    ...qemuProperties,
    ...sharedProperties,
    ...cpuProperties,
    "pve-vm-cpu-conf": cpuProperties["pve-cpu-conf"],
  }).map(([name, properties]): [string, PropertyFormat] => [
    name,
    name === "prune-backups" ? { properties, check: keepAllStandsAlone } : { properties },
  ]),
);

function keepAllStandsAlone(value: Readonly<Record<string, unknown>>): string | undefined {
  const keepsAll = value["keep-all"] === true;
  return keepsAll && Object.keys(value).length > 1 ? "keep-all cannot be set together with other options." : undefined;
}

export function scalarFormat(name: string): FormatCheck | undefined {
  return Object.hasOwn(scalars, name) ? scalars[name] : undefined;
}

export function propertyFormat(name: string): PropertyFormat | undefined {
  return Object.hasOwn(propertyFormats, name) ? propertyFormats[name] : undefined;
}

export function scalarFormatNames(): string[] {
  return Object.keys(scalars);
}
