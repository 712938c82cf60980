/** Reads a section file. Pure; never throws: what is wrong becomes a warning and costs the smallest part of the file. */
import { createHash } from "node:crypto";
import { compileValue, ErrorList } from "../rest/check.ts";
import type { Schema } from "../rest/schema.ts";
import { optionsOf, propertyOf, type SectionSchema } from "./section-types.ts";

export type SectionValue = string | number | boolean | readonly string[];

export interface Section {
  readonly type: string;
  /** Without `type`. A key that was in the file without a value and is a flag is `true`. */
  readonly values: Readonly<Record<string, SectionValue>>;
}

export interface SectionFile {
  readonly sections: ReadonlyMap<string, Section>;
  /** Ids in file order, those of {@link broken} too. */
  readonly order: readonly string[];
  /**
   * Sections that lack a required option. Readers see nothing of them, but a write of the file is refused until they
   * are repaired or removed, so that nothing is lost silently.
   */
  readonly broken: ReadonlySet<string>;
  readonly warnings: readonly string[];
  /** The lines of each section's keys, by id and key; of its header under `type`. For warnings of who reads on. */
  readonly lines: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** SHA-1 of the text. */
  readonly digest: string;
}

export interface ParseOptions {
  /** For warnings. */
  readonly fileName: string;
}

const HEADER = /^(\S+):\s*(\S+)\s*$/;
const HEADER_WITHOUT_ID = /^(\S+):\s*(\S*)\s*$/;
const BODY = /^\s+(\S+)(?:\s+(.*\S))?\s*$/;

export function parseSections(schema: SectionSchema, text: string, { fileName }: ParseOptions): SectionFile {
  const reader = new Reader(schema, text.split("\n"), fileName);
  reader.readAll();
  return {
    sections: reader.sections,
    order: reader.order,
    broken: reader.broken,
    warnings: reader.warnings,
    lines: reader.lines,
    digest: createHash("sha1").update(text).digest("hex"),
  };
}

class Reader {
  readonly sections = new Map<string, Section>();
  readonly broken = new Set<string>();
  readonly warnings: string[] = [];
  readonly lines = new Map<string, Map<string, number>>();
  order: string[] = [];
  readonly #schema: SectionSchema;
  readonly #lines: readonly string[];
  readonly #fileName: string;
  /** Lines read so far, which is also the number of the last line read. */
  #at = 0;

  constructor(schema: SectionSchema, lines: readonly string[], fileName: string) {
    this.#schema = schema;
    this.#lines = lines;
    this.#fileName = fileName;
  }

  readAll(): void {
    for (let line = this.#next(); line !== undefined; line = this.#next()) {
      if (line.trim() === "") continue;
      const header = this.#parseHeader(line);
      if (header === undefined) this.#warn(`ignore config line: ${line}`, " -");
      else this.#readSection(header);
    }
  }

  /** The next line that is no comment. */
  #next(): string | undefined {
    while (this.#at < this.#lines.length) {
      const line = this.#lines[this.#at];
      this.#at += 1;
      if (line !== undefined && !/^\s*#/.test(line)) return line;
    }
    return undefined;
  }

  #parseHeader(line: string): { type: string; id: string } | undefined {
    const [, type, id] = (this.#schema.allowsMissingId ? HEADER_WITHOUT_ID : HEADER).exec(line) ?? [];
    if (type === undefined || id === undefined) return undefined;
    const name = this.#schema.lowercasesTypes ? type.toLowerCase() : type;
    return { type: name, id: id === "" ? name : id };
  }

