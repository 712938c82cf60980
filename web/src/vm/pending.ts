/** Changes that wait for the next start, from `…/pending`. */
import { type Device, devicesOf, type GuestConfig } from "../guest/devices.ts";

export interface PendingChange {
  readonly key: string;
  readonly current: string | undefined;
  /** Absent when the key goes. */
  readonly pending: string | undefined;
}

export function pendingKeys(rows: readonly unknown[] | undefined): readonly PendingChange[] {
  return (rows ?? []).flatMap((row) => {
    const { key, value, pending, delete: goes } = row as Readonly<Record<string, unknown>>;
    if (typeof key !== "string" || (pending === undefined && goes !== 1 && goes !== 2)) return [];
    return [
      {
        key,
        current: value === undefined || value === null ? undefined : String(value),
        pending: pending === undefined ? undefined : String(pending),
      },
    ];
  });
}

/** What a device will be from the next start on. */
export interface DeviceChange {
  readonly keys: readonly string[];
  /** Undefined when it goes. */
  readonly sentence: string | undefined;
}

/** Devices that are told by more keys than their own. */
const KEYS_OF: Readonly<Record<string, readonly string[]>> = {
  cores: ["cores", "sockets", "cpu", "vcpus", "numa"],
  memory: ["memory", "balloon", "shares"],
};

/**
 * @param config as it is now, without what waits.
 * @returns by the device's key, and the devices that come.
 */
export function deviceChanges(
  config: GuestConfig,
  changes: readonly PendingChange[],
): {
  readonly changed: ReadonlyMap<string, DeviceChange>;
  readonly coming: readonly Device[];
  /** Changes of what is no device. */
  readonly others: readonly PendingChange[];
} {
  const next: Record<string, unknown> = { ...config };
  for (const { key, pending } of changes) next[key] = pending;
  const devices = devicesOf(config);
  const then = new Map(devicesOf(next).map((device) => [device.key, device]));
  const changed = new Map<string, DeviceChange>();
  for (const { key, sentence } of devices) {
    const own = changes.filter((change) => (KEYS_OF[key] ?? [key]).includes(change.key));
    if (own.length === 0) continue;
    const told = then.get(key)?.sentence;
    // What the sentence leaves out is told by its keys.
    const raw = own.map((change) => `${change.key} ${change.pending ?? ""}`.trim()).join(", ");
    changed.set(key, { keys: own.map((change) => change.key), sentence: told === sentence ? raw : told });
  }
  const present = new Set(devices.map(({ key }) => key));
  const coming = [...then.values()].filter(({ key }) => !present.has(key));
  const told = new Set([...coming.map(({ key }) => key), ...[...changed.values()].flatMap(({ keys }) => keys)]);
  return { changed, coming, others: changes.filter(({ key }) => !told.has(key)) };
}
