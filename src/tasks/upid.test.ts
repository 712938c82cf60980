import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatUpid, parseUpid, splitAuthid, type Upid, upidSafeId } from "./upid.ts";

const START: Upid = {
  node: "n1",
  pid: 0x1234,
  pstart: 0xabcdef,
  starttime: 0x67abcdef,
  type: "qmstart",
  id: "100",
  authid: "root@pam",
};
const TEXT = "UPID:n1:00001234:00ABCDEF:67ABCDEF:qmstart:100:root@pam:";

test("a UPID is printed with fixed-width upper-case hex and a colon at its end", () => {
  expect(formatUpid(START)).toBe(TEXT);
  expect(parseUpid(TEXT)).toEqual(START);
});

const good = [
  { name: "an empty object", text: "UPID:n1:00001234:00ABCDEF:67ABCDEF:startall::root@pam:", want: { id: "" } },
  {
    name: "a token",
    text: "UPID:n1:00001234:00ABCDEF:67ABCDEF:qmstart:1:a@pve!ci:",
    want: { authid: "a@pve!ci" },
  },
  {
    name: "nine digits of start ticks, after years of uptime",
    text: "UPID:n1:00001234:1FFFFFFFF:67ABCDEF:qmstart:1:a@pve:",
    want: { pstart: 0x1ffffffff },
  },
];
test.each(good)("parseUpid takes $name", ({ text, want }) => {
  const parsed = parseUpid(text);
  expect(parsed).toMatchObject(want);
  expect(parsed && formatUpid(parsed)).toBe(text);
});

const bad = [
  ["nothing", ""],
  ["no colon at the end", TEXT.slice(0, -1)],
  ["something behind it", `${TEXT}x`],
  ["a line feed behind it", `${TEXT}\n`],
  ["lower-case hex, which names no file", TEXT.replace("00ABCDEF", "00abcdef")],
  ["a short pid", TEXT.replace("00001234", "1234")],
  ["a slash in the object", TEXT.replace(":100:", ":../100:")],
  ["a node that is a path", TEXT.replace(":n1:", ":..:")],
  ["an empty type", TEXT.replace("qmstart", "")],
  ["an empty user", TEXT.replace("root@pam", "")],
  ["blanks", TEXT.replace("qmstart", "qm start")],
  ["a NUL", TEXT.replace("qmstart", "qm\0start")],
  ["more than a file name holds", TEXT.replace(":100:", `:${"1".repeat(300)}:`)],
] as const;
test.each(bad)("parseUpid refuses %s", (_, text) => {
  expect(parseUpid(text)).toBeUndefined();
});

const word = fc.stringMatching(/^[a-zA-Z0-9@!._+-]{1,20}$/);
describe("for all tasks", () => {
  test("what is printed is read back the same", () => {
    fc.assert(
      fc.property(
        fc.record({
          node: fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/),
          pid: fc.integer({ min: 1, max: 0xffffffff }),
          pstart: fc.integer({ min: 0, max: 0xfffffffff }),
          starttime: fc.integer({ min: 0, max: 0xffffffff }),
          type: word,
          id: fc.oneof(word, fc.constant("")),
          authid: word,
        }),
        (upid) => {
          expect(parseUpid(formatUpid(upid))).toEqual(upid);
        },
      ),
    );
  });

  test("no text makes the parser throw, and what it takes stays below the log directory", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^UPID:.*:$/)), (text) => {
        const parsed = parseUpid(text);
        if (parsed !== undefined) expect(text).not.toMatch(/[/\0\s]/);
      }),
    );
  });

  test("every object's name fits once it is made safe", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (id) => {
        expect(parseUpid(formatUpid({ ...START, id: upidSafeId(id) }))?.id).toBe(upidSafeId(id));
      }),
    );
  });
});

test("formatUpid refuses what it could not read back", () => {
  expect(() => formatUpid({ ...START, authid: "a:b" })).toThrow(RangeError);
});

test("splitAuthid parts a token from its owner", () => {
  expect(splitAuthid("a@pve!ci")).toEqual({ user: "a@pve", tokenid: "ci" });
  expect(splitAuthid("a@pve")).toEqual({ user: "a@pve" });
});
