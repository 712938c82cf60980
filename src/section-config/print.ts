/** Writes a section file: remembered order first, then new sections; inside a section a fixed order of keys. Pure. */
import { QuorateError } from "../errors/quorate-error.ts";
import { missingOption, type Section, type SectionFile, type SectionValue } from "./parse.ts";
import { optionsOf, type SectionSchema } from "./section-types.ts";

/** The sections cannot be written so that they would be read back. */
export class SectionWriteError extends QuorateError {
  readonly code = "section-write";
}

export type WritableSections = Pick<SectionFile, "sections" | "order"> & Partial<Pick<SectionFile, "broken">>;

/** @throws SectionWriteError */
export function printSections(schema: SectionSchema, { sections, order, broken }: WritableSections): string {
  for (const id of order) {
    if (broken?.has(id) === true && !sections.has(id)) throw new SectionWriteError("unknown section type ''");
  }
  const ids = [...order.filter((id) => sections.has(id)), ...[...sections.keys()].filter((id) => !order.includes(id))];
  return ids
    .map((id) => {
      const section = sections.get(id);
      return section === undefined ? "" : printSection(schema, id, section);
    })
    .join("");
}

function printSection(schema: SectionSchema, id: string, { type, values }: Section): string {
  const isKnown = Object.hasOwn(schema.types, type);
  if (!isKnown && schema.allowsUnknownTypes !== true) throw new SectionWriteError(`unknown section type '${type}'`);
  const missing = isKnown ? missingOption(schema, type, values) : undefined;
  if (missing !== undefined) {
    throw new SectionWriteError(`section '${id}' - missing value for required option '${missing}'`);
  }
  const lines = keyOrder(schema, type, values, isKnown).flatMap((key) => printKey(id, key, values[key]));
  return `${type}: ${checkedLine(id, "id", id)}\n${lines.join("")}\n`;
}

function keyOrder(schema: SectionSchema, type: string, values: Section["values"], isKnown: boolean): string[] {
  const given = Object.keys(values).filter((key) => key !== "type");
  const options = isKnown ? optionsOf(schema, type) : {};
  const rank = (key: string): number => {
    if (key === "comment") return 0;
    if (key === "disable" && isKnown) return 1;
    return options[key] !== undefined && options[key].optional !== 1 ? 2 : 3;
  };
  return given.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

function printKey(id: string, key: string, value: SectionValue | undefined): string[] {
  if (value === undefined || value === "") return [];
  checkedLine(id, key, key);
  // A disabled section says so by the bare word.
  if (key === "disable") return isSet(value) ? ["\tdisable\n"] : [];
  if (typeof value === "boolean") return [`\t${key} ${value ? 1 : 0}\n`];
  const items = typeof value === "object" ? value : [String(value)];
  return items.map((item) => `\t${key} ${checkedLine(id, key, item)}\n`);
}

function isSet(value: SectionValue): boolean {
  return value === true || value === 1 || value === "1";
}

function checkedLine(id: string, key: string, text: string): string {
  if (text.includes("\n")) throw new SectionWriteError(`section '${id}' - property '${key}' contains a line feed`);
  return text;
}
