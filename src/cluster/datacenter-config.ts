/** datacenter.cfg: parse, change, print. Lines `key: value`, sorted; the description is the leading comment. */
import type { FileSnapshot } from "../cfs/port.ts";
import { DATACENTER_PROPERTIES } from "./datacenter-properties.ts";

export const DATACENTER_CONFIG = "datacenter.cfg";

export type DatacenterConfig = Readonly<Record<string, string>>;

export function parseDatacenter(file: FileSnapshot | undefined): DatacenterConfig {
  const values: Record<string, string> = {};
  const comments: string[] = [];
  for (const line of (file?.data.toString("utf8") ?? "").split("\n")) {
    if (line.startsWith("#")) comments.push(decodeComment(line.slice(1)));
    const [, key, value] = /^([a-z][a-z0-9_-]*):\s*(.*\S)\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined && Object.hasOwn(DATACENTER_PROPERTIES, key)) values[key] = value;
  }
  if (comments.length > 0) values.description = comments.join("\n");
  return values;
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
