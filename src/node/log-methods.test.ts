import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeWorld, type Reply, type World } from "../access/access-world.testing.ts";
import { makeLayout } from "../os/layout.ts";
import { parseDaemonLine, parseLogTime } from "./daemon-log.ts";
import { nodeLogMethods } from "./log-methods.ts";

let root: string;
let world: World;

function entry(time: string, name: string, msg: string, more = {}): string {
  return `${JSON.stringify({ level: "info", time, pid: 7, hostname: "h", name, msg, ...more })}\n`;
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "quorate-logs-"));
  const layout = makeLayout({ root, nodeName: "n1", isRootUser: false });
  mkdirSync(layout.quorateLogDir, { recursive: true });
  writeFileSync(
    join(layout.quorateLogDir, "pvedaemon.log"),
    entry("2026-11-25T06:00:02.000Z", "pvedaemon", "second") +
      "    at somewhere (file.ts:1)\n" +
      entry("2026-11-25T06:00:04.000Z", "pvedaemon", "fourth", { level: "error", vmid: 100, err: { message: "why" } }),
  );
  writeFileSync(join(layout.quorateLogDir, "pvedaemon.log.1"), entry("2026-11-25T06:00:01.000Z", "pvedaemon", "first"));
  writeFileSync(join(layout.quorateLogDir, "pmxcfs.log"), entry("2026-11-25T06:00:03.000Z", "pmxcfs", "third"));
  world = makeWorld({ otherMethods: nodeLogMethods({ layout }) });
});
afterEach(() => {
  world.close();
  rmSync(root, { recursive: true, force: true });
});

const get = (path: string, params = {}): Promise<Reply> => world.call("GET", `/nodes/n1/${path}`, params);
/** The last word of each line's sentence. */
const sentences = (data: unknown): string[] =>
  (data as ({ t: string } | string)[]).map(
    (line) => /: (\w+)/.exec(typeof line === "string" ? line : line.t)?.[1] ?? "",
  );

describe("syslog", () => {
  test("is all daemons' lines in the order of time", async () => {
    const { data } = await get("syslog");
    expect(sentences(data)).toEqual(["first", "second", "third", "fourth"]);
    expect(data).toHaveProperty("3.n", 4);
    expect(data).toHaveProperty(
      "3.t",
      expect.stringMatching(/^Nov 2\d \d\d:\d\d:04 n1 pvedaemon\[7\]: fourth \(why\) vmid=100$/),
    );
  });

  test("is read in pages", async () => {
    const { data } = await get("syslog", { start: 1, limit: 2 });
    expect(data).toMatchObject([{ n: 2 }, { n: 3 }]);
    expect(sentences(data)).toEqual(["second", "third"]);
  });

  test("of one service alone, by its own name", async () => {
    expect(sentences((await get("syslog", { service: "pve-cluster" })).data)).toEqual(["third"]);
  });

  test("between two times of the local clock", async () => {
    const local = (iso: string): string => {
      const at = new Date(iso);
      return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19).replace("T", " ");
    };
    const range = { since: local("2026-11-25T06:00:02Z"), until: local("2026-11-25T06:00:03Z") };
    expect(sentences((await get("syslog", range)).data)).toEqual(["second", "third"]);
  });
});

describe("journal", () => {
  test("stands between two places, from which it goes on", async () => {
    const { data } = await get("journal", { lastentries: 2 });
    expect(sentences(data)).toEqual(["", "third", "fourth", ""]);
    const [first, , , last] = data as string[];
    expect(sentences((await get("journal", { startcursor: first })).data)).toEqual(["", "third", "fourth", ""]);
    expect(sentences((await get("journal", { startcursor: last })).data)).toEqual(["", "fourth", ""]);
    expect(sentences((await get("journal", { endcursor: first })).data)).toEqual(["", "first", "second", "third", ""]);
  });

  test.each([
    ["3", ["fourth"]],
    ["6", ["first", "second", "third", "fourth"]],
    ["4..7", ["first", "second", "third"]],
  ])("of priority %s", async (priority, want) => {
    expect(sentences((await get("journal", { priority })).data).filter(Boolean)).toEqual(want);
  });

  test.each(["service", "unit"])("of one %s alone", async (name) => {
    const { data } = await get("journal", { [name]: "pve-cluster" });
    expect(sentences(data).filter(Boolean)).toEqual(["third"]);
  });

  test("has nothing of the kernel, whose log is the machine's", async () => {
    expect((await get("journal", { kernel: 1 })).data).toEqual([]);
  });

  test("says what it cannot do", async () => {
    expect(await get("journal", { structured: 1 })).toMatchObject({ status: 501 });
  });
});

test("no line makes the parser throw", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
      parseDaemonLine(line);
    }),
  );
});

test.each([
  ["2026-11-25", "2026-11-25T00:00:00"],
  ["2026-11-25 06:10", "2026-11-25T06:10:00"],
  ["2026-11-25 06:10:20", "2026-11-25T06:10:20"],
])("the time '%s' is of the local clock", (text, iso) => {
  expect(parseLogTime(text)).toBe(new Date(iso).getTime());
});
