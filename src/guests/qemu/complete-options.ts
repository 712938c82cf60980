/** Options as they are stored: what the system fills in, and what is put in order. Pure but for the randomness given. */
import { splitList } from "../../rest/split-list.ts";
import type { DatacenterDefaults } from "./datacenter.ts";
import { DRIVE_KEYS } from "./drives.ts";
import { net as netProperties } from "./schema/devices.ts";
import { printProperties, readProperties } from "./values.ts";

/** Sources of what must be fresh or unique. */
export interface Randomness {
  uuid(): string;
  /** `count` random bytes. */
  bytes(count: number): Uint8Array;
}

/** A unicast address below `prefix` (`BC:24:11`). */
export function randomMac(prefix: string, random: Randomness): string {
  const given = prefix.split(":");
  const rest = [...random.bytes(6 - given.length)].map((byte) => byte.toString(16).padStart(2, "0"));
  return [...given, ...rest].join(":").toUpperCase();
}

/** Options as they are stored: cards get their address, `vmgenid: 1` its UUID, tags their order. */
export function completeOptions(
  options: Readonly<Record<string, string>>,
  context: { readonly datacenter: DatacenterDefaults; readonly random: Randomness },
): Record<string, string> {
  const complete: Record<string, string> = {};
  for (const [key, value] of Object.entries(options)) complete[key] = completeOption(key, value, context);
  return complete;
}

function completeOption(
  key: string,
  value: string,
  { datacenter, random }: { readonly datacenter: DatacenterDefaults; readonly random: Randomness },
): string {
  if (/^net\d+$/.test(key)) {
    const values = readProperties(key, netProperties, value);
    const macaddr =
      values.macaddr === undefined ? randomMac(datacenter.macPrefix, random) : String(values.macaddr).toUpperCase();
    return printProperties(netProperties, { ...values, macaddr });
  }
  if (key === "vmgenid" && value === "1") return random.uuid();
  if (key === "tags") return tidyTags(value, datacenter);
  return value;
}

function tidyTags(text: string, { keepsTagCase, keepsTagOrder }: DatacenterDefaults): string {
  const tags = splitList(text).map((tag) => (keepsTagCase ? tag : tag.toLowerCase()));
  const unique = [...new Set(tags)];
  return (keepsTagOrder ? unique : unique.sort()).join(";");
}

/** Splits options into those that are drives and the rest. */
export function splitDrives(options: Readonly<Record<string, string>>): {
  readonly drives: Record<string, string>;
  readonly plain: Record<string, string>;
} {
  const drives: Record<string, string> = {};
  const plain: Record<string, string> = {};
  for (const [key, value] of Object.entries(options)) (DRIVE_KEYS.has(key) ? drives : plain)[key] = value;
  return { drives, plain };
}
