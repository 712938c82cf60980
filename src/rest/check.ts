/**
 * The verifier: a schema becomes a closure once, the closure checks and converts values. Texts and the order of checks
 * are part of the API, as clients match on them. Pure.
 */

import type { FormatCheck, PropertyFormat } from "./formats/format.ts";
import { propertyFormat, scalarFormat } from "./formats/index.ts";
import { parseItems } from "./property-items.ts";
import type { Properties, Schema } from "./schema.ts";
import { splitList } from "./split-list.ts";

export type Values = Readonly<Record<string, unknown>>;

/** More would only help somebody who sends nonsense by the hundred thousand to keep others waiting. */
const MAX_ERRORS = 500;

/** Collects one text per path; two texts on one path are joined by backslash and `n`, as the reference does. */
export class ErrorList {
  readonly #texts = new Map<string, string>();

  add(path: string, text: string): void {
    const before = this.#texts.get(path);
    if (before === undefined && this.#texts.size >= MAX_ERRORS) return;
    this.#texts.set(path, before === undefined ? text : `${before}\\n${text}`);
  }

  get isEmpty(): boolean {
    return this.#texts.size === 0;
  }

  /** Sorted by path. */
  toRecord(): Record<string, string> {
    return Object.fromEntries([...this.#texts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** Checks one value and gives it converted, or adds to `errors`. */
export type ValueCheck = (value: unknown, path: string, errors: ErrorList) => unknown;

export interface CheckOptions {
  /** Booleans may be words (`on`, `yes`, `true`…): property strings and config files. */
  readonly allowsBooleanWords?: boolean;
}

export interface ObjectCheckOptions extends CheckOptions {
  /** Whether names outside the schema pass. */
  readonly allowsUnknown: boolean;
}

export const MISSING = "property is missing and it is not optional";
export const UNKNOWN = "property is not defined in schema and the schema does not allow additional properties";

const TRUE_WORDS = /^(?:1|on|yes|true)$/i;
const FALSE_WORDS = /^(?:0|off|no|false)$/i;
const INTEGER = /^[+-]?\d+$/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

export function compileValue(schema: Schema, options: CheckOptions = {}): ValueCheck {
  if (schema.oneOf !== undefined) return compileAlternatives(schema.oneOf, options);
  switch (schema.type) {
    case "array":
      return compileArray(schema, options);
    case "object":
      return compileObjectValue(schema, options);
    case "boolean":
      return (value, path, errors) => checkBoolean(value, path, errors, options.allowsBooleanWords === true);
    case "integer":
      return compileNumeric(schema, INTEGER, "integer");
    case "number":
      return compileNumeric(schema, NUMBER, "number");
    case "null":
      return (value, path, errors) => {
        if (value !== null && value !== undefined) errors.add(path, typeError("null", value));
        return undefined;
      };
    default:
      return compileString(schema);
  }
}

/** One of several schemas of the same property, which one depends on the object's type: any may hold. */
function compileAlternatives(schemas: readonly Schema[], options: CheckOptions): ValueCheck {
  const checks = schemas.map((schema) => compileValue(schema, options));
  return (value, path, errors) => {
    let first: ErrorList | undefined;
    for (const check of checks) {
      const own = new ErrorList();
      const converted = check(value, path, own);
      if (own.isEmpty) return converted;
      first ??= own;
    }
    for (const [at, text] of Object.entries(first?.toRecord() ?? {})) errors.add(at, text);
    return undefined;
  };
}

function typeError(type: string, value: unknown): string {
  return `type check ('${type}') failed - got '${textOf(value)}'`;
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return "ARRAY";
  return typeof value === "object" && value !== null ? "HASH" : String(value);
}

function checkBoolean(value: unknown, path: string, errors: ErrorList, allowsWords: boolean): boolean | undefined {
  if (value === true || value === 1 || value === "1") return true;
  if (value === false || value === 0 || value === "0") return false;
  if (allowsWords && typeof value === "string") {
    if (TRUE_WORDS.test(value)) return true;
    if (FALSE_WORDS.test(value)) return false;
  }
  errors.add(path, typeError("boolean", value));
  return undefined;
}

function compileNumeric(schema: Schema, form: RegExp, type: string): ValueCheck {
  const textError = compileTextChecks(schema);
  // What no number holds exactly would be stored as it was written, and be something else wherever it is computed with.
  const largest = type === "integer" ? Number.MAX_SAFE_INTEGER : Number.MAX_VALUE;
  const inRange = compileRange({ minimum: schema.minimum ?? -largest, maximum: schema.maximum ?? largest });
  return (value, path, errors) => {
    const text = typeof value === "string" ? value : scalarText(value);
    if (text === undefined || !form.test(text)) {
      errors.add(path, typeError(type, value));
      return undefined;
    }
    const number = Number(text);
    const reason = textError(text, path) ?? inRange(number) ?? enumError(schema, text);
    if (reason === undefined) return number;
    errors.add(path, reason);
    return undefined;
  };
}

function compileRange(schema: Pick<Schema, "minimum" | "maximum">): (value: number) => string | undefined {
  const { minimum, maximum } = schema;
  return (value) => {
    if (maximum !== undefined && value > maximum) return `value must have a maximum value of ${maximum}`;
    if (minimum !== undefined && value < minimum) return `value must have a minimum value of ${minimum}`;
    return undefined;
  };
}

function enumError(schema: Schema, text: string): string | undefined {
  if (schema.enum === undefined || schema.enum === null || schema.enum.some((item) => String(item) === text))
    return undefined;
  return `value '${text}' does not have a value in the enumeration '${schema.enum.join(", ")}'`;
}

/**
 * The pattern of image references allows an empty separator between runs of the same letters, so that a few dozen
 * letters take minutes to refuse. A separator of one dash or more accepts the same texts.
 */
function withoutRunaway(pattern: string): string {
  return pattern.replaceAll("(?:[._]|__|[-]*)", "(?:[._]|__|[-]+)");
}

type TextCheck = (text: string, path: string) => string | undefined;

/** Format, pattern and lengths, in this order. */
function compileTextChecks(schema: Schema): TextCheck {
  const formatError = compileFormat(schema.format);
  const pattern = schema.pattern === undefined ? undefined : new RegExp(`^(?:${withoutRunaway(schema.pattern)})$`);
  const { maxLength, minLength } = schema;
  return (text, path) => {
    const reason = formatError?.(text, path);
    if (reason !== undefined) return `invalid format - ${reason}\n`;
    if (pattern !== undefined && !pattern.test(text)) return "value does not match the regex pattern";
    if (maxLength !== undefined && countChars(text) > maxLength)
      return `value may only be ${maxLength} characters long`;
    if (minLength !== undefined && countChars(text) < minLength) {
      return `value must be at least ${minLength} characters long`;
    }
    return undefined;
  };
}

function compileString(schema: Schema): ValueCheck {
  const isList = typeof schema.format === "string" && schema.format.endsWith("-list");
  const textError = compileTextChecks(schema);
  return (value, path, errors) => {
    const joined = Array.isArray(value) && isList ? value.map(textOf).join(",") : value;
    const text = typeof joined === "string" ? joined : scalarText(joined);
    if (text === undefined) {
      errors.add(path, typeError("string", value));
      return undefined;
    }
    const reason = textError(text, path) ?? enumError(schema, text);
    if (reason === undefined) return text;
    errors.add(path, reason);
    return undefined;
  };
}

function scalarText(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  if (typeof value === "boolean") return value ? "1" : "0";
  return undefined;
}

/** Code points, counted only where the number of UTF-16 units can mislead. */
function countChars(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) if (text.charCodeAt(i) >> 10 === 0x36) count -= 1;
  return count;
}

function compileFormat(format: Schema["format"]): TextCheck | undefined {
  if (format === undefined) return undefined;
  if (typeof format === "object") return compilePropertyFormat({ properties: format });
  const properties = propertyFormat(format);
  if (properties !== undefined) return compilePropertyFormat(properties);
  return compileScalarFormat(format);
}

/** Also for the vectors: one named format, with `-list` and `-opt`. @throws TypeError for a name nobody defines. */
export function compileScalarFormat(name: string): FormatCheck {
  const check = scalarFormat(name);
  if (check !== undefined) return check;
  if (name.endsWith("-opt")) {
    const inner = compileScalarFormat(name.slice(0, -"-opt".length));
    return (text) => (text === "" ? undefined : inner(text));
  }
  if (name.endsWith("-list")) {
    const inner = compileScalarFormat(name.slice(0, -"-list".length));
    return (text) => {
      for (const item of splitList(text)) {
        const reason = inner(item);
        if (reason !== undefined) return reason;
      }
      return undefined;
    };
  }
  throw new TypeError(`no format is named '${name}'`);
}

function compilePropertyFormat(format: PropertyFormat): TextCheck {
  const check = compilePropertyString(format);
  return (text, path) => {
    const result = check(text);
    if (result.ok) return undefined;
    const lines = Object.entries(result.errors ?? {}).map(([key, reason]) => `\n${path}.${key}: ${reason}`);
    return `${result.message}${lines.join("")}`;
  };
}

export type PropertyStringResult =
  | { readonly ok: true; readonly value: Record<string, unknown> }
  | { readonly ok: false; readonly message: string; readonly errors?: Readonly<Record<string, string>> };

/** The closure that parses and checks a property string of this form. */
export function compilePropertyString(format: PropertyFormat): (text: string) => PropertyStringResult {
  let compiled: ObjectCheck | undefined;
  return (text) => {
    const items = parseItems(format.properties, text);
    if (typeof items === "string") return { ok: false, message: items };
    // On first use: most of a guest's two hundred options are never given.
    compiled ??= compileObject(format.properties, { allowsUnknown: false, allowsBooleanWords: true });
    const errors = new ErrorList();
    const value = compiled(items, "", errors);
    if (!errors.isEmpty) return { ok: false, message: "format error", errors: errors.toRecord() };
    const reason = format.check?.(value);
    return reason === undefined ? { ok: true, value } : { ok: false, message: reason };
  };
}

function compileArray(schema: Schema, options: CheckOptions): ValueCheck {
  const item = schema.items === undefined ? undefined : compileValue(schema.items, options);
  return (value, path, errors) => {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      errors.add(path, typeError("array", value));
      return undefined;
    }
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (schema.minLength !== undefined && list.length < schema.minLength) {
      errors.add(path, `value must be at least ${schema.minLength} characters long`);
    }
    if (schema.maxLength !== undefined && list.length > schema.maxLength) {
      errors.add(path, `value may only be ${schema.maxLength} characters long`);
    }
    return item === undefined ? list : list.map((one, index) => item(one, `${path}[${index}]`, errors));
  };
}

function compileObjectValue(schema: Schema, options: CheckOptions): ValueCheck {
  const allowsUnknown = schema.additionalProperties !== 0;
  const check = schema.properties && compileObject(schema.properties, { ...options, allowsUnknown });
  return (value, path, errors) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      errors.add(path, typeError("object", value));
      return undefined;
    }
    return check === undefined ? value : check(value as Values, `${path}.`, errors);
  };
}

/** Checks the keys of an object; `prefix` goes before each key in the error paths. */
export type ObjectCheck = (value: Values, prefix: string, errors: ErrorList) => Record<string, unknown>;

interface CompiledProperty {
  readonly schema: Schema;
  readonly check: () => ValueCheck;
}

export function compileObject(properties: Properties, options: ObjectCheckOptions): ObjectCheck {
  const exact = new Map<string, CompiledProperty>();
  const families = new Map<string, CompiledProperty>();
  const required: string[] = [];
  for (const [name, schema] of Object.entries(properties)) {
    const property = { schema, check: lazily(() => compileValue(schema, options)) };
    if (name.endsWith("[n]")) families.set(name.slice(0, -"[n]".length), property);
    else exact.set(name, property);
    if (schema.optional !== 1 && schema.alias === undefined && !name.endsWith("[n]")) required.push(name);
  }
  const find = (name: string): CompiledProperty | undefined => exact.get(name) ?? findInFamily(families, name);
  return (value, prefix, errors) => {
    const checked: Record<string, unknown> = {};
    for (const name in value) {
      const given = value[name];
      if (given === undefined || given === null) continue;
      const property = find(name);
      if (property === undefined) {
        if (options.allowsUnknown && name !== "__proto__") checked[name] = given;
        else errors.add(prefix + name, UNKNOWN);
        continue;
      }
      const converted = property.check()(given, prefix + name, errors);
      if (converted !== undefined) checked[name] = converted;
      const needed = property.schema.requires;
      if (needed !== undefined && (value[needed] === undefined || value[needed] === null)) {
        errors.add(prefix + needed, `missing property required by '${name}'`);
      }
    }
    for (const name of required) {
      if (value[name] === undefined || value[name] === null) errors.add(prefix + name, MISSING);
    }
    return checked;
  };
}

function findInFamily(families: Map<string, CompiledProperty>, name: string): CompiledProperty | undefined {
  if (families.size === 0) return undefined;
  const [, stem = "", digits = ""] = /^(.*?)(0|[1-9]\d*)$/.exec(name) ?? [];
  const family = families.get(stem);
  if (family === undefined) return undefined;
  const [first, last] = family.schema.index ?? [0, Number.MAX_SAFE_INTEGER];
  const index = Number(digits);
  return index >= first && index <= last ? family : undefined;
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
