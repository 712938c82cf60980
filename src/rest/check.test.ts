import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileParameters } from "./method-check.ts";
import type { Properties } from "./schema.ts";

const parameters = {
  node: { type: "string", format: "pve-node" },
  name: { type: "string", format: "dns-name", optional: 1 },
  cores: { type: "integer", minimum: 1, maximum: 128, optional: 1 },
  size: { type: "integer", optional: 1 },
  share: { type: "number", minimum: 0, optional: 1 },
  onboot: { type: "boolean", optional: 1 },
  tags: { type: "string", format: "pve-tag-list", optional: 1 },
  note: { type: "string", minLength: 2, maxLength: 3, optional: 1 },
  command: { type: "array", items: { type: "string", maxLength: 3 }, optional: 1 },
  "net[n]": {
    type: "string",
    index: [0, 31],
    optional: 1,
    format: { bridge: { type: "string", format: "pve-iface" } },
  },
  path: { type: "string", optional: 1, requires: "privs" },
  privs: { type: "string", optional: 1 },
  gone: { type: "string", optional: 1, "instance-types": ["ospf"], "type-property": "privs" },
} as const satisfies Properties;

const check = compileParameters({ parameters });
const unknown = "property is not defined in schema and the schema does not allow additional properties";

describe("compileParameters", () => {
  test.each([
    { name: "nothing given", raw: {}, errors: { node: "property is missing and it is not optional" } },
    {
      name: "a word for a number",
      raw: { cores: "two" },
      errors: { cores: "type check ('integer') failed - got 'two'" },
    },
    { name: "too small", raw: { cores: 0 }, errors: { cores: "value must have a minimum value of 1" } },
    { name: "too large", raw: { cores: "129" }, errors: { cores: "value must have a maximum value of 128" } },
    {
      name: "more digits than a number holds",
      raw: { size: "1".repeat(400), share: "1e999" },
      errors: {
        share: `value must have a maximum value of ${Number.MAX_VALUE}`,
        size: "value must have a maximum value of 9007199254740991",
      },
    },
    {
      name: "a word for a flag",
      raw: { onboot: "yes" },
      errors: { onboot: "type check ('boolean') failed - got 'yes'" },
    },
    {
      name: "one bad tag of a list",
      raw: { tags: "ok,-bad" },
      errors: { tags: "invalid format - invalid characters in tag\n" },
    },
    { name: "too short", raw: { note: "a" }, errors: { note: "value must be at least 2 characters long" } },
    {
      name: "characters count, not code units",
      raw: { note: "😀😀😀😀" },
      errors: { note: "value may only be 3 characters long" },
    },
    { name: "an index that does not exist", raw: { net32: "bridge=vmbr0" }, errors: { net32: unknown } },
    { name: "an index with a leading zero", raw: { net01: "bridge=vmbr0" }, errors: { net01: unknown } },
    { name: "the template's own name", raw: { "net[n]": "bridge=vmbr0" }, errors: { "net[n]": unknown } },
    {
      name: "a bad item of an array",
      raw: { command: ["ls", "toolong"] },
      errors: { "command[1]": "value may only be 3 characters long" },
    },
    {
      name: "a property string with two faults",
      raw: { net0: "bridge=-,foo=1" },
      errors: {
        net0: `invalid format - format error\nnet0.bridge: invalid format - invalid network interface name '-'\n\nnet0.foo: ${unknown}\n`,
      },
    },
    {
      name: "a parameter that needs another",
      raw: { path: "/" },
      errors: { privs: "missing property required by 'path'" },
    },
    {
      name: "a key of another type",
      raw: { gone: "x", privs: "bgp" },
      errors: { gone: "property is not defined for type 'bgp'" },
    },
    {
      name: "a line break at the end",
      raw: { name: "host\n" },
      errors: { name: "invalid format - value does not look like a valid DNS name\n" },
    },
    { name: "the prototype", raw: JSON.parse('{"__proto__":{"a":1}}'), errors: { ["__proto__"]: unknown } },
  ])("refuses $name", ({ raw, errors }) => {
    const given = Object.keys(errors).includes("node") ? raw : Object.assign(Object.create(null), raw, { node: "n1" });
    if (Object.hasOwn(raw, "__proto__")) Object.defineProperty(given, "__proto__", { value: 1, enumerable: true });
    const verdict = check(given);
    expect(verdict.ok).toBe(false);
    if (!verdict.ok) expect(Object.entries(verdict.errors)).toEqual(Object.entries(errors));
  });

  test.each([1, 128])("takes the bound %d of a range", (cores) => {
    expect(check({ node: "n1", cores })).toEqual({ ok: true, value: { node: "n1", cores } });
  });

  test("converts what the schema types, keeps texts as texts", () => {
    const verdict = check({
      node: "n1",
      cores: "+4",
      share: "1.5e1",
      onboot: 1,
      command: "ls",
      tags: ["a", "b"],
      note: "😀😀",
      net31: "bridge=vmbr0",
      name: null,
    });
    expect(verdict).toEqual({
      ok: true,
      value: {
        node: "n1",
        cores: 4,
        share: 15,
        onboot: true,
        command: ["ls"],
        tags: "a,b",
        note: "😀😀",
        net31: "bridge=vmbr0",
      },
    });
  });

  test("anything at all gets a verdict, and only values that hold pass", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.keys(parameters), "net0", "x"), fc.jsonValue()), (raw) => {
        const verdict = check(raw);
        if (verdict.ok) expect(check(verdict.value)).toEqual(verdict);
        else expect(Object.keys(verdict.errors).length).toBeGreaterThan(0);
      }),
    );
  });

  test("a flood of unknown names is refused without naming them all", () => {
    const verdict = check(Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`x${i}`, 1])));
    expect(verdict.ok ? 0 : Object.keys(verdict.errors).length).toBe(500);
  });

  test("a pattern that would backtrack for ever refuses at once, and takes what it took", () => {
    const image = { type: "string", pattern: "[a-z\\d]+(?:(?:[._]|__|[-]*)[a-z\\d]+)*" } as const;
    const reference = compileParameters({ parameters: { image } });
    for (const text of ["ab", "a.b", "a__b", "a---b", "a_b"]) expect(reference({ image: text }).ok, text).toBe(true);
    for (const text of ["", "a..b", "-a", "a-", `${"a".repeat(5000)}!`])
      expect(reference({ image: text }).ok).toBe(false);
  });

  test("a declaration made of parts knows only the names of the given type", () => {
    const byType = compileParameters({
      parameters: {},
      parameters_allOf: [
        { properties: { rule: { type: "string" } } },
        {
          "type-property": "type",
          "type-property-schema": { type: "string", enum: ["near", "far"] },
          oneOf: [
            { "instance-type": "near", properties: { strict: { type: "boolean", optional: 1 } } },
            { "instance-type": "far", properties: { affinity: { type: "string" } } },
          ],
        },
      ],
    });
    expect(byType({ rule: "a", type: "near", strict: 1 }).ok).toBe(true);
    expect(byType({ rule: "a", type: "far", strict: 1 })).toMatchObject({
      errors: { affinity: expect.stringContaining("missing"), strict: unknown },
    });
    expect(byType({ rule: "a", type: "odd" })).toMatchObject({
      errors: { type: expect.stringContaining("enumeration") },
    });
  });
});
