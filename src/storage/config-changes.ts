/**
 * Changes to storage.cfg, each under the file's cluster lock: read, change, check, write if nobody else has written.
 */
import { logDropped } from "../cfs/config-warnings.ts";
import type { ClusterFs } from "../cfs/port.ts";
import type { Logger } from "../log/logger.ts";
import { splitList } from "../rest/split-list.ts";
import {
  assertDigest,
  createSection,
  printSections,
  type Section,
  type SectionFile,
  SectionUpdateError,
  updateSection,
} from "../section-config/index.ts";
import { parseContentDirs, printContentDirs, readStorageConfig, STANDARD_LOCAL_PATH, STORAGE_CFG } from "./config.ts";
import { StorageError } from "./errors.ts";
import type { NodeStorages } from "./node-storages.ts";
import { STORAGE_SECTIONS, STORAGE_TYPES } from "./types.ts";
import { matchVolumeId } from "./volume-names.ts";

export interface ConfigChangeDeps {
  readonly cfs: ClusterFs;
  readonly storages: NodeStorages;
  readonly log: Logger;
}

/** The file's own lock, as the cluster file system names it. */
const LOCK = "file-storage_cfg";
const LOCK_TIMEOUT_MS = 10_000;
const DIRECTORY_PATH = /^[-/a-zA-Z0-9_.@]+$/;

type Sections = Map<string, Section>;

async function change(
  { cfs, log }: ConfigChangeDeps,
  edit: (sections: Sections, file: SectionFile) => void | Promise<void>,
): Promise<void> {
  await cfs.lock(
    LOCK,
    async () => {
      const snapshot = await cfs.read(STORAGE_CFG);
      const { file } = readStorageConfig(snapshot);
      const sections: Sections = new Map(file.sections);
      await edit(sections, file);
      const broken = new Set([...file.broken].filter((id) => !sections.has(id)));
      const text = printSections(STORAGE_SECTIONS, { sections, order: file.order, broken });
      await cfs.write(STORAGE_CFG, text, { ifDigest: snapshot?.digest ?? null });
      logDropped(log, file.warnings);
    },
    { timeoutMs: LOCK_TIMEOUT_MS },
  );
}

/**
 * Adds a section, after its storage could be activated on this node (where it is meant to be used).
 * @throws SectionUpdateError, StorageError
 */
export async function addStorage(
  deps: ConfigChangeDeps,
  { storage, type, values }: { storage: string; type: string; values: Readonly<Record<string, unknown>> },
): Promise<void> {
  const section = checked(createSection(STORAGE_SECTIONS, type, normalized(type, values)));
  await change(deps, async (sections, file) => {
    const exists = sections.has(storage) || file.broken.has(storage) || storage === "local";
    if (exists) throw new StorageError(`storage ID '${storage}' already defined`);
    await deps.storages.tryOut(storage, section);
    sections.set(storage, section);
  });
}

/** @throws SectionUpdateError, SectionDigestError, StorageError */
export async function changeStorage(
  deps: ConfigChangeDeps,
  request: {
    readonly storage: string;
    readonly set: Readonly<Record<string, unknown>>;
    readonly remove: readonly string[];
    readonly digest?: string;
  },
): Promise<void> {
  const { storage, set, remove, digest } = request;
  await change(deps, (sections, file) => {
    assertDigest(file, digest);
    const before = sections.get(storage) ?? implied(storage);
    if (before === undefined) throw new StorageError(`storage '${storage}' does not exist`);
    const values = normalized(before.type, set);
    sections.set(storage, checked(updateSection(STORAGE_SECTIONS, before, { set: values, remove })));
  });
}

/** @throws StorageError when there is none, or another one builds on it. */
export async function removeStorage(deps: ConfigChangeDeps, storage: string): Promise<void> {
  await change(deps, (sections, file) => {
    if (!sections.has(storage) && !file.broken.has(storage)) {
      throw new StorageError(`storage '${storage}' does not exist`);
    }
    for (const { values } of sections.values()) {
      const base = typeof values.base === "string" ? matchVolumeId(values.base) : undefined;
      if (base?.storage === storage)
        throw new StorageError("can't remove storage - storage is used as base of another storage");
    }
    sections.delete(storage);
  });
}

/** The standard directory exists without a section; its first change writes one. */
function implied(storage: string): Section | undefined {
  if (storage !== "local") return undefined;
  const entry = readStorageConfig(undefined).entries.get("local");
  const content = [...(entry?.content ?? [])].sort().join(",");
  return { type: "dir", values: { path: STANDARD_LOCAL_PATH, content, "prune-backups": "keep-all=1" } };
}

/** Values in the spelling of the file. */
function normalized(type: string, values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) if (value !== undefined) result[name] = value;
  if (type === "dir" && typeof result.path === "string") {
    result.path = result.path.replace(/(?<=.)\/+$/, "");
    if (!DIRECTORY_PATH.test(String(result.path))) {
      throw new SectionUpdateError("path", `illegal path for directory storage: ${result.path}`);
    }
  }
  if (typeof result.content === "string") result.content = splitList(result.content).join(",") || "none";
  if (typeof result.nodes === "string") result.nodes = splitList(result.nodes).join(",");
  if (typeof result["content-dirs"] === "string") {
    result["content-dirs"] = printContentDirs(parseContentDirs(result["content-dirs"]));
  }
  return result;
}

/** The rules across values that one schema cannot say. */
function checked(section: Section): Section {
  const rules = STORAGE_TYPES[section.type];
  const { content, format } = section.values;
  const missing = Object.entries(rules?.options ?? {})
    .filter(([name, option]) => option.optional !== 1 && section.values[name] === undefined)
    .map(([name]) => name)
    .sort()[0];
  if (missing !== undefined) throw new SectionUpdateError(missing, `missing value for required option '${missing}'`);
  if (typeof content === "string") {
    const names = splitList(content);
    const allowed: readonly string[] = rules?.content ?? [];
    const refused = names.find((name) => !allowed.includes(name));
    if (refused !== undefined) {
      throw new SectionUpdateError("content", `storage does not support content type '${refused}'`);
    }
    if (names.includes("none") && names.length > 1) {
      throw new SectionUpdateError("content", "unable to combine 'none' with other content types");
    }
  }
  const formats: readonly string[] = rules?.formats ?? [];
  if (typeof format === "string" && !formats.includes(format)) {
    throw new SectionUpdateError("format", `storage does not support format '${format}'`);
  }
  return section;
}
