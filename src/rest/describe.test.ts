import { describe, expect, test } from "vitest";
import { dumpApi } from "./api-dump.ts";
import { defineMethod } from "./method.ts";
import { openApiOf } from "./openapi.ts";
import { Registry } from "./registry.ts";

const registry = new Registry([
  defineMethod({
    path: "/nodes/{node}/qemu",
    method: "POST",
    name: "create_vm",
    description: "Create a virtual machine.",
    protected: 1,
    proxyto: "node",
    permissions: { check: ["perm", "/vms/{vmid}", ["VM.Allocate"]], description: "a text" },
    parameters: {
      node: { type: "string", format: "pve-node", description: "The node." },
      vmid: { type: "integer", minimum: 100, description: "The id." },
      onboot: { type: "boolean", optional: 1, default: 0 },
      "net[n]": {
        type: "string",
        optional: 1,
        index: [0, 31],
        format: { model: { type: "string", description: "x", default_key: 1 } },
      },
    },
    returns: { type: "string" },
    handler: () => "",
  }),
  defineMethod({
    path: "/nodes/{node}/qemu/{vmid}/config",
    method: "GET",
    name: "config",
    description: "Read the config.",
    parameters: { node: { type: "string" }, vmid: { type: "integer" }, current: { type: "boolean", optional: 1 } },
    returns: { type: "object", properties: { digest: { type: "string", description: "x" } } },
    handler: () => ({}),
  }),
]);

describe("dumpApi", () => {
  test("gives facts without texts, index pages included", () => {
    const dump = dumpApi(registry);
    expect(dump.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /nodes/{node}",
      "POST /nodes/{node}/qemu",
      "GET /nodes/{node}/qemu/{vmid}",
      "GET /nodes/{node}/qemu/{vmid}/config",
    ]);
    expect(dump[1]).toEqual({
      path: "/nodes/{node}/qemu",
      method: "POST",
      name: "create_vm",
      protected: 1,
      proxyto: "node",
      allowtoken: 1,
      permissions: { check: ["perm", "/vms/{vmid}", ["VM.Allocate"]] },
      parameters: {
        node: { type: "string", format: "pve-node" },
        vmid: { type: "integer", minimum: 100 },
        onboot: { type: "boolean", optional: 1, default: 0 },
        "net[n]": {
          type: "string",
          optional: 1,
          index: [0, 31],
          format: { model: { type: "string", default_key: 1 } },
        },
      },
      additionalProperties: 0,
      returns: { type: "string" },
    });
  });
});

/** What the OpenAPI 3.1 specification demands of the parts that we use. @returns what is wrong. */
function faultsOf(document: Record<string, unknown>): string[] {
  const faults: string[] = [];
  const ids = new Set<unknown>();
  const check = (holds: boolean, text: string): void => {
    if (!holds) faults.push(text);
  };
  check(/^3\.1\.\d+$/.test(String(document.openapi)), "version");
  const info = document.info as { title?: string; version?: string };
  check(typeof info.title === "string" && typeof info.version === "string", "info");
  for (const [path, item] of Object.entries(document.paths as Record<string, Record<string, Operation>>)) {
    check(path.startsWith("/"), `${path}: no leading slash`);
    const names = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name).sort();
    for (const [verb, operation] of Object.entries(item)) {
      const at = `${verb} ${path}`;
      check(["get", "post", "put", "delete"].includes(verb), `${at}: verb`);
      check(!ids.has(operation.operationId), `${at}: operationId is not unique`);
      ids.add(operation.operationId);
      const parameters = operation.parameters ?? [];
      const inPath = parameters.filter((one) => one.in === "path");
      check(JSON.stringify(inPath.map((one) => one.name).sort()) === JSON.stringify(names), `${at}: path parameters`);
      check(
        inPath.every((one) => one.required === true),
        `${at}: path parameters are required`,
      );
      check(new Set(parameters.map((one) => `${one.in} ${one.name}`)).size === parameters.length, `${at}: doubles`);
      check(Object.keys(operation.responses).length > 0, `${at}: responses`);
      check(
        Object.values(operation.responses).every(({ description }) => typeof description === "string"),
        `${at}: texts`,
      );
      check(verb !== "get" || operation.requestBody === undefined, `${at}: a body on GET`);
      for (const one of parameters) checkSchema(one.schema, `${at} ${one.name}`, faults);
      for (const { schema } of Object.values(operation.requestBody?.content ?? {})) checkSchema(schema, at, faults);
    }
  }
  return faults;
}

interface Operation {
  operationId: string;
  parameters?: { name: string; in: string; required?: boolean; schema: unknown }[];
  requestBody?: { content: Record<string, { schema: unknown }> };
  responses: Record<string, { description: string }>;
}

function checkSchema(schema: unknown, at: string, faults: string[]): void {
  if (typeof schema !== "object" || schema === null) {
    faults.push(`${at}: no schema`);
    return;
  }
  const known = ["string", "integer", "number", "boolean", "object", "array", "null"];
  for (const [key, value] of Object.entries(schema)) {
    if (key === "type" && !known.includes(String(value))) faults.push(`${at}: type ${String(value)}`);
    if (key === "required" && !Array.isArray(value)) faults.push(`${at}: required is no list`);
    if (key === "pattern") new RegExp(String(value));
    if (key === "properties" || key === "patternProperties") {
      for (const [name, inner] of Object.entries(value as object)) checkSchema(inner, `${at}.${name}`, faults);
    }
    if (key === "items") checkSchema(value, `${at}[]`, faults);
  }
}

describe("openApiOf", () => {
  const document = openApiOf(registry, { title: "Quorate", version: "1" }) as {
    paths: Record<string, Record<string, unknown>>;
  };

  test("is a valid document", () => {
    expect(faultsOf(document as unknown as Record<string, unknown>)).toEqual([]);
  });

  test("has families as patterns, flags as numbers and property strings with their keys", () => {
    expect(document.paths["/nodes/{node}/qemu"]?.post).toMatchObject({
      requestBody: {
        content: {
          "application/json": {
            schema: {
              required: ["vmid"],
              properties: { onboot: { type: "integer", enum: [0, 1], default: 0 } },
              patternProperties: { "^net(0|[1-9][0-9]*)$": { "x-property-string": { required: ["model"] } } },
              additionalProperties: false,
            },
          },
        },
      },
    });
  });
});
