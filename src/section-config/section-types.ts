/** What section files are made of: types, their options, and the schemas of their properties. */
import type { Properties, Schema } from "../rest/schema.ts";

/** How a type uses a property. */
export interface SectionOption {
  readonly optional?: 0 | 1;
  /** Set when the section is made, never changed. */
  readonly fixed?: 0 | 1;
}

export interface SectionType {
  /** Schemas that this type adds. */
  readonly properties?: Properties;
  /** Which properties the type has. Without it every own property is one, required unless `optional`. */
  readonly options?: Readonly<Record<string, SectionOption>>;
}

export interface SectionSchema {
  /** Properties of the file as a whole: every type may use them, `id` is the schema of section ids. */
  readonly shared: Properties;
  readonly types: Readonly<Record<string, SectionType>>;
  /** Each type has schemas of its own: one name may mean different things. Default: the schemas are one pool. */
  readonly isIsolated?: boolean;
  /** Sections of unknown types are kept as they are instead of dropped with a warning. */
  readonly allowsUnknownTypes?: boolean;
  /** Type names are read in lower case. */
  readonly lowercasesTypes?: boolean;
  /** `type:` alone is a section whose id is its type. */
  readonly allowsMissingId?: boolean;
}

/** One property of one type, as the file's rules see it. */
export interface SectionProperty {
  readonly schema: Schema;
  readonly isRequired: boolean;
  readonly isFixed: boolean;
}

/** @returns undefined when no type declares the name (`unknown`) or this type does not use it (`unexpected`). */
export function propertyOf(
  schema: SectionSchema,
  type: string,
  name: string,
): SectionProperty | "unknown" | "unexpected" {
  const sectionType = ownEntry(schema.types, type);
  if (sectionType === undefined) return "unknown";
  const option = ownEntry(optionsOf(schema, type), name);
  const declared = schemaOf(schema, sectionType, name);
  if (declared === undefined) return "unknown";
  if (option === undefined) return "unexpected";
  return { schema: declared, isRequired: option.optional !== 1, isFixed: option.fixed === 1 };
}

/** The options of a type, the implied ones of a type without a table included. */
export function optionsOf(schema: SectionSchema, type: string): Readonly<Record<string, SectionOption>> {
  const sectionType = ownEntry(schema.types, type);
  if (sectionType?.options !== undefined) return sectionType.options;
  const options: Record<string, SectionOption> = {};
  for (const name of Object.keys(schema.shared)) if (name !== "id" && name !== "type") options[name] = { optional: 1 };
  for (const [name, { optional }] of Object.entries(sectionType?.properties ?? {})) {
    options[name] = optional === 1 ? { optional: 1 } : {};
  }
  return options;
}

function schemaOf(schema: SectionSchema, own: SectionType, name: string): Schema | undefined {
  const near = ownEntry(own.properties, name) ?? ownEntry(schema.shared, name);
  if (near !== undefined || schema.isIsolated === true) return near;
  for (const type of Object.values(schema.types)) {
    const found = ownEntry(type.properties, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function ownEntry<T>(table: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return table !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
}
