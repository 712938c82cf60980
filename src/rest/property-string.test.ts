import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkPropertyString, namedProperties, parsePropertyString, printPropertyString } from "./property-string.ts";
import type { Properties } from "./schema.ts";

const net = {
  model: { type: "string", enum: ["virtio", "e1000"], default_key: 1 },
  macaddr: { type: "string", format: "mac-addr", optional: 1 },
  bridge: { type: "string", optional: 1 },
  firewall: { type: "boolean", optional: 1 },
  tag: { type: "integer", minimum: 1, maximum: 4094, optional: 1 },
  virtio: { alias: "macaddr", keyAlias: "model" },
  e1000: { alias: "macaddr", keyAlias: "model" },
} as const satisfies Properties;

const MAC = "02:00:00:00:00:01";

describe("parsePropertyString", () => {
  test("converts numbers and boolean words, and reads a model with its address", () => {
    const parsed = parsePropertyString(net, `virtio=${MAC},bridge=vmbr0,firewall=On,tag=5`);
    expect(parsed).toEqual({ model: "virtio", macaddr: MAC, bridge: "vmbr0", firewall: true, tag: 5 });
  });

  test.each([
    { text: `virtio=${MAC},e1000=${MAC}`, message: "key alias 'model' is already defined" },
    { text: `model=e1000,virtio=${MAC}`, message: "key alias 'model' is already defined" },
    { text: `virtio=${MAC},model=e1000`, message: "key 'model' is already defined (via alias)" },
    { text: `virtio=${MAC},macaddr=${MAC}`, message: "duplicate key in comma-separated list property: macaddr" },
    { text: "virtio,e1000", message: "duplicate key in comma-separated list property: model" },
    { text: "virtio,bridge=", message: "missing key in comma-separated list property" },
  ])("refuses $text", ({ text, message }) => {
    expect(checkPropertyString(net, text)).toEqual({ ok: false, message });
  });

  test("reports every bad key, a key of the prototype too", () => {
    expect(checkPropertyString(net, "virtio,tag=0,__proto__=1")).toMatchObject({
      message: "format error",
      errors: { tag: "value must have a minimum value of 1", ["__proto__"]: expect.stringContaining("not defined") },
    });
  });
});

describe("printPropertyString", () => {
  test("puts the model with its address first and the rest in order", () => {
    const text = printPropertyString(net, { tag: 5, model: "virtio", macaddr: MAC, bridge: "vmbr0", firewall: true });
    expect(text).toBe(`virtio=${MAC},bridge=vmbr0,firewall=1,tag=5`);
  });

  test("prints a size in bytes with its largest exact unit", () => {
    const disk = namedProperties("pve-qm-ide");
    expect(printPropertyString(disk, { file: "local:1", size: 1536 * 2 ** 30 })).toBe("local:1,size=1536G");
    expect(printPropertyString(disk, { file: "local:1", size: "1.5T" })).toBe("local:1,size=1536G");
  });

  test("refuses what could not be read back", () => {
    expect(() => printPropertyString(net, { model: "virtio", bridge: "a,b" })).toThrow("comma");
    expect(() => printPropertyString(net, { macaddr: MAC })).toThrow("without 'model'");
  });

  test("what it prints is read back as the same values", () => {
    const value = fc.record(
      {
        model: fc.constantFrom("virtio", "e1000"),
        macaddr: fc.constant(MAC),
        bridge: fc.stringMatching(/^[a-z=]{1,8}$/),
        firewall: fc.boolean(),
        tag: fc.integer({ min: 1, max: 4094 }),
      },
      { requiredKeys: ["model"] },
    );
    fc.assert(
      fc.property(value, (values) => {
        expect({ ...parsePropertyString(net, printPropertyString(net, values)) }).toEqual(values);
      }),
    );
  });
});
