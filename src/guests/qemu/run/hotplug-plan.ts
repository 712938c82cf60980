/** What a change of one key means for a running guest. Pure. */
import { cardsOf, type NetCard } from "../builder/network.ts";
import type { VmConfig } from "../config.ts";
import { type Drive, drivesOf } from "../drives.ts";

export type PlugStep =
  /** Waits for the next start. */
  | { readonly kind: "pending" }
  | { readonly kind: "refused"; readonly why: string }
  /** Nothing that the guest or QEMU would notice. */
  | { readonly kind: "noted" }
  | { readonly kind: "plug" }
  | { readonly kind: "unplug" }
  /** Out, then in again. */
  | { readonly kind: "replace" }
  | { readonly kind: "medium" }
  | { readonly kind: "limits" }
  /** The card stays, its other end changes. */
  | { readonly kind: "rewire" };

const PENDING = { kind: "pending" } as const;
/** Throughput of a drive: names with or without direction, burst and its length. */
const LIMIT = /^(?:bps|mbps|iops)(?:_(?:rd|wr))?(?:_max)?(?:_length)?$/;
/** Parts of a drive that only we read. */
const DRIVE_NOTES = new Set(["backup", "replicate", "shared", "size"]);
/** Parts of a card that the guest sees or that its backend is made of. */
const CARD_TRAITS = ["model", "macaddr", "queues", "mtu", "host-tunnel"];
/** Parts of a card that nothing brings about while it runs. */
const CARD_AT_START = ["tag", "trunks", "rate"];

/** Whether `hotplug` of the config covers a kind of device. */
export function mayPlug(config: VmConfig, kind: "network" | "disk"): boolean {
  const { hotplug } = config;
  if (hotplug === undefined || hotplug === "1") return true;
  return hotplug.split(/[\s,;]+/).includes(kind);
}

/** @param after undefined: the key goes. */
export function drivePlan(config: VmConfig, key: string, after: string | undefined): PlugStep {
  if (!mayPlug(config, "disk")) return PENDING;
  const old = driveAt(config, key);
  const next = after === undefined ? undefined : driveAt({ [key]: after }, key);
  if (old === undefined) return next !== undefined && isPluggable(next) ? { kind: "plug" } : PENDING;
  if (next === undefined) return leaving(config, old, "unplug");
  if (old.isCdrom !== next.isCdrom) return { kind: "refused", why: "unable to change media type" };
  if (old.isCdrom) return { kind: "medium" };
  if (old.file !== next.file) return leaving(config, old, "replace");
  const changed = differing(old.options, next.options).filter((name) => !DRIVE_NOTES.has(name));
  if (changed.length === 0) return { kind: "noted" };
  return changed.every((name) => LIMIT.test(name)) ? { kind: "limits" } : PENDING;
}

/** @param after undefined: the key goes. */
export function cardPlan(config: VmConfig, key: string, after: string | undefined): PlugStep {
  if (!mayPlug(config, "network")) return PENDING;
  const old = cardAt(config, key);
  if (after === undefined) return old === undefined ? PENDING : { kind: "unplug" };
  if (old === undefined) return { kind: "plug" };
  const changed = differing(old.options, cardAt({ [key]: after }, key)?.options ?? {});
  const hadBridge = old.options.bridge !== undefined;
  const losesBridge = changed.includes("bridge") && hadBridge !== /(?:^|,)bridge=/.test(after);
  if (losesBridge || changed.some((name) => CARD_TRAITS.includes(name))) return { kind: "replace" };
  if (changed.some((name) => CARD_AT_START.includes(name))) return PENDING;
  return changed.some((name) => name === "bridge" || name === "link_down") ? { kind: "rewire" } : { kind: "noted" };
}

function leaving(config: VmConfig, drive: Drive, kind: "unplug" | "replace"): PlugStep {
  if (!isPluggable(drive)) return PENDING;
  if (isBootDisk(config, drive)) return { kind: "refused", why: `can't unplug bootdisk '${drive.key}'` };
  return { kind };
}

function isPluggable({ bus }: Drive): boolean {
  return bus === "scsi" || bus === "virtio";
}

function isBootDisk({ boot, bootdisk }: VmConfig, { key, isCdrom }: Drive): boolean {
  if (isCdrom) return false;
  const order = /(?:^|,)order=([^,]*)/.exec(boot ?? "")?.[1]?.split(";") ?? [];
  return order.includes(key) || bootdisk === key;
}

function driveAt(config: VmConfig, key: string): Drive | undefined {
  return drivesOf(config).find((drive) => drive.key === key);
}

function cardAt(config: VmConfig, key: string): NetCard | undefined {
  return cardsOf(config).find((card) => card.key === key);
}

function differing(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => a[name] !== b[name]);
}
