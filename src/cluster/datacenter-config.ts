/** datacenter.cfg: parse, change, print. Lines `key: value`, sorted; the description is the leading comment. */
import type { FileSnapshot } from "../cfs/port.ts";
import { compileValue, ErrorList, type ValueCheck } from "../rest/check.ts";
import type { Schema } from "../rest/schema.ts";
import { DATACENTER_PROPERTIES } from "./datacenter-properties.ts";

export const DATACENTER_CONFIG = "datacenter.cfg";

export type DatacenterConfig = Readonly<Record<string, string>>;

export interface ReadDatacenter {
  readonly values: DatacenterConfig;
  /** One line for each line of the file that was left out. */
  readonly warnings: readonly string[];
}

const LINE = /^([a-z][a-z0-9_-]*):\s*(.*\S)\s*$/;

export const parseDatacenter = (file: FileSnapshot | undefined): DatacenterConfig => readDatacenter(file).values;

/** Never throws: a line that is wrong costs itself only. */
export function readDatacenter(file: FileSnapshot | undefined): ReadDatacenter {
  const values: Record<string, string> = {};
  const warnings: string[] = [];
  const comments: string[] = [];
  for (const [index, line] of (file?.data.toString("utf8") ?? "").split("\n").entries()) {
    if (line.trim() === "") continue;
    if (line.startsWith("#")) {
      comments.push(decodeComment(line.slice(1)));
      continue;
    }
    const [, key, value] = LINE.exec(line) ?? [];
    const wrong =
      key === undefined || value === undefined ? `ignore config line: ${line}` : errorOf(key, value, values);
    if (wrong !== undefined) warnings.push(`file ${DATACENTER_CONFIG} line ${index + 1} - ${wrong}`);
    else if (key !== undefined && value !== undefined) values[key] = value;
  }
  if (comments.length > 0) values.description = comments.join("\n");
  return { values, warnings };
}

/** Why a line's value cannot be used. */
function errorOf(key: string, value: string, before: DatacenterConfig): string | undefined {
  const check = checks().get(key);
  if (check === undefined) return `unknown option '${key}'`;
  if (before[key] !== undefined) return `option '${key}' is there twice`;
  const errors = new ErrorList();
  check(value, key, errors);
  if (errors.isEmpty) return undefined;
  const texts = Object.values(errors.toRecord()).map((text) => text.trim().replaceAll(/\s*\n\s*/g, ", "));
  return `unable to parse value of '${key}': ${texts.join("; ")}`;
}

let compiled: ReadonlyMap<string, ValueCheck> | undefined;

/** Made at the first line that is read: most processes read none. */
function checks(): ReadonlyMap<string, ValueCheck> {
  compiled ??= new Map(
    Object.entries<Schema>(DATACENTER_PROPERTIES).map(([key, schema]) => [
      key,
      compileValue(schema, { allowsBooleanWords: true }),
    ]),
  );
  return compiled;
}

export function printDatacenter({ description, ...values }: DatacenterConfig): string {
  const comment = description
    ? description
        .split("\n")
        .map((line) => `#${encodeComment(line)}\n`)
        .join("")
    : "";
  return (
    comment +
    Object.keys(values)
      .sort()
      .map((key) => `${key}: ${values[key]}\n`)
      .join("")
  );
}

/** One line of text as one comment line holds it. */
export function encodeComment(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) =>
      byte < 0x20 || byte > 0x7e || byte === 0x25 || byte === 0x3a
        ? `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
        : String.fromCharCode(byte),
    )
    .join("");
}

export function decodeComment(text: string): string {
  // The escapes are bytes of UTF-8; whoever edits the file may have put other text between them as it is.
  const bytes = Buffer.from(text, "utf8").toString("latin1");
  const decoded = bytes.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(decoded, "latin1").toString("utf8");
}
