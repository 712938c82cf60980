import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type TerminalFrame, TerminalProtocolError, TerminalReader } from "./terminal-protocol.ts";

const LOGIN = "nina@pve:PVEVNC:1234::sig==\n";

/** What a reader makes of a stream that comes in pieces of `size` bytes. */
function read(stream: string | Buffer, size = Number.POSITIVE_INFINITY): TerminalFrame[] {
  const bytes = Buffer.from(stream);
  const reader = new TerminalReader();
  const frames: TerminalFrame[] = [];
  for (let at = 0; at < bytes.length; at += size) frames.push(...reader.push(bytes.subarray(at, at + size)));
  return frames;
}

test("the first line is user and ticket, in which colons may stand", () => {
  expect(read(LOGIN)).toEqual([{ kind: "login", user: "nina@pve", ticket: "PVEVNC:1234::sig==" }]);
});

test("input, size and a sign of life, in any pieces", () => {
  const stream = `${LOGIN}0:5:a:0\nb1:80:24:20:3:ü!`;
  const frames = read(stream);
  expect(frames.slice(1)).toEqual([
    { kind: "input", bytes: Buffer.from("a:0\nb") },
    { kind: "resize", columns: 80, rows: 24 },
    { kind: "alive" },
    { kind: "input", bytes: Buffer.from("ü!") },
  ]);
  for (const size of [1, 2, 3, 7]) expect(read(stream, size)).toEqual(frames);
});

describe("what is no terminal's talk ends it:", () => {
  test.each([
    ["a login without a ticket", "nina\n"],
    ["a login without an end", "x".repeat(3000)],
    ["another frame", `${LOGIN}9:1:x`],
    ["a frame without a colon", `${LOGIN}05:abcde`],
    ["a length that is no number", `${LOGIN}0:-5:abcde`],
    ["a length without an end", `${LOGIN}0:${"1".repeat(40)}`],
    ["too much input", `${LOGIN}0:65537:`],
    ["no columns", `${LOGIN}1:0:24:`],
    ["ten thousand and one rows", `${LOGIN}1:80:10001:`],
  ])("%s", (_, stream) => {
    expect(() => read(stream)).toThrow(TerminalProtocolError);
  });
});

test("nothing that is sent makes it do anything else than read or refuse", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 50 }), (bytes, size) => {
      try {
        read(Buffer.concat([Buffer.from(LOGIN), bytes]), size);
      } catch (error) {
        expect(error).toBeInstanceOf(TerminalProtocolError);
      }
    }),
  );
});
