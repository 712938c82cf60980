/** Compares the reader of section files with recorded cases; what reads without a warning must survive a write. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Properties } from "../rest/schema.ts";
import {
  parseSections,
  printSections,
  type SectionFile,
  type SectionSchema,
  type SectionType,
} from "../section-config/index.ts";
import type { Report } from "./api.ts";

interface Case {
  readonly name: string;
  readonly types: string;
  readonly text: string;
  readonly allowUnknown?: boolean;
  readonly warns?: string | true;
  readonly ids?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly order?: readonly string[];
}

interface CaseFile {
  readonly typeSets: Readonly<Record<string, Readonly<Record<string, SectionType>>>>;
  readonly cases: readonly Case[];
}

export async function run(dirOrFile: string, report: Report): Promise<void> {
  const files = statSync(dirOrFile).isDirectory()
    ? readdirSync(dirOrFile)
        .filter((name) => name.endsWith(".json"))
        .map((name) => join(dirOrFile, name))
    : [dirOrFile];
  for (const file of files) {
    const { typeSets, cases } = JSON.parse(readFileSync(file, "utf8")) as CaseFile;
    for (const one of cases) {
      const { shared, ...types } = typeSets[one.types] ?? {};
      const schema: SectionSchema = {
        shared: (shared?.properties ?? {}) as Properties,
        types,
        isIsolated: one.types === "isolated",
        allowsUnknownTypes: one.allowUnknown === true,
      };
      const why = checkCase(one, schema);
      report(one.name, why === undefined, why);
    }
  }
}

/** @returns why the case fails. */
function checkCase(one: Case, schema: SectionSchema): string | undefined {
  // The recorded warning names the file by a label of its own.
  const [, label = "test"] = /^file (\S+) line/.exec(String(one.warns)) ?? [];
  const file = parseSections(schema, one.text, { fileName: label });
  if (one.warns !== undefined) {
    if (file.warnings.length === 0) return "no warning";
    const isExact = one.warns === true || file.warnings.includes(one.warns);
    return isExact ? compareContent(one, file) : `warns ${JSON.stringify(file.warnings)}`;
  }
  if (file.warnings.length > 0) return `warns ${JSON.stringify(file.warnings)}`;
  const again = parseSections(schema, printSections(schema, file), { fileName: label });
  return compareContent(one, file) ?? compareContent(one, again);
}

function compareContent({ ids, order }: Case, file: SectionFile): string | undefined {
  const got = Object.fromEntries([...file.sections].map(([id, { type, values }]) => [id, { type, ...values }]));
  if (ids !== undefined && canonical(got) !== canonical(ids)) return `reads ${canonical(got)}, want ${canonical(ids)}`;
  if (order !== undefined && canonical(file.order) !== canonical(order)) return `order ${canonical(file.order)}`;
  return undefined;
}

/** Sorted keys; numbers and flags as texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === "number") return String(item);
    if (typeof item === "boolean") return item ? "1" : "0";
    if (typeof item !== "object" || item === null || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
