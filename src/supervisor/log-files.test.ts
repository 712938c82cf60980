import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LogTail, lastFailure, logSize, renderLogLine, rotateLog } from "./log-files.ts";

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "quorate-logs-"));
  path = join(directory, "d.log");
});
afterEach(() => rmSync(directory, { recursive: true }));

const line = (level: string, msg: string): string => `${JSON.stringify({ level, msg, pid: 1 })}\n`;

describe("the last failure in a log", () => {
  test("is the last error since the start, not an older one and not a warning", () => {
    writeFileSync(path, line("error", "an older start"));
    const start = logSize(path);
    expect(lastFailure(path, start)).toBeUndefined();
    appendFileSync(path, line("error", "first") + line("error", "second") + line("warn", "third"));
    expect(lastFailure(path, start)).toBe("second");
  });

  test("is the message of a crash where the logger told nothing", () => {
    writeFileSync(
      path,
      "node:net:1\n    throw er;\n\nError [ERR_X]: listen EADDRINUSE: 8006\n    at Server.listen (node:net:1)\n\nNode.js v24\n",
    );
    expect(lastFailure(path, 0)).toBe("listen EADDRINUSE: 8006");
  });

  test("is unknown without a log", () => {
    expect(lastFailure(path, 0)).toBeUndefined();
  });
});

test.each([
  JSON.stringify({ level: "warn", time: "t", msg: "no", path: "/a\x1b[2Jb\nc\x9b" }),
  "raw \x1b[2J\r\x07 line",
])("a line never steers the terminal that shows it: %j", (raw) => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be left.
  expect(renderLogLine("d", raw).text).not.toMatch(/[\0-\x1f\x7f-\x9f]/);
  expect(renderLogLine("d", raw).text).toContain("\\x1b[2J");
});

test("a log that grew too large is kept once, and emptied in place: its writer goes on in the same file", () => {
  const fd = openSync(path, "a");
  writeSync(fd, "x".repeat(100));
  rotateLog(path, 100);
  expect(readFileSync(path, "utf8")).toHaveLength(100);
  writeSync(fd, "y");
  rotateLog(path, 100);
  writeSync(fd, "z");
  closeSync(fd);
  expect(readFileSync(`${path}.1`, "utf8")).toHaveLength(101);
  expect(readFileSync(path, "utf8")).toBe("z");
});

describe("following a log", () => {
  test("gives each complete line once, and starts again when the log was emptied", () => {
    const tail = new LogTail();
    writeFileSync(path, "a\nb");
    expect(tail.read(path)).toEqual(["a"]);
    appendFileSync(path, "c\n");
    expect(tail.read(path)).toEqual(["bc"]);
    expect(tail.read(path)).toEqual([]);
    writeFileSync(path, "d\n");
    expect(tail.read(path)).toEqual(["d"]);
  });
});
