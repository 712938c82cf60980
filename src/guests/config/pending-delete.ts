/**
 * The list of keys to be deleted at the next chance, kept in the pending section as `delete: a,!b`. A `!` marks a forced
 * deletion: the volume behind the key goes too.
 */
import { splitList } from "../../rest/split-list.ts";

export type PendingDelete = ReadonlyMap<string, { readonly isForced: boolean }>;

export function parsePendingDelete(text: string | undefined): Map<string, { readonly isForced: boolean }> {
  const keys = new Map<string, { readonly isForced: boolean }>();
  for (const item of splitList(text ?? "")) {
    const isForced = item.startsWith("!");
    keys.set(isForced ? item.slice(1) : item, { isForced });
  }
  return keys;
}

/** @returns undefined when nothing is left, so that the key goes. */
export function printPendingDelete(keys: PendingDelete): string | undefined {
  if (keys.size === 0) return undefined;
  return [...keys]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { isForced }]) => (isForced ? `!${key}` : key))
    .join(",");
}

type Section = Readonly<Record<string, string>>;

/** Sets the mark anew, whatever it was. @returns the pending section afterwards. */
export function addPendingDelete(pending: Section, key: string, isForced = false): Section {
  const keys = parsePendingDelete(pending.delete);
  keys.set(key, { isForced });
  return withDelete(pending, keys);
}

export function removePendingDelete(pending: Section, key: string): Section {
  const keys = parsePendingDelete(pending.delete);
  keys.delete(key);
  return withDelete(pending, keys);
}

/** Drops what is no change: values that the current config has already, deletions of keys that it lacks. */
export function cleanupPending(current: Section, pending: Section): Section {
  const keys = parsePendingDelete(pending.delete);
  for (const key of keys.keys()) if (!Object.hasOwn(current, key)) keys.delete(key);
  const changes = Object.entries(pending).filter(([key, value]) => key !== "delete" && current[key] !== value);
  return withDelete(Object.fromEntries(changes), keys);
}

function withDelete(pending: Section, keys: PendingDelete): Section {
  const { delete: _, ...rest } = pending;
  const text = printPendingDelete(keys);
  return text === undefined ? rest : { ...rest, delete: text };
}
