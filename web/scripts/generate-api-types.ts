/**
 * Writes src/api/types.gen.ts from what `quorate openapi` prints: for every path and verb the type of its parameters
 * and of its answer. Run: `../quorate openapi | node scripts/generate-api-types.ts > src/api/types.gen.ts`
 */
import { readFileSync } from "node:fs";

interface Schema {
  readonly type?: string;
  readonly enum?: readonly (string | number | null)[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly patternProperties?: Readonly<Record<string, Schema>>;
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly required?: boolean; readonly schema: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const VERBS = ["get", "post", "put", "delete"] as const;

/** What the document says of `net0`, `net1`, …: `^net(0|[1-9][0-9]*)$`. They become one index signature. */
const NUMBERED_PATTERN = /^\^([a-z]+(?:_[a-z]+)?)\(0\|/;

function typeOf(schema: Schema | undefined): string {
  if (schema === undefined) return "unknown";
  const variants = schema.oneOf ?? schema.anyOf;
  if (variants !== undefined) return [...new Set(variants.map(typeOf))].join(" | ");
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  switch (schema.type) {
    case "string":
      return "string";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean | 0 | 1";
    case "null":
      return "null";
    case "array":
      return `readonly (${typeOf(schema.items)})[]`;
    case "object":
      return objectType(schema);
    default:
      return schema.properties === undefined ? "unknown" : objectType(schema);
  }
}

function objectType({ properties = {}, required = [], additionalProperties, patternProperties = {} }: Schema): string {
  const numbered = new Map<string, string>();
  for (const [pattern, schema] of Object.entries(patternProperties)) {
    const prefix = NUMBERED_PATTERN.exec(pattern)?.[1];
    if (prefix !== undefined) numbered.set(prefix, typeOf(schema));
  }
  const lines: string[] = [];
  for (const [name, schema] of Object.entries(properties)) {
    lines.push(`readonly ${propertyName(name)}${required.includes(name) ? "" : "?"}: ${typeOf(schema)};`);
  }
  for (const [prefix, type] of numbered) lines.push(`readonly [key: \`${prefix}\${number}\`]: ${type};`);
  const isOpen = typeof additionalProperties === "object";
  if (isOpen) return `Readonly<Record<string, ${typeOf(additionalProperties as Schema)}>>`;
  return lines.length === 0 ? "Readonly<Record<string, unknown>>" : `{ ${lines.join(" ")} }`;
}

function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

function parametersType(operation: Operation): string {
  const properties: Record<string, Schema> = {};
  const required: string[] = [];
  for (const { name, required: isRequired, schema } of operation.parameters ?? []) {
    properties[name] = schema;
    if (isRequired === true) required.push(name);
  }
  const body = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
  const patternProperties = body?.patternProperties ?? {};
  for (const [name, schema] of Object.entries(body?.properties ?? {})) {
    if (schema.type === "string" && "format" in schema && schema.format === "binary") continue;
    properties[name] = schema;
  }
  required.push(...(body?.required ?? []).filter((name) => properties[name] !== undefined));
  return Object.keys(properties).length === 0
    ? "Readonly<Record<string, never>>"
    : objectType({ properties, required, patternProperties });
}

function answerType(operation: Operation): string {
  const schema = Object.values(operation.responses["200"]?.content ?? {})[0]?.schema;
  return schema === undefined ? "unknown" : typeOf(schema.properties?.data);
}

const document = JSON.parse(readFileSync(0, "utf8")) as Document;
const out: string[] = [
  "/* Made by scripts/generate-api-types.ts from `quorate openapi`: do not edit. */",
  "",
  "export interface Methods {",
];
for (const [path, verbs] of Object.entries(document.paths)) {
  out.push(`  ${JSON.stringify(path)}: {`);
  for (const verb of VERBS) {
    const operation = verbs[verb];
    if (operation === undefined) continue;
    out.push(
      `    ${verb.toUpperCase()}: { readonly parameters: ${parametersType(operation)}; readonly answer: ${answerType(operation)} };`,
    );
  }
  out.push("  };");
}
out.push("}", "");
process.stdout.write(out.join("\n"));
