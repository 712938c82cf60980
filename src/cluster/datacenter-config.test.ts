import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FileSnapshot } from "../cfs/port.ts";
import { type DatacenterConfig, parseDatacenter, printDatacenter, readDatacenter } from "./datacenter-config.ts";

const snapshot = (text: string): FileSnapshot => ({ data: Buffer.from(text), digest: "", mtime: 0, version: 0n });
const parse = (text: string): DatacenterConfig => parseDatacenter(snapshot(text));

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

  test("says of each line that it leaves out where it is and why", () => {
    const { values, warnings } = readDatacenter(
      snapshot("keyboard: de\nnonsense: 1\nnot a line\n\nmax_workers: many\nmigration: type=fast,to=x\nkeyboard: fr\n"),
    );
    expect(values).toEqual({ keyboard: "de" });
    expect(warnings).toEqual([
      "file datacenter.cfg line 2 - unknown option 'nonsense'",
      "file datacenter.cfg line 3 - ignore config line: not a line",
      "file datacenter.cfg line 5 - unable to parse value of 'max_workers': type check ('integer') failed - got 'many'",
      expect.stringMatching(
        /^file datacenter.cfg line 6 - unable to parse value of 'migration': [^\n]*migration\.to: /,
      ),
      "file datacenter.cfg line 7 - option 'keyboard' is there twice",
    ]);
  });

  test("is written sorted, the description first and within ASCII", () => {
    expect(printDatacenter({ migration: "secure", keyboard: "de", description: "a: ü\n%" })).toBe(
      "#a%3A %C3%BC\n#%25\nkeyboard: de\nmigration: secure\n",
    );
  });

  test("whatever is set is read back", () => {
    const text = fc.stringMatching(/^[!-~]([ -~]*[!-~])?$/);
    const console = fc.constantFrom("vv", "html5", "xtermjs");
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), text, console, (description, consent, console) => {
        const values = { description, "consent-text": consent, console };
        expect(readDatacenter(snapshot(printDatacenter(values)))).toEqual({ values, warnings: [] });
      }),
    );
  });

  test("no text makes the parser throw", () => {
    fc.assert(fc.property(fc.string(), (text) => typeof parse(text) === "object"));
  });
});
