/** The method tree as data, in the form in which API descriptions are compared: facts only, no texts for people. */
import type { Method, MethodPermissions } from "./method.ts";
import type { Registry } from "./registry.ts";
import type { Properties, Schema } from "./schema.ts";

const FOR_PEOPLE = new Set([
  "description",
  "verbose_description",
  "typetext",
  "format_description",
  "title",
  "print-width",
  "renderer",
]);

/** Sorted by path and verb. The root index is no method of its own in the description. */
export function dumpApi(registry: Registry): Record<string, unknown>[] {
  return registry.methods.filter(({ path }) => path !== "/").map(dumpMethod);
}

function dumpMethod(method: Method): Record<string, unknown> {
  const dump: Record<string, unknown> = { path: method.path, method: method.method, name: method.name };
  if (method.protected === 1) dump.protected = 1;
  if (method.proxyto !== undefined) dump.proxyto = method.proxyto;
  if (method.download_allowed === 1) dump.download_allowed = 1;
  if (method.expose_credentials === 1) dump.expose_credentials = 1;
  dump.allowtoken = method.allowtoken ?? 1;
  dump.permissions = method.permissions === undefined ? null : dumpPermissions(method.permissions);
  dump.parameters = dumpProperties(method.parameters);
  if (method.parameters_allOf !== undefined) dump.parameters_allOf = method.parameters_allOf;
  if (method.parameters_oneOf !== undefined) dump.parameters_oneOf = method.parameters_oneOf;
  dump.additionalProperties = method.additionalProperties ?? 0;
  dump.returns = dumpSchema(method.returns);
  return dump;
}

function dumpPermissions({ description: _, ...facts }: MethodPermissions): Record<string, unknown> {
  return facts;
}

function dumpProperties(properties: Properties): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, dumpSchema(schema)]));
}

function dumpSchema(schema: Schema): Record<string, unknown> {
  const dump: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (FOR_PEOPLE.has(key)) continue;
    if (key === "properties" && schema.properties !== undefined) dump.properties = dumpProperties(schema.properties);
    else if (key === "format" && typeof schema.format === "object") dump.format = dumpProperties(schema.format);
    else if (key === "items" && schema.items !== undefined) dump.items = dumpSchema(schema.items);
    else if (key === "oneOf" && schema.oneOf !== undefined) dump.oneOf = schema.oneOf.map(dumpSchema);
    else dump[key] = value;
  }
  return dump;
}
