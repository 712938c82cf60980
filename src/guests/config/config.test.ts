import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeDescription, encodeDescription } from "./description.ts";
import {
  addPendingDelete,
  cleanupPending,
  parsePendingDelete,
  printPendingDelete,
  removePendingDelete,
} from "./pending-delete.ts";
import { readLines } from "./sections.ts";

describe("descriptions", () => {
  test("any text survives as comment lines of plain ASCII", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const wellFormed = text.toWellFormed();
        const lines = encodeDescription(wellFormed);
        for (const line of lines) expect(line).toMatch(/^#[\x20-\x7e]*$/);
        expect(lines.map((line) => decodeDescription(line.slice(1))).join("\n")).toBe(wellFormed);
      }),
    );
  });

  test("a percent sign and a colon are encoded, a lone percent sign is read as itself", () => {
    expect(encodeDescription("50%: ü\nb")).toEqual(["#50%25%3A %C3%BC", "#b"]);
    expect(decodeDescription("100% sure")).toBe("100% sure");
    expect(decodeDescription("%c3%BC%")).toBe("ü%");
  });
});

describe("pending deletions", () => {
  test("a forced mark is a leading exclamation mark, sorting looks at the key alone", () => {
    const keys = parsePendingDelete("net0 ;!scsi1, cpu");
    expect([...keys]).toEqual([
      ["net0", { isForced: false }],
      ["scsi1", { isForced: true }],
      ["cpu", { isForced: false }],
    ]);
    expect(printPendingDelete(keys)).toBe("cpu,net0,!scsi1");
  });

  test("adding a key again sets its mark anew, in both directions", () => {
    expect(addPendingDelete({ delete: "scsi1" }, "scsi1", true)).toEqual({ delete: "!scsi1" });
    expect(addPendingDelete({ delete: "!scsi1" }, "scsi1")).toEqual({ delete: "scsi1" });
  });

  test("the key goes when nothing is left to delete", () => {
    expect(removePendingDelete({ cores: "2", delete: "!net0" }, "net0")).toEqual({ cores: "2" });
  });

  test("clean-up drops values that are no change and deletions of what is not set", () => {
    const current = { cores: "2", memory: "512" };
    const pending = { cores: "2", memory: "1024", delete: "net0,memory" };
    expect(cleanupPending(current, pending)).toEqual({ memory: "1024", delete: "memory" });
  });

  test("what was printed reads back", () => {
    const key = fc.stringMatching(/^[a-z]{1,6}\d?$/);
    fc.assert(
      fc.property(fc.dictionary(key, fc.boolean()), (marks) => {
        const keys = new Map(Object.entries(marks).map(([name, isForced]) => [name, { isForced }]));
        const text = printPendingDelete(keys);
        expect(new Map([...parsePendingDelete(text)].sort())).toEqual(new Map([...keys].sort()));
      }),
    );
  });
});

test("lines: comments, sections, values, and whatever is none of them", () => {
  const text = "#note\ncores: 2\n\nargs:  -a b  \n[snap]  \nbroken\nname:\nNAME: x\n";
  expect([...readLines(text)]).toEqual([
    { kind: "comment", text: "note" },
    { kind: "value", key: "cores", value: "2" },
    { kind: "value", key: "args", value: "-a b" },
    { kind: "section", name: "snap" },
    { kind: "other", line: "broken" },
    { kind: "other", line: "name:" },
    { kind: "other", line: "NAME: x" },
  ]);
});
