/**
 * Property strings for the rooms: `virtio=02:00:00:00:00:01,bridge=vmbr0` to a typed object and back. Reading and
 * printing follow one table of properties.
 */
import { QuorateError } from "../errors/quorate-error.ts";
import { compilePropertyString, type PropertyStringResult } from "./check.ts";
import { formatDiskSize, parseDiskSize, propertyFormat } from "./formats/index.ts";
import { defaultKeyOf } from "./property-items.ts";
import type { ParamsOf, Properties } from "./schema.ts";

/** A text that is no property string of the wanted form. `errors` has the texts by key where the schema was broken. */
export class PropertyStringError extends QuorateError {
  readonly code = "property-string";
  readonly errors: Readonly<Record<string, string>> | undefined;

  constructor(message: string, errors: Readonly<Record<string, string>> | undefined) {
    super(message);
    this.errors = errors;
  }
}

const parsers = new WeakMap<Properties, (text: string) => PropertyStringResult>();

/** Like {@link parsePropertyString}, but a refusal is a result. */
export function checkPropertyString(properties: Properties, text: string): PropertyStringResult {
  let parser = parsers.get(properties);
  if (parser === undefined) {
    parser = compilePropertyString({ properties });
    parsers.set(properties, parser);
  }
  return parser(text);
}

/**
 * Numbers and booleans come converted, sizes (`disk-size`) stay texts.
 * @throws PropertyStringError
 */
export function parsePropertyString<const P extends Properties>(properties: P, text: string): ParamsOf<P> {
  const result = checkPropertyString(properties, text);
  // The check has just established what ParamsOf says.
  if (result.ok) return result.value as ParamsOf<P>;
  throw new PropertyStringError(result.message, result.errors);
}

/** By the name of a format. @throws TypeError when no property format has that name. */
export function namedProperties(name: string): Properties {
  const format = propertyFormat(name);
  if (format === undefined) throw new TypeError(`no property format is named '${name}'`);
  return format.properties;
}

/**
 * The canonical text: the default key bare, then required keys, then the rest, each sorted. Absent values are left out;
 * sizes given as byte counts are printed with the largest exact unit.
 */
export function printPropertyString(properties: Properties, values: Readonly<Record<string, unknown>>): string {
  const defaultKey = defaultKeyOf(properties);
  const aliased = keyAliasOf(properties, values);
  const skipped = new Set<string>();
  if (aliased !== undefined) skipped.add(aliased.aliasKey);
  const names = Object.keys(values).filter((name) => isGiven(values[name]) && !skipped.has(name));
  const rank = (name: string): number => {
    if (name === defaultKey) return 0;
    return properties[name]?.optional === 1 ? 2 : 1;
  };
  names.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return names
    .map((name) => {
      const text = printValue(properties, name, values[name]);
      if (aliased !== undefined && name === aliased.nameKey) return `${text}=${aliased.value}`;
      return name === defaultKey ? text : `${name}=${text}`;
    })
    .join(",");
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** `model` and `macaddr` print as `<model>=<macaddr>`. */
function keyAliasOf(
  properties: Properties,
  values: Readonly<Record<string, unknown>>,
): { nameKey: string; aliasKey: string; value: string } | undefined {
  for (const schema of Object.values(properties)) {
    if (schema.keyAlias === undefined || schema.alias === undefined) continue;
    const value = values[schema.alias];
    if (!isGiven(value)) return undefined;
    if (!isGiven(values[schema.keyAlias])) {
      throw new TypeError(`cannot print '${schema.alias}' without '${schema.keyAlias}'`);
    }
    return { nameKey: schema.keyAlias, aliasKey: schema.alias, value: String(value) };
  }
  return undefined;
}

function printValue(properties: Properties, name: string, value: unknown): string {
  if (typeof value === "boolean") return value ? "1" : "0";
  if (properties[name]?.format === "disk-size") {
    const bytes = typeof value === "number" ? value : parseDiskSize(String(value));
    if (bytes !== undefined) return formatDiskSize(bytes);
  }
  const text = Array.isArray(value) ? value.join(";") : String(value);
  if (text.includes(",")) throw new TypeError(`cannot print '${name}': a value cannot contain a comma`);
  return text;
}
