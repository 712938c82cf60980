import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FileSnapshot } from "../cfs/port.ts";
import { type DatacenterConfig, parseDatacenter, printDatacenter } from "./datacenter-config.ts";

const parse = (text: string): DatacenterConfig =>
  parseDatacenter({ data: Buffer.from(text), digest: "", mtime: 0, version: 0n } satisfies FileSnapshot);

describe("datacenter.cfg", () => {
  test("is read as lines of key and value, the leading comments as the description", () => {
    const text =
      "#My%3A cluster\n#second ü\nkeyboard: de\nmigration: secure,network=192.0.2.0/24\nnonsense: 1\nnot a line\n";
    expect(parse(text)).toEqual({
      description: "My: cluster\nsecond ü",
      keyboard: "de",
      migration: "secure,network=192.0.2.0/24",
    });
    expect(parseDatacenter(undefined)).toEqual({});
  });

  test("is written sorted, the description first and within ASCII", () => {
    expect(printDatacenter({ migration: "secure", keyboard: "de", description: "a: ü\n%" })).toBe(
      "#a%3A %C3%BC\n#%25\nkeyboard: de\nmigration: secure\n",
    );
  });

  test("whatever is set is read back", () => {
    const value = fc.stringMatching(/^[!-~]([ -~]*[!-~])?$/);
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), value, value, (description, console, language) => {
        const values = { description, console, language };
        expect(parse(printDatacenter(values))).toEqual(values);
      }),
    );
  });

  test("no text makes the parser throw", () => {
    fc.assert(fc.property(fc.string(), (text) => typeof parse(text) === "object"));
  });
});
