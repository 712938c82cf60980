/**
 * storage.cfg: sections to entries with every default filled in. Pure. `local` always exists and is always the standard
 * directory; where that directory is decides the layout, not the file.
 */
import type { FileSnapshot } from "../cfs/port.ts";
import { checkPropertyString, namedProperties } from "../rest/property-string.ts";
import { splitList } from "../rest/split-list.ts";
import { parseSections, type Section, type SectionFile } from "../section-config/index.ts";
import type { StorageEntry } from "./port.ts";
import { BWLIMIT_PROPERTIES } from "./properties.ts";
import { STORAGE_SECTIONS, STORAGE_TYPES } from "./types.ts";

export const STORAGE_CFG = "storage.cfg";
/** The path of `local` as the file says it, on every node and in every layout. */
export const STANDARD_LOCAL_PATH = "/var/lib/vz";

export interface StorageConfig {
  /** As written, for changes to the file. */
  readonly file: SectionFile;
  /** `local` first when it was not in the file, else file order. */
  readonly entries: ReadonlyMap<string, StorageEntry>;
  readonly warnings: readonly string[];
}

const DEFAULT_LOCAL: Section = {
  type: "dir",
  values: {
    path: STANDARD_LOCAL_PATH,
    content: "backup,images,iso,rootdir,snippets,vztmpl",
    "prune-backups": "keep-all=1",
  },
};

/** Never throws: what is wrong becomes a warning and costs the smallest part. */
export function readStorageConfig(snapshot: FileSnapshot | undefined): StorageConfig {
  const file = parseSections(STORAGE_SECTIONS, snapshot?.data.toString("utf8") ?? "", { fileName: STORAGE_CFG });
  const warnings = [...file.warnings];
  const sections = new Map<string, Section>();
  const local = file.sections.get("local");
  const isStandard = local?.type === "dir" && local.values.path === STANDARD_LOCAL_PATH;
  if (!isStandard) sections.set("local", DEFAULT_LOCAL);
  for (const id of file.order) {
    const section = file.sections.get(id);
    if (section !== undefined && !sections.has(id)) sections.set(id, section);
  }
  const entries = new Map<string, StorageEntry>();
  for (const [id, section] of sections) {
    const warn: WarnOfKey = (key, text) => {
      const line = file.lines.get(id)?.get(key);
      warnings.push(`file ${STORAGE_CFG} line ${line} (section '${id}') - ${text}`);
    };
    entries.set(id, entryOf(id, section, warn));
  }
  return { file, entries, warnings };
}

/** Told of a key whose value cannot be used as it is. */
type WarnOfKey = (key: string, text: string) => void;

/** One section with its defaults; what the type does not have is left out and told. */
export function entryOf(storage: string, { type, values }: Section, warn: WarnOfKey = () => {}): StorageEntry {
  const rules = STORAGE_TYPES[type];
  const options: Record<string, unknown> = { ...values };
  if (options.path === undefined && (type === "nfs" || type === "cifs" || type === "cephfs")) {
    options.path = `/mnt/pve/${storage}`;
  }
  const formats: readonly string[] = rules?.formats ?? [];
  if (typeof values.format === "string" && !formats.includes(values.format)) {
    warn("format", `storage does not support format '${values.format}'`);
    delete options.format;
  }
  if (typeof values["content-dirs"] === "string") options["content-dirs"] = parseContentDirs(values["content-dirs"]);
  const { content, refused } = contentOf(type, values.content);
  for (const name of refused) warn("content", `storage does not support content type '${name}'`);
  const nodes = typeof values.nodes === "string" && storage !== "local" ? splitList(values.nodes) : [];
  return {
    storage,
    type,
    content,
    isShared: rules?.isAlwaysShared === true || values.shared === true,
    isEnabled: values.disable !== true,
    ...(nodes.length === 0 ? {} : { nodes: new Set(nodes) }),
    options,
  };
}

function contentOf(type: string, value: unknown): { content: Set<string>; refused: string[] } {
  const rules = STORAGE_TYPES[type];
  if (typeof value !== "string") return { content: new Set<string>(rules?.defaultContent), refused: [] };
  const allowed: readonly string[] = rules?.content ?? [];
  const wanted = splitList(value);
  const content = new Set(wanted.filter((name) => allowed.includes(name)));
  return { content, refused: wanted.filter((name) => !allowed.includes(name)) };
}

/** `type=path,…` to a table. */
export function parseContentDirs(text: string): Record<string, string> {
  const dirs: Record<string, string> = {};
  for (const item of splitList(text)) {
    const equals = item.indexOf("=");
    dirs[item.slice(0, equals)] = item.slice(equals + 1);
  }
  return dirs;
}

export function printContentDirs(dirs: Readonly<Record<string, string>>): string {
  return Object.keys(dirs)
    .sort()
    .map((name) => `${name}=${dirs[name]}`)
    .join(",");
}

/** KiB/s by operation; undefined when the storage sets none. */
export function bandwidthLimitsOf(entry: StorageEntry): Readonly<Record<string, number>> | undefined {
  return typeof entry.options.bwlimit === "string" ? parseBandwidthLimits(entry.options.bwlimit) : undefined;
}

/** @returns undefined for a text that is no such property string. */
export function parseBandwidthLimits(text: string): Readonly<Record<string, number>> | undefined {
  const result = checkPropertyString(BWLIMIT_PROPERTIES, text);
  if (!result.ok) return undefined;
  const limits: Record<string, number> = {};
  for (const [name, value] of Object.entries(result.value)) if (typeof value === "number") limits[name] = value;
  return limits;
}

/** Keep rules by name (`keep-last` …), 0 where none is given. @returns undefined for a text that is no such string. */
export function parsePruneRules(text: string): Readonly<Record<string, number>> | undefined {
  const result = checkPropertyString(namedProperties("prune-backups"), text);
  if (!result.ok) return undefined;
  return Object.fromEntries(Object.entries(result.value).map(([name, value]) => [name, Number(value)]));
}
