/**
 * A VM's config file as an object, and back. Values stay text in their stored form: checked, with old spellings made
 * new; `options.ts` reads single values into typed objects. Pure.
 */
import { createHash } from "node:crypto";
import { decodeDescription, encodeDescription } from "../config/description.ts";
import { readLines, type Section, sortedKeys } from "../config/sections.ts";
import { VmConfigError } from "./config-error.ts";
import { DRIVE_KEYS, isCloudinitDrive, normalizeDrive, readDrive } from "./drives.ts";
import { storedOption } from "./schema/options.ts";
import { checkOption, OptionError } from "./values.ts";

/** Keys and values of one state of a VM; `description` is decoded text. */
export type VmConfig = Section;

export interface VmConfigFile {
  readonly current: VmConfig;
  /** Changes that wait for the next start, and `delete`, the list of keys that will go. */
  readonly pending: VmConfig;
  readonly snapshots: Readonly<Record<string, VmConfig>>;
  readonly special: { readonly cloudinit?: VmConfig; readonly fleecing?: VmConfig };
  /** SHA-1 of the text, 40 hex digits. */
  readonly digest: string;
  /** What was dropped in reading, one line each. */
  readonly warnings: readonly string[];
}

export interface ParseVmOptions {
  readonly vmid: number;
  /** Throw at the first thing that would be dropped. */
  readonly strict?: boolean;
}

const SNAPSHOT_NAME = /^[a-z][a-z0-9_-]+$/i;
const MAX_SNAPSHOT_NAME_CHARS = 40;
const SPECIAL_NAMES = ["cloudinit", "fleecing"] as const;
type SpecialName = (typeof SPECIAL_NAMES)[number];

type SectionKind = "current" | "pending" | "special" | "snapshot" | "skipped";
type Draft = { kind: SectionKind; name: string; values: Record<string, string>; comments: string[] };

/**
 * Reads a config file.
 * @throws VmConfigError in strict mode only.
 */
export function parseVmConfig(text: string, options: ParseVmOptions): VmConfigFile {
  const { vmid } = options;
  const warnings: string[] = [];
  const warn = (what: string): void => {
    const line = `vm ${vmid} - ${what}`;
    if (options.strict) throw new VmConfigError(`${line}\n`);
    warnings.push(line);
  };
  const sections = new Map<string, Draft>();
  let section = openSection("current", "");
  sections.set("current/", section);
  for (const line of readLines(text)) {
    switch (line.kind) {
      case "section": {
        section = sectionNamed(line.name);
        const id = `${section.kind}/${section.name}`;
        if (section.kind === "skipped") warn(`skipping unknown section: '${line.name}'`);
        else if (sections.has(id)) warn(`duplicate ${titleOf(section)}`);
        sections.delete(id);
        sections.set(id, section);
        break;
      }
      case "comment":
        section.comments.push(decodeDescription(line.text));
        break;
      case "value":
        if (section.kind !== "skipped") readValue(section, line.key, line.value, vmid, warn);
        break;
      case "other":
        if (section.kind !== "skipped") warn(`unable to parse config: ${line.line}`);
        break;
      default:
        line satisfies never;
    }
  }
  return collect(sections.values(), createHash("sha1").update(text, "utf8").digest("hex"), warnings);
}

function openSection(kind: SectionKind, name: string): Draft {
  return { kind, name, values: {}, comments: [] };
}

function sectionNamed(name: string): Draft {
  if (/^pending$/i.test(name)) return openSection("pending", "");
  const [, special] = /^special:(.*)$/.exec(name) ?? [];
  if (special !== undefined) {
    return isSpecialName(special) ? openSection("special", special) : openSection("skipped", name);
  }
  const isSnapshot = SNAPSHOT_NAME.test(name) && name.length <= MAX_SNAPSHOT_NAME_CHARS;
  return openSection(isSnapshot ? "snapshot" : "skipped", name);
}

function isSpecialName(name: string): name is SpecialName {
  return (SPECIAL_NAMES as readonly string[]).includes(name);
}

function titleOf(section: Draft): string {
  if (section.kind === "pending") return "section: pending";
  return `${section.kind} section: ${section.name}`;
}

