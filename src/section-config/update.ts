/** Changes to one section, as the update methods of the API make them. Pure. */
import { QuorateError } from "../errors/quorate-error.ts";
import { checkSectionValue, type Section, type SectionFile, type SectionValue } from "./parse.ts";
import { propertyOf, type SectionSchema } from "./section-types.ts";

/** The request cannot be applied to the section. `parameter` is the key at fault. */
export class SectionUpdateError extends QuorateError {
  readonly code = "section-update";
  readonly parameter: string;

  constructor(parameter: string, message: string) {
    super(message);
    this.parameter = parameter;
  }
}

/** The file is not the one that the caller read. */
export class SectionDigestError extends QuorateError {
  readonly code = "section-digest";

  constructor() {
    super("detected modified configuration - file changed by other user? Try again.");
  }
}

/** @throws SectionDigestError when `expected` is given and another file was read. */
export function assertDigest(file: Pick<SectionFile, "digest">, expected: string | undefined): void {
  if (expected !== undefined && expected !== "" && expected !== file.digest) throw new SectionDigestError();
}

export interface SectionUpdate {
  readonly set: Readonly<Record<string, unknown>>;
  readonly remove?: readonly string[];
}

/**
 * Checks the values of a new section.
 * @throws SectionUpdateError for a key that the type does not have or a value that its schema refuses.
 */
export function createSection(schema: SectionSchema, type: string, values: Readonly<Record<string, unknown>>): Section {
  return { type, values: checkValues(schema, type, values) };
}

/** @throws SectionUpdateError, before anything is changed. */
export function updateSection(schema: SectionSchema, section: Section, { set, remove = [] }: SectionUpdate): Section {
  const values: Record<string, SectionValue> = { ...section.values };
  for (const key of remove) {
    const property = propertyOf(schema, section.type, key);
    if (typeof property === "string") throw new SectionUpdateError(key, `no such option '${key}'`);
    if (property.isRequired) throw new SectionUpdateError(key, `unable to delete required option '${key}'`);
    if (property.isFixed) throw new SectionUpdateError(key, `unable to delete fixed option '${key}'`);
    if (set[key] !== undefined) {
      throw new SectionUpdateError(key, `cannot set and delete property '${key}' at the same time!`);
    }
    delete values[key];
  }
  const changes = checkValues(schema, section.type, set);
  for (const [key, value] of Object.entries(changes)) {
    const property = propertyOf(schema, section.type, key);
    const isFixed = typeof property !== "string" && property.isFixed;
    if (isFixed && String(values[key]) !== String(value)) {
      throw new SectionUpdateError(key, `can't change value of fixed parameter '${key}'`);
    }
    values[key] = value;
  }
  return { type: section.type, values };
}

function checkValues(
  schema: SectionSchema,
  type: string,
  given: Readonly<Record<string, unknown>>,
): Record<string, SectionValue> {
  const values: Record<string, SectionValue> = {};
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined || key === "type") continue;
    const property = propertyOf(schema, type, key);
    if (property === "unknown") throw new SectionUpdateError(key, "unknown property type");
    if (property === "unexpected") throw new SectionUpdateError(key, `unexpected property '${key}'`);
    const checked = checkSectionValue(property.schema, value);
    if ("error" in checked) throw new SectionUpdateError(key, checked.error);
    values[key] = checked.value;
  }
  return values;
}
