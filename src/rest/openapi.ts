/** OpenAPI 3.1 of the method tree, for client generators and API viewers. Pure. */
import type { Method } from "./method.ts";
import type { Registry } from "./registry.ts";
import type { Properties, Schema } from "./schema.ts";

type Json = Record<string, unknown>;

export interface OpenApiInfo {
  readonly title: string;
  readonly version: string;
}

export function openApiOf(registry: Registry, info: OpenApiInfo): Json {
  const paths: Record<string, Json> = {};
  for (const method of registry.methods) {
    const item = paths[method.path] ?? {};
    item[method.method.toLowerCase()] = operationOf(method);
    paths[method.path] = item;
  }
  return {
    openapi: "3.1.0",
    info: { ...info, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    servers: [{ url: "/api2/json" }],
    tags: [...new Set(registry.methods.map(tagOf))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        ticket: {
          type: "apiKey",
          in: "cookie",
          name: "PVEAuthCookie",
          description: "The ticket of POST /access/ticket.",
        },
        csrf: {
          type: "apiKey",
          in: "header",
          name: "CSRFPreventionToken",
          description: "Goes with the ticket in every call that is no GET.",
        },
        token: {
          type: "apiKey",
          in: "header",
          name: "Authorization",
          description: "An API token: `PVEAPIToken=<user>@<realm>!<tokenid>=<secret>`.",
        },
      },
      schemas: {
        Failure: {
          type: "object",
          required: ["data", "message"],
          properties: {
            data: { type: "null" },
            message: { type: "string", description: "Also the reason phrase of the status line." },
            errors: { type: "object", additionalProperties: { type: "string" }, description: "Texts by parameter." },
          },
        },
      },
    },
  };
}

function tagOf(method: Method): string {
  const [first = "root", second = ""] = method.path.split("/").filter((part) => part !== "");
  if (first !== "nodes") return first;
  const area = method.path.split("/")[3];
  return area === undefined || second === "" ? "nodes" : `nodes/${area}`;
}

function operationOf(method: Method): Json {
  const pathNames = [...method.path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name ?? "");
  const others = Object.entries(method.parameters).filter(([name]) => !pathNames.includes(name));
  const hasBody = method.method === "POST" || method.method === "PUT";
  const parameters = [
    ...pathNames.map((name) => parameterOf("path", name, method.parameters[name] ?? {})),
    ...(hasBody ? [] : others.flatMap(([name, schema]) => queryParameters(name, schema))),
  ];
  const isPublic = method.permissions?.user === "world";
  const ticket = method.method === "GET" ? { ticket: [] } : { ticket: [], csrf: [] };
  return {
    operationId: operationId(method),
    summary: method.description,
    tags: [tagOf(method)],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(hasBody && others.length > 0 ? { requestBody: bodyOf(Object.fromEntries(others)) } : {}),
    responses: responsesOf(method),
    security: isPublic ? [] : method.allowtoken === 0 ? [ticket] : [ticket, { token: [] }],
    ...(method.permissions === undefined ? {} : { "x-permissions": method.permissions }),
    ...(method.protected === 1 ? { "x-protected": true } : {}),
    ...(method.proxyto === undefined ? {} : { "x-proxyto": method.proxyto }),
  };
}

/** `GET /nodes/{node}/qemu/{vmid}/config` → `getNodesQemuConfigByNodeByVmid`: the parameters keep it unique. */
function operationId(method: Method): string {
  const word = (text: string): string =>
    text
      .split(/[^A-Za-z0-9]+/)
      .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
      .join("");
  const parts = method.path.split("/").filter((part) => part !== "");
  const literals = parts.filter((part) => !part.startsWith("{")).map(word);
  const variables = parts.filter((part) => part.startsWith("{")).map((part) => `By${word(part)}`);
  return `${method.method.toLowerCase()}${literals.join("") || "Root"}${variables.join("")}`;
}

