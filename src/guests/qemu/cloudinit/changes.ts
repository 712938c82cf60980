/**
 * What a cloud-init drive does not know yet: the section keeps the values from which the drive was last made, for the
 * options that have changed since, and the names of those that are new. Pure.
 */
import { splitList } from "../../../rest/split-list.ts";
import type { VmConfig, VmConfigFile } from "../config.ts";

const KEYS = /^(?:name|cicustom|cipassword|citype|ciuser|ciupgrade|nameserver|searchdomain|sshkeys|ipconfig\d+)$/;

export const isCloudinitKey = (key: string): boolean => KEYS.test(key);

/** @returns the section after the config went from `before` to `after`; empty when the drive is up to date. */
export function trackChanges(section: VmConfig, before: VmConfig, after: VmConfig): VmConfig {
  const { added: addedText, ...old } = section;
  const added = new Set(splitList(addedText ?? ""));
  const known: Record<string, string> = { ...old };
  const keys = new Set([...Object.keys(before), ...Object.keys(after)].filter(isCloudinitKey));
  for (const key of keys) {
    const now = after[key];
    const isTracked = added.has(key) || Object.hasOwn(known, key);
    if (!isTracked && before[key] !== now) {
      if (before[key] === undefined) added.add(key);
      else known[key] = before[key];
    }
    // Back to what the drive has: nothing to tell.
    if (added.has(key) && now === undefined) added.delete(key);
    if (known[key] !== undefined && known[key] === now) delete known[key];
  }
  return added.size === 0 ? known : { ...known, added: [...added].sort().join(",") };
}

/** The file once the drive was made from its current config. */
export function withoutChanges(file: VmConfigFile): VmConfigFile {
  const { cloudinit: _, ...special } = file.special;
  return { ...file, special };
}

export interface CloudinitRow {
  readonly key: string;
  /** What the drive has. */
  readonly value?: string;
  /** What it will have once it is made anew. */
  readonly pending?: string;
  readonly delete?: 1;
}

const HIDDEN_PASSWORD = "**********";

export function cloudinitRows(current: VmConfig, section: VmConfig): CloudinitRow[] {
  const { added: addedText, ...old } = section;
  const added = new Set(splitList(addedText ?? ""));
  const keys = [...new Set([...Object.keys(current), ...Object.keys(old)])].filter(isCloudinitKey).sort();
  return keys.map((key) => {
    const shown = (text: string): string => (key === "cipassword" ? HIDDEN_PASSWORD : text);
    const now = current[key];
    const drive = added.has(key) ? undefined : (old[key] ?? now);
    const isChanged = drive !== now;
    return {
      key,
      ...(drive === undefined ? {} : { value: shown(drive) }),
      ...(isChanged && now !== undefined ? { pending: shown(now) } : {}),
      ...(isChanged && now === undefined ? { delete: 1 as const } : {}),
    };
  });
}