function readValue(section: Draft, key: string, value: string, vmid: number, warn: (what: string) => void): void {
  if (key === "description") {
    section.comments.push(...decodeDescription(value).split("\n"));
    return;
  }
  if (section.kind === "special") {
    section.values[key] = value;
    return;
  }
  if (key === "delete") {
    if (section.kind === "pending") section.values.delete = value;
    else warn("property 'delete' is only allowed in [PENDING]");
    return;
  }
  if (key === "snapstate") {
    if (section.kind === "snapshot" && (value === "prepare" || value === "delete")) section.values.snapstate = value;
    else warn(`unable to parse config: ${key}: ${value}`);
    return;
  }
  const name = key === "cdrom" ? "ide2" : key;
  try {
    section.values[name] = key === "args" ? value : storedValue(name, value, vmid);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    warn(`unable to parse value of '${key}' - ${error.message}`);
  }
}

/** The value as a file should hold it. @throws OptionError */
function storedValue(key: string, value: string, vmid: number): string {
  if (DRIVE_KEYS.has(key)) return normalizeDrive(key, value, vmid);
  const schema = storedOption(key);
  if (schema === undefined) throw new OptionError(`unknown setting '${key}'`);
  return checkOption(key, schema, value);
}

function collect(sections: Iterable<Draft>, digest: string, warnings: readonly string[]): VmConfigFile {
  let current: VmConfig = {};
  let pending: VmConfig = {};
  const snapshots: Record<string, VmConfig> = {};
  const special: { cloudinit?: VmConfig; fleecing?: VmConfig } = {};
  for (const section of sections) {
    const values = withDescription(section);
    if (section.kind === "current") current = values;
    else if (section.kind === "pending") pending = values;
    else if (section.kind === "snapshot") snapshots[section.name] = values;
    else if (section.kind === "special" && isSpecialName(section.name)) special[section.name] = values;
  }
  return { current, pending, snapshots, special, digest, warnings };
}

function withDescription(section: Draft): VmConfig {
  if (section.comments.length === 0) return section.values;
  const description = section.comments.join("\n").replace(/\s+$/, "");
  // An empty description says something only where it is a change: it will be emptied.
  if (description === "" && section.kind !== "pending") return section.values;
  return { ...section.values, description };
}

/** What {@link printVmConfig} needs; a digest belongs to a text, not to a config. */
export type VmConfigContent = Omit<VmConfigFile, "digest" | "warnings">;

/** The text of a config file. The same config always gives the same bytes. */
export function printVmConfig(config: VmConfigContent): string {
  const parts = [printSection(dropUsedVolumes(config.current))];
  if (Object.keys(config.pending).length > 0) parts.push(`[PENDING]\n${printSection(config.pending)}`);
  for (const name of SPECIAL_NAMES) {
    const section = config.special[name];
    if (section === undefined || Object.keys(section).length === 0) continue;
    if (name === "cloudinit" && !hasCloudinitDrive(config.current)) continue;
    parts.push(`[special:${name}]\n${printSection(section)}`);
  }
  for (const name of Object.keys(config.snapshots).sort()) {
    parts.push(`[${name}]\n${printSection(config.snapshots[name] ?? {})}`);
  }
  return parts.join("\n");
}

function printSection(section: VmConfig): string {
  const lines = section.description === undefined ? [] : encodeDescription(section.description.replace(/\s+$/, ""));
  for (const key of sortedKeys(renameOldKeys(section))) {
    const value = key === "sockets" ? (section.sockets ?? section.smp) : section[key];
    if (key !== "description" && value !== undefined) lines.push(`${key}: ${value}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}

function renameOldKeys(section: VmConfig): VmConfig {
  if (section.smp === undefined) return section;
  const { smp, ...rest } = section;
  return { sockets: smp, ...rest };
}

/** A volume that is attached again is not unused. */
function dropUsedVolumes(section: VmConfig): VmConfig {
  const attached = new Set(
    Object.entries(section).flatMap(([key, value]) => (DRIVE_KEYS.has(key) ? [readDrive(key, value).file] : [])),
  );
  return Object.fromEntries(
    Object.entries(section).filter(([key, value]) => !(/^unused\d+$/.test(key) && attached.has(value))),
  );
}

function hasCloudinitDrive(section: VmConfig): boolean {
  return Object.entries(section).some(([key, value]) => DRIVE_KEYS.has(key) && isCloudinitDrive(readDrive(key, value)));
}
