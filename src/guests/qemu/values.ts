/** Single values of a VM's config: checked against their schema, read into typed objects, printed back. */
import { compileValue, ErrorList, type ValueCheck } from "../../rest/check.ts";
import { parseDiskSize, propertyFormat } from "../../rest/formats/index.ts";
import { checkPropertyString, printPropertyString } from "../../rest/property-string.ts";
import type { Properties, Schema } from "../../rest/schema.ts";

/** Sub-keys of a property string: flags and numbers converted, disk sizes in bytes, all else text. */
export type PropertyValues = Readonly<Record<string, string | number | boolean>>;

/** A value that its schema refuses. The message is what a reader of the file is told. */
export class OptionError extends Error {}

const checks = new WeakMap<Schema, ValueCheck>();

/** The value in its stored form. @throws OptionError */
export function checkOption(key: string, schema: Schema, text: string): string {
  const properties = propertiesOf(schema);
  if (properties !== undefined) {
    readProperties(key, properties, text);
    if (schema.maxLength === undefined) return text;
  }
  let check = checks.get(schema);
  if (check === undefined) {
    check = compileValue(schema, { allowsBooleanWords: true });
    checks.set(schema, check);
  }
  const errors = new ErrorList();
  const value = check(text, key, errors);
  if (!errors.isEmpty) throw new OptionError(Object.values(errors.toRecord()).join("\n").trimEnd());
  return typeof value === "boolean" ? (value ? "1" : "0") : text;
}

/** The properties of a property string, named or spelled out. */
export function propertiesOf(schema: Schema): Properties | undefined {
  if (typeof schema.format === "object") return schema.format;
  return schema.format === undefined ? undefined : propertyFormat(schema.format)?.properties;
}

/** Reads a property string. @param key names the value in errors. @throws OptionError */
export function readProperties(key: string, properties: Properties, text: string): PropertyValues {
  const result = checkPropertyString(properties, text);
  if (!result.ok) {
    const lines = Object.entries(result.errors ?? {}).map(([name, why]) => `\n${key}.${name}: ${why.trimEnd()}`);
    throw new OptionError(`${result.message}${lines.join("")}`);
  }
  const values: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(result.value)) {
    if (typeof value === "boolean" || typeof value === "number") values[name] = value;
    else if (typeof value === "string") values[name] = sizeInBytes(properties[name], value) ?? value;
  }
  return values;
}

function sizeInBytes(schema: Schema | undefined, text: string): number | undefined {
  return schema?.format === "disk-size" ? parseDiskSize(text) : undefined;
}

/** The canonical text of a property string. */
export function printProperties(properties: Properties, values: PropertyValues): string {
  return printPropertyString(properties, values);
}

/** Whether a flag of the stored form is on. */
export function isOn(text: string | undefined, fallback = false): boolean {
  return text === undefined ? fallback : text === "1";
}

/** A number of the stored form. */
export function numberOf(text: string | undefined, fallback: number): number {
  return text === undefined ? fallback : Number(text);
}

/** The text behind a URL-encoded value; a stray percent sign stays itself. */
export function decodeUrl(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (codes) => Buffer.from(codes.replaceAll("%", ""), "hex").toString("utf8"));
}
