import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  assertDigest,
  createSection,
  parseSections,
  printSections,
  type SectionSchema,
  updateSection,
} from "./index.ts";

const schema: SectionSchema = {
  shared: {
    id: { type: "string", format: "pve-storage-id" },
    type: { type: "string" },
    comment: { type: "string", optional: 1 },
    disable: { type: "boolean", optional: 1 },
    path: { type: "string", format: "pve-storage-path" },
    server: { type: "string" },
    port: { type: "integer", minimum: 1, maximum: 65535, optional: 1 },
    shared: { type: "boolean", optional: 1 },
    tag: { type: "array", items: { type: "string" }, optional: 1 },
  },
  types: {
    dir: {
      options: {
        path: { fixed: 1 },
        comment: { optional: 1 },
        disable: { optional: 1 },
        shared: { optional: 1 },
        tag: { optional: 1 },
      },
    },
    nfs: { options: { server: {}, path: { optional: 1 }, port: { optional: 1 } } },
  },
};

const parse = (text: string) => parseSections(schema, text, { fileName: "storage.cfg" });

describe("parseSections", () => {
  test("tells the lines of headers and of the keys' first lines", () => {
    const { lines } = parse("# note\ndir: ab\n\tpath /x\n\ttag a\n\ttag b\n\nnfs: cd\n\tserver h\n");
    expect([...(lines.get("ab") ?? [])]).toEqual([
      ["type", 2],
      ["path", 3],
      ["tag", 4],
    ]);
    expect(lines.get("cd")?.get("server")).toBe(8);
  });

  test("reads flags without value, words, numbers and repeated lines of an array", () => {
    const file = parse(
      "# note\ndir: local\n\tpath /x\n\tdisable\n\tshared yes\n\ttag a\n\ttag b c\n\nnfs: far\n\tserver h\n\tport 2049\n",
    );
    expect(file.warnings).toEqual([]);
    expect(file.sections.get("local")?.values).toEqual({ path: "/x", disable: true, shared: true, tag: ["a", "b c"] });
    expect(file.sections.get("far")).toEqual({ type: "nfs", values: { server: "h", port: 2049 } });
    expect(file.order).toEqual(["local", "far"]);
  });

  test.each([
    { text: "what\n", warning: "file storage.cfg line 1 - ignore config line: what" },
    { text: "dir: ab\n\tpath /x\n!\n", warning: "file storage.cfg line 3 (section 'ab') - ignore config line: !" },
    { text: "zip: ab\n\tx 1\n", warning: "file storage.cfg line 1 (skip section 'ab'): unsupported type 'zip'" },
    {
      text: "dir: ab\n\tpath /x\n\tport 1\n",
      warning: "file storage.cfg line 3 (section 'ab') - unable to parse value of 'port': unexpected property 'port'",
    },
    {
      text: "dir: ab\n\tpath /x\n\tnone 1\n",
      warning: "file storage.cfg line 3 (section 'ab') - unable to parse value of 'none': unknown property type",
    },
    {
      text: "dir: ab\n\tpath /x\n\tpath /y\n",
      warning: "file storage.cfg line 3 (section 'ab') - unable to parse value of 'path': duplicate attribute",
    },
    {
      text: "nfs: ab\n\tserver\n\tserver h\n",
      warning: "file storage.cfg line 2 (section 'ab') - unable to parse value of 'server': got undefined value",
    },
    {
      text: "nfs: ab\n\tserver h\n\tport 0\n",
      warning:
        "file storage.cfg line 3 (section 'ab') - unable to parse value of 'port': value must have a minimum value of 1",
    },
  ])("warns about $text", ({ text, warning }) => {
    expect(parse(text).warnings).toContain(warning);
  });

  test("a section without a required option is hidden from readers and stops a write", () => {
    const file = parse("dir: ab\n\tcomment x\n\nnfs: cd\n\tserver h\n");
    expect(file.warnings).toEqual([
      "file storage.cfg line 3 (skip section 'ab'): missing value for required option 'path'",
    ]);
    expect([...file.sections.keys()]).toEqual(["cd"]);
    expect(() => printSections(schema, file)).toThrow("unknown section type ''");
  });

  test("a section that is there again and whole stops no write, one that is broken again does", () => {
    const whole = parse("dir: ab\n\tcomment x\n\ndir: ab\n\tpath /x\n");
    expect([...whole.broken]).toEqual([]);
    expect(printSections(schema, whole)).toBe("dir: ab\n\tpath /x\n\n");
    const broken = parse("dir: ab\n\tpath /x\n\ndir: ab\n\tcomment x\n");
    expect([...broken.sections.keys()]).toEqual([]);
    expect(() => printSections(schema, broken)).toThrow("unknown section type ''");
  });

  test("never throws, and what it reads without a warning is written and read the same", () => {
    const line = fc.oneof(
      fc.constantFrom("dir: ab", "nfs: cd", "zip: q", "", "\tpath /x", "\tserver h", "\tport 7", "\tdisable", "# c"),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const file = parse(lines.join("\n"));
        if (file.warnings.length > 0) return;
        const again = parse(printSections(schema, file));
        expect([...again.sections]).toEqual([...file.sections]);
        expect(again.order).toEqual(file.order);
      }),
    );
  });
});

describe("printSections", () => {
  test("orders keys: comment, bare disable, required, optional", () => {
    const sections = new Map([
      ["new", createSection(schema, "nfs", { server: "h", port: 9, path: "/p" })],
      ["local", createSection(schema, "dir", { tag: ["a", "b"], shared: 0, path: "/x", disable: 1, comment: "c" })],
    ]);
    expect(printSections(schema, { sections, order: ["gone", "local"] })).toBe(
      "dir: local\n\tcomment c\n\tdisable\n\tpath /x\n\tshared 0\n\ttag a\n\ttag b\n\nnfs: new\n\tserver h\n\tpath /p\n\tport 9\n\n",
    );
  });

  test("refuses a line feed", () => {
    const sections = new Map([["local", createSection(schema, "dir", { path: "/x", comment: "a\nb" })]]);
    expect(() => printSections(schema, { sections, order: [] })).toThrow("property 'comment' contains a line feed");
  });
});

describe("updateSection", () => {
  const section = createSection(schema, "dir", { path: "/x", comment: "c" });

  test("sets and removes", () => {
    expect(updateSection(schema, section, { set: { shared: "1", path: "/x" }, remove: ["comment"] }).values).toEqual({
      path: "/x",
      shared: true,
    });
  });

  test.each([
    { update: { set: {}, remove: ["zip"] }, message: "no such option 'zip'" },
    { update: { set: {}, remove: ["path"] }, message: "unable to delete required option 'path'" },
    {
      update: { set: { comment: "d" }, remove: ["comment"] },
      message: "cannot set and delete property 'comment' at the same time!",
    },
    { update: { set: { path: "/y" } }, message: "can't change value of fixed parameter 'path'" },
    { update: { set: { port: 1 } }, message: "unexpected property 'port'" },
  ])("refuses: $message", ({ update, message }) => {
    expect(() => updateSection(schema, section, update)).toThrow(message);
  });

  test("a digest of another text is refused, none at all is fine", () => {
    const file = parse("dir: ab\n\tpath /x\n");
    expect(() => assertDigest(file, "0".repeat(40))).toThrow("detected modified configuration");
    expect(() => assertDigest(file, file.digest)).not.toThrow();
    expect(() => assertDigest(file, undefined)).not.toThrow();
  });
});
