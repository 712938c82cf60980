/** Whether and under which name a storage takes a file that somebody sends. Pure. */
import type { StorageEntry } from "./port.ts";
import { STORAGE_TYPES } from "./types.ts";
import { normalizeFileName } from "./volume-names.ts";

export type UploadTarget =
  | { readonly kind: "accepted"; readonly volname: string }
  /** The name is not one of that content. */
  | { readonly kind: "wrong-name"; readonly message: string }
  /** The storage does not take such content. */
  | { readonly kind: "refused"; readonly message: string };

const NAMES: Readonly<Record<string, { readonly pattern: RegExp; readonly message: string }>> = {
  iso: { pattern: /.\.(?:iso|img)$/i, message: "wrong file extension" },
  vztmpl: { pattern: /.\.tar(?:\.(?:gz|xz|zst|bz2))?$/, message: "wrong file extension" },
  import: {
    pattern: /^[a-zA-Z0-9\-.+=_]+\.(?:ova|qcow2|raw|vmdk)$/,
    message: "invalid filename or wrong extension",
  },
};

export function uploadTarget(entry: StorageEntry, content: string, filename: string): UploadTarget {
  const { storage, type } = entry;
  if (STORAGE_TYPES[type]?.isDirectory !== true) {
    return { kind: "refused", message: `can't upload to storage type '${type}'` };
  }
  const name = normalizeFileName(filename);
  const rule = NAMES[content];
  if (rule === undefined) return { kind: "refused", message: `upload content type '${content}' not allowed` };
  if (!rule.pattern.test(name)) return { kind: "wrong-name", message: rule.message };
  if (!entry.content.has(content)) {
    return { kind: "refused", message: `storage '${storage}' does not support '${content}' content` };
  }
  return { kind: "accepted", volname: `${content}/${name}` };
}
