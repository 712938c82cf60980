import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCredentials } from "./credentials.ts";
import { decodeForm } from "./decode.ts";
import { defineMethod, type Method, type Verb } from "./method.ts";
import { Registry } from "./registry.ts";
import { parseTarget } from "./request-target.ts";

function method(verb: Verb, path: string, more: Partial<Method> = {}): Method {
  const names = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name ?? "");
  const parameters = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
  return {
    ...defineMethod({ path, method: verb, name: "x", description: "", parameters, returns: {}, handler: () => path }),
    ...more,
  };
}

const registry = new Registry([
  method("GET", "/nodes"),
  method("GET", "/nodes/{node}/storage/{storage}/content"),
  method("GET", "/nodes/{node}/storage/{storage}/content/{volume}", { hasTrailingPath: true }),
  method("PUT", "/nodes/{node}/storage/{storage}/content/{volume}", { hasTrailingPath: true }),
  method("GET", "/access/users/{userid}"),
  method("GET", "/access/users/list"),
  method("GET", "/access/users/{userid}/token/{tokenid}"),
  method("GET", "/access/permissions"),
  method("GET", "/cluster/ha/status/current"),
]);

describe("find", () => {
  test.each([
    { path: "/nodes", want: "/nodes", params: {} },
    { path: "//nodes//", want: "/nodes", params: {} },
    { path: "/access/users/list", want: "/access/users/list", params: {} },
    { path: "/access/users/a@pve", want: "/access/users/{userid}", params: { userid: "a@pve" } },
    {
      path: "/access/users/list/token/t",
      want: "/access/users/{userid}/token/{tokenid}",
      params: { userid: "list", tokenid: "t" },
    },
    {
      path: "/nodes/n1/storage/s/content/s:iso/a/b.iso",
      want: "/nodes/{node}/storage/{storage}/content/{volume}",
      params: { node: "n1", storage: "s", volume: "s:iso/a/b.iso" },
    },
    {
      path: "/nodes/n1/storage/s/content",
      want: "/nodes/{node}/storage/{storage}/content",
      params: { node: "n1", storage: "s" },
    },
  ])("$path", ({ path, want, params }) => {
    const match = registry.find("GET", path);
    expect(match?.route.method.path).toBe(want);
    expect(match?.pathParams).toEqual(params);
  });

  test.each(["/nope", "/access/users/a/b", "/nodes/n1/qemu", "/constructor", "/access/__proto__"])(
    "%s is nothing",
    (path) => {
      expect(registry.find("GET", path)).toBeUndefined();
    },
  );

  test("two methods at one place are a mistake of ours", () => {
    expect(() => new Registry([method("GET", "/a/{b}"), method("GET", "/a/{c}")])).toThrow("declared twice");
  });
});

describe("index pages", () => {
  test("list what is declared below them, but not what the API leaves out", () => {
    expect(registry.indexOf("/")).toEqual({ key: "subdir", children: ["access", "cluster", "nodes"] });
    expect(registry.indexOf("/access")).toEqual({ key: "subdir", children: ["users"] });
    expect(registry.indexOf("/cluster")).toEqual({ key: "name", children: ["ha"] });
    expect(registry.indexOf("/cluster/ha")).toEqual({ key: "id", children: ["status"] });
    expect(registry.indexOf("/nodes/{node}/storage/{storage}")).toEqual({ key: "subdir", children: ["content"] });
  });

  test("exist only where something is below, and take their parameters from there", () => {
    expect(registry.indexOf("/cluster/acme")).toBeUndefined();
    const page = registry.methods.find(({ path }) => path === "/nodes/{node}/storage/{storage}");
    expect(page?.parameters).toEqual({ node: { type: "string" }, storage: { type: "string" } });
  });
});

describe("anything that comes by the wire", () => {
  test("is decoded or refused, never thrown at", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(Object.getPrototypeOf(decodeForm(text))).toBeNull();
        const target = parseTarget(text) ?? parseTarget(`/api2/json/${text}`);
        expect(target?.path.startsWith("/")).not.toBe(false);
        if (target !== undefined) registry.find("GET", target.path);
        readCredentials(text, text);
      }),
    );
  });

  test("what a form says is what was meant", () => {
    const key = fc.string({ minLength: 1 }).filter((text) => text !== "_dc");
    fc.assert(
      fc.property(fc.dictionary(key, fc.string()), (values) => {
        expect({ ...decodeForm(new URLSearchParams(values).toString()) }).toEqual({ ...values });
      }),
    );
  });
});
