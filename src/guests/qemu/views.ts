/** What callers see of a config: values with the types of their schema, secrets hidden. */
import { parsePendingDelete } from "../config/pending-delete.ts";
import type { VmConfig, VmConfigFile } from "./config.ts";
import { VmRefusedError } from "./config-error.ts";
import { storedOption } from "./schema/options.ts";

export type ConfigView = Readonly<Record<string, string | number>>;

const HIDDEN_PASSWORD = "**********";

interface Views {
  readonly current: ConfigView;
  readonly merged: ConfigView;
}
const views = new WeakMap<VmConfigFile, Views>();

/** The config with pending changes applied, or as it is now. The same object for the same file. */
export function configView(file: VmConfigFile, isCurrent: boolean): ConfigView {
  let made = views.get(file);
  if (made === undefined) {
    const current = typedView(file.current, file.digest);
    const hasPending = Object.keys(file.pending).length > 0;
    made = { current, merged: hasPending ? typedView(withPending(file), file.digest) : current };
    views.set(file, made);
  }
  return isCurrent ? made.current : made.merged;
}

/** @throws VmRefusedError for an unknown snapshot. */
export function snapshotView(file: VmConfigFile, name: string): ConfigView {
  const snapshot = Object.hasOwn(file.snapshots, name) ? file.snapshots[name] : undefined;
  if (snapshot === undefined) throw new VmRefusedError(`snapshot '${name}' does not exist`);
  return typedView(snapshot, file.digest);
}

/** The config as the next cold start will see it. */
export function withPending(file: Pick<VmConfigFile, "current" | "pending">): VmConfig {
  const { delete: removed, ...changes } = file.pending;
  const merged: Record<string, string> = { ...file.current };
  for (const key of parsePendingDelete(removed).keys()) delete merged[key];
  return { ...merged, ...changes };
}

function typedView(config: VmConfig, digest: string): ConfigView {
  const view: Record<string, string | number> = {};
  for (const [key, value] of Object.entries(config)) view[key] = typedValue(key, value);
  view.digest = digest;
  return Object.freeze(view);
}

function typedValue(key: string, value: string): string | number {
  if (key === "cipassword") return HIDDEN_PASSWORD;
  const type = storedOption(key)?.type;
  return type === "boolean" || type === "integer" || type === "number" ? Number(value) : value;
}

export interface PendingRow {
  readonly key: string;
  readonly value?: string;
  readonly pending?: string;
  /** 1: will be removed, 2: with the volume behind it. */
  readonly delete?: 1 | 2;
}

/** One row a key: what is, what will be. */
export function pendingRows(file: VmConfigFile): PendingRow[] {
  const removed = parsePendingDelete(file.pending.delete);
  const keys = new Set([...Object.keys(file.current), ...Object.keys(file.pending), ...removed.keys()]);
  keys.delete("delete");
  return [...keys].sort().map((key) => {
    const shown = (text: string): string => (key === "cipassword" ? HIDDEN_PASSWORD : text);
    const value = file.current[key];
    const pending = file.pending[key];
    const mark = removed.get(key);
    return {
      key,
      ...(value === undefined ? {} : { value: shown(value) }),
      ...(pending === undefined ? {} : { pending: shown(pending) }),
      ...(mark === undefined ? {} : { delete: mark.isForced ? (2 as const) : (1 as const) }),
    };
  });
}
