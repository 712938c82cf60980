/** Help made from declarations. Pure. */
import type { Method } from "../rest/method.ts";
import type { Schema } from "../rest/schema.ts";

/** `<vmid> --cores <integer (1 - N)> [--name <string>]`; required options first. */
export function optionSummary(method: Method, hidden: ReadonlySet<string>): string {
  const options = Object.entries(method.parameters).filter(([name]) => !hidden.has(name));
  const required = options.filter(([, schema]) => schema.optional !== 1);
  return [
    ...required.map(([name, schema]) => `--${name} ${typeText(schema)}`),
    ...(options.length > required.length ? ["[OPTIONS]"] : []),
  ].join(" ");
}

/** One block for each option. */
export function optionDetails(method: Method, hidden: ReadonlySet<string>): string {
  return Object.entries(method.parameters)
    .filter(([name]) => !hidden.has(name))
    .sort(([a, x], [b, y]) => (x.optional ?? 0) - (y.optional ?? 0) || (a < b ? -1 : 1))
    .map(([name, schema]) => {
      const fallback = schema.default === undefined || schema.default === null ? "" : `   (default=${schema.default})`;
      const text = schema.description === undefined ? "" : `        ${schema.description}\n`;
      return `  --${name.padEnd(12)} ${typeText(schema)}${fallback}\n${text}`;
    })
    .join("\n");
}

export function typeText(schema: Schema): string {
  if (schema.typetext !== undefined) return schema.typetext;
  if (schema.enum != null) return `<${schema.enum.join(" | ")}>`;
  if (typeof schema.format === "object") return propertyText(schema.format);
  const { minimum, maximum } = schema;
  const range = minimum === undefined && maximum === undefined ? "" : ` (${minimum ?? "-N"} - ${maximum ?? "N"})`;
  return `<${schema.type ?? "string"}${range}>`;
}

function propertyText(properties: Readonly<Record<string, Schema>>): string {
  return Object.entries(properties)
    .filter(([, schema]) => schema.alias === undefined)
    .sort(([, a], [, b]) => (b.default_key ?? 0) - (a.default_key ?? 0) || (a.optional ?? 0) - (b.optional ?? 0))
    .map(([name, schema], index) => {
      const item = schema.default_key === 1 ? `[${name}=]${typeText(schema)}` : `${name}=${typeText(schema)}`;
      const separated = index === 0 ? item : `,${item}`;
      return schema.optional === 1 ? ` [${separated}]` : ` ${separated}`;
    })
    .join("")
    .trim();
}
