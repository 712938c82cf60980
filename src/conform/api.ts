/**
 * Compares the verifier, the formats, the lists, the property strings and the index pages with recorded cases. Each
 * file of the folder says by its name what its cases are.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { compilePropertyString, compileScalarFormat } from "../rest/check.ts";
import { propertyFormat } from "../rest/formats/index.ts";
import type { Method } from "../rest/method.ts";
import { compileParameters } from "../rest/method-check.ts";
import { printPropertyString } from "../rest/property-string.ts";
import { Registry } from "../rest/registry.ts";
import { splitList } from "../rest/split-list.ts";

export type Report = (name: string, ok: boolean, detail?: string) => void;

type Json = Record<string, unknown>;

/** @param methods every declared method; a recorded request to another one counts as failed. */
export async function run(dirOrFile: string, report: Report, methods: readonly Method[]): Promise<void> {
  const files = statSync(dirOrFile).isDirectory()
    ? readdirSync(dirOrFile)
        .filter((name) => name.endsWith(".json"))
        .sort()
        .map((name) => join(dirOrFile, name))
    : [dirOrFile];
  for (const file of files) runFile(file, methods, report);
}

function runFile(file: string, methods: readonly Method[], report: Report): void {
  const name = basename(file, ".json");
  const data: unknown = JSON.parse(readFileSync(file, "utf8"));
  switch (name) {
    case "validation":
      for (const [index, one] of (data as ValidationCase[]).entries()) checkValidation(one, index, methods, report);
      return;
    case "property-strings":
      for (const one of data as PropertyCase[]) checkPropertyString(one, report);
      return;
    case "format-vectors":
      checkFormats(data as Record<string, FormatSamples>, report);
      return;
    case "split-list":
      for (const { input, output } of data as { input: string; output: string[] }[]) {
        compare(`split-list ${JSON.stringify(input)}`, splitList(input), output, report);
      }
      return;
    case "index-nodes":
      checkIndexNodes(data as Record<string, IndexNode>, methods, report);
      return;
    default:
      report(name, false, "no case of this kind is known");
  }
}

interface ValidationCase {
  readonly method: string;
  readonly path: string;
  readonly params: Json;
  readonly ok: 0 | 1;
  readonly errors?: Readonly<Record<string, string>>;
}

function checkValidation(one: ValidationCase, index: number, methods: readonly Method[], report: Report): void {
  const name = `validation ${index} ${one.method} ${one.path}`;
  const method = methods.find((candidate) => candidate.method === one.method && candidate.path === one.path);
  if (method === undefined) {
    report(name, false, "the method is not declared");
    return;
  }
  const verdict = compileParameters(method)(one.params);
  compare(name, verdict.ok ? {} : verdict.errors, one.errors ?? {}, report);
}

interface PropertyCase {
  readonly format: string;
  readonly input: string;
  readonly ok: 0 | 1;
  readonly parsed?: Json;
  readonly printed?: string;
  readonly message?: string;
  readonly errors?: Json;
}

function checkPropertyString(one: PropertyCase, report: Report): void {
  const name = `property-strings ${one.format} ${JSON.stringify(one.input)}`;
  const format = propertyFormat(one.format);
  if (format === undefined) {
    report(name, false, "the format is not known");
    return;
  }
  const result = compilePropertyString(format)(one.input);
  if (!result.ok) {
    const { message, errors } = result;
    compare(name, { message, errors }, { message: one.message, errors: one.errors }, report);
    return;
  }
  const printed = one.printed === undefined ? undefined : printPropertyString(format.properties, result.value);
  compare(
    name,
    { parsed: result.value, printed },
    { parsed: one.ok ? one.parsed : undefined, printed: one.printed },
    report,
  );
}

interface FormatSamples {
  readonly accept: readonly string[];
  readonly reject: readonly string[];
}

function checkFormats(formats: Record<string, FormatSamples & { more?: FormatSamples }>, report: Report): void {
  for (const [name, samples] of Object.entries(formats)) {
    const check = compileScalarFormat(name);
    const accept = [...samples.accept, ...(samples.more?.accept ?? [])];
    const reject = [...samples.reject, ...(samples.more?.reject ?? [])];
    const wrong = [
      ...accept.filter((text) => check(text) !== undefined).map((text) => `refuses ${JSON.stringify(text)}`),
      ...reject.filter((text) => check(text) === undefined).map((text) => `takes ${JSON.stringify(text)}`),
    ];
    report(`format-vectors ${name}`, wrong.length === 0, wrong.join("; "));
  }
}

interface IndexNode {
  readonly key: string;
  readonly children: readonly string[];
}

/**
 * An index lists what exists and nothing else: each of our children must be a recorded one, unless it is a page that
 * the reference has but does not list, and the naming property must be the recorded one.
 */
function checkIndexNodes(nodes: Record<string, IndexNode>, methods: readonly Method[], report: Report): void {
  const registry = new Registry(methods);
  for (const [path, { key, children }] of Object.entries(nodes)) {
    const name = `index-nodes ${path}`;
    const index = registry.indexOf(path);
    if (index === undefined) {
      report(name, false, "there is no such index");
      continue;
    }
    const extra = index.children.filter((child) => !children.includes(child));
    const isRightKey = index.key === key;
    report(
      name,
      isRightKey && extra.length === 0,
      isRightKey ? `lists ${extra.join(" ")}` : `names children by '${index.key}'`,
    );
  }
}

function compare(name: string, got: unknown, want: unknown, report: Report): void {
  const gotText = JSON.stringify(loosely(got));
  const wantText = JSON.stringify(loosely(want));
  report(name, gotText === wantText, `got ${gotText}, want ${wantText}`);
}

/** Keys sorted; numbers and booleans as texts, as the recorder held some numbers as texts. */
function loosely(value: unknown): unknown {
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return value.map(loosely);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, loosely(item)]),
  );
}