function parameterOf(where: "path" | "query", name: string, schema: Schema): Json {
  const isRequired = where === "path" || schema.optional !== 1;
  return {
    name,
    in: where,
    ...(schema.description === undefined ? {} : { description: schema.description }),
    ...(isRequired ? { required: true } : {}),
    schema: jsonSchemaOf(schema),
  };
}

/** A family is one parameter for each of its names. */
function queryParameters(name: string, schema: Schema): Json[] {
  if (!name.endsWith("[n]")) return [parameterOf("query", name, schema)];
  const [first, last] = schema.index ?? [0, 0];
  const stem = name.slice(0, -"[n]".length);
  return Array.from({ length: last - first + 1 }, (_, i) => parameterOf("query", `${stem}${first + i}`, schema));
}

function bodyOf(properties: Properties): Json {
  const schema = objectSchema(properties, false);
  return {
    required: Object.values(properties).some(({ optional }) => optional !== 1),
    content: { "application/x-www-form-urlencoded": { schema }, "application/json": { schema } },
  };
}

function responsesOf(method: Method): Json {
  const failure = (description: string): Json => ({
    description,
    content: { "application/json": { schema: { $ref: "#/components/schemas/Failure" } } },
  });
  if (method.websocket !== undefined) return { "101": { description: "Switching to a WebSocket." } };
  const data = jsonSchemaOf(method.returns);
  return {
    "200": {
      description: "The result.",
      content: { "application/json": { schema: { type: "object", required: ["data"], properties: { data } } } },
    },
    "400": failure("Bad parameters."),
    "401": { description: "No login, or a bad one." },
    "403": failure("No permission."),
    "500": failure("The method failed."),
  };
}

function objectSchema(properties: Properties, allowsOthers: boolean): Json {
  const plain: Json = {};
  const patterns: Json = {};
  const required: string[] = [];
  for (const [name, schema] of Object.entries(properties)) {
    if (schema.alias !== undefined) continue;
    if (name.endsWith("[n]")) {
      patterns[`^${name.slice(0, -"[n]".length)}(0|[1-9][0-9]*)$`] = jsonSchemaOf(schema);
      continue;
    }
    plain[name] = jsonSchemaOf(schema);
    if (schema.optional !== 1) required.push(name);
  }
  return {
    type: "object",
    ...(Object.keys(plain).length === 0 ? {} : { properties: plain }),
    ...(Object.keys(patterns).length === 0 ? {} : { patternProperties: patterns }),
    ...(required.length === 0 ? {} : { required }),
    ...(allowsOthers ? {} : { additionalProperties: false }),
  };
}

/** Keywords that mean the same in both dialects. */
const SHARED = ["description", "default", "enum", "minimum", "maximum", "minLength", "maxLength"] as const;

export function jsonSchemaOf(schema: Schema): Json {
  const result: Json = {};
  for (const keyword of SHARED) {
    const value = schema[keyword];
    if (value !== undefined && value !== null) result[keyword] = value;
  }
  if (schema.oneOf !== undefined) return { ...result, anyOf: schema.oneOf.map(jsonSchemaOf) };
  switch (schema.type) {
    case "boolean":
      // Flags are 0 and 1 on the wire.
      return { ...result, type: "integer", enum: [0, 1], ...flagDefault(schema) };
    case "array":
      return { ...result, type: "array", items: jsonSchemaOf(schema.items ?? {}) };
    case "object": {
      const allowsOthers = schema.additionalProperties !== 0;
      return { ...result, ...objectSchema(schema.properties ?? {}, allowsOthers) };
    }
    case undefined:
      return result;
    default:
      if (schema.pattern !== undefined) result.pattern = `^(?:${schema.pattern})$`;
      if (typeof schema.format === "string") result.format = schema.format;
      // A property string: its keys, for those who build one.
      if (typeof schema.format === "object") result["x-property-string"] = objectSchema(schema.format, false);
      return { ...result, type: schema.type };
  }
}

function flagDefault(schema: Schema): Json {
  return schema.default === undefined ? {} : { default: Number(schema.default) };
}