  #readSection({ type, id }: { type: string; id: string }): void {
    const isKnown = Object.hasOwn(this.#schema.types, type);
    const keepsRaw = !isKnown && this.#schema.allowsUnknownTypes === true;
    const idError = isKnown ? checkId(this.#schema.shared.id, id) : undefined;
    if (!isKnown && !keepsRaw) this.#warn(`unsupported type '${type}'`, ` (skip section '${id}'):`);
    if (idError !== undefined) this.#warn(idError, ` (skip section '${id}'):`);
    const skips = (!isKnown && !keepsRaw) || idError !== undefined;
    const values: Record<string, SectionValue> = Object.create(null);
    const lines = new Map([["type", this.#at]]);
    for (let line = this.#next(); line !== undefined && line.trim() !== ""; line = this.#next()) {
      if (skips) continue;
      const [, key, value] = BODY.exec(line) ?? [];
      if (key === undefined) this.#warn(`ignore config line: ${line}`, ` (section '${id}') -`);
      else if (keepsRaw) addRaw(values, key, value);
      else this.#addChecked(values, { type, id, key, value });
      if (key !== undefined && !lines.has(key)) lines.set(key, this.#at);
    }
    if (skips) return;
    this.lines.set(id, lines);
    this.#finishSection({ type, id, values, isKnown });
  }

  #addChecked(
    values: Record<string, SectionValue>,
    { type, id, key, value }: { type: string; id: string; key: string; value: string | undefined },
  ): void {
    if (key === "type") return;
    const result = readValue(this.#schema, { type, key, value, before: values[key] });
    if ("error" in result) {
      this.#warn(`unable to parse value of '${key}': ${result.error}`, ` (section '${id}') -`);
    } else values[key] = result.value;
  }

  #finishSection({
    type,
    id,
    values,
    isKnown,
  }: {
    type: string;
    id: string;
    values: Section["values"];
    isKnown: boolean;
  }) {
    // A repeated id replaces the earlier section where that stood first.
    if (!this.order.includes(id)) this.order.push(id);
    this.broken.delete(id);
    this.sections.delete(id);
    const missing = isKnown ? missingOption(this.#schema, type, values) : undefined;
    if (missing === undefined) {
      this.sections.set(id, { type, values: { ...values } });
      return;
    }
    this.#warn(`missing value for required option '${missing}'`, ` (skip section '${id}'):`);
    this.broken.add(id);
  }

  #warn(text: string, place: string): void {
    this.warnings.push(`file ${this.#fileName} line ${this.#at}${place} ${text}`);
  }
}

function checkId(schema: Schema | undefined, id: string): string | undefined {
  if (schema === undefined) return undefined;
  const errors = new ErrorList();
  compileValue(schema)(id, "id", errors);
  return errors.isEmpty ? undefined : errors.toRecord().id?.trimEnd();
}

/** The first required option, by name, that has no value. */
export function missingOption(schema: SectionSchema, type: string, values: Section["values"]): string | undefined {
  return Object.entries(optionsOf(schema, type))
    .filter(([name, { optional }]) => optional !== 1 && name !== "type" && values[name] === undefined)
    .map(([name]) => name)
    .sort()[0];
}

function addRaw(values: Record<string, SectionValue>, key: string, value: string | undefined): void {
  const before = values[key];
  const text = value ?? "";
  if (before === undefined) values[key] = text;
  else values[key] = Array.isArray(before) ? [...before, text] : [String(before), text];
}

interface GivenValue {
  readonly type: string;
  readonly key: string;
  readonly value: string | undefined;
  /** What earlier lines of the section gave the key. */
  readonly before: SectionValue | undefined;
}

function readValue(
  schema: SectionSchema,
  { type, key, value, before }: GivenValue,
): { value: SectionValue } | { error: string } {
  const property = propertyOf(schema, type, key);
  if (property === "unknown") return { error: "unknown property type" };
  if (property === "unexpected") return { error: `unexpected property '${key}'` };
  const isFlag = property.schema.type === "boolean";
  const isArray = property.schema.type === "array";
  if (before !== undefined && !isArray) return { error: "duplicate attribute" };
  if (value === undefined && !isFlag) return { error: "got undefined value" };
  return checkSectionValue(property.schema, isFlag && value === undefined ? "1" : value, before);
}

/** Checks one value by its schema; items of an array come one at a time. */
export function checkSectionValue(
  schema: Schema,
  value: unknown,
  before?: SectionValue,
): { value: SectionValue } | { error: string } {
  const errors = new ErrorList();
  const checked = compileValue(schema, { allowsBooleanWords: true })(value, "value", errors);
  if (!errors.isEmpty) return { error: Object.values(errors.toRecord()).join("; ").trimEnd() };
  if (Array.isArray(checked)) {
    const items = checked.map(String);
    return { value: Array.isArray(before) ? [...before, ...items] : items };
  }
  if (typeof checked === "number" || typeof checked === "boolean") return { value: checked };
  return { value: String(checked) };
}
