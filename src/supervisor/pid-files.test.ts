import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { restartDelayMs } from "./daemon-specs.ts";
import { PidFiles } from "./pid-files.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "quorate-pids-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe("a pid file", () => {
  test("names a living process", () => {
    const files = new PidFiles(directory);
    const record = files.write("d", process.pid, { release: "r", since: 5 });
    expect(files.live("d")).toEqual(record);
    files.remove("d");
    expect(files.live("d")).toBeUndefined();
  });

  test("of a process that has ended is none, also when its pid is another's now", () => {
    const files = new PidFiles(directory);
    files.write("d", process.pid, { release: "r", since: 5 });
    const reused = { pid: process.pid, startTicks: 1, release: "r", since: 5 };
    writeFileSync(join(directory, "d.json"), JSON.stringify(reused));
    expect(files.live("d")).toBeUndefined();
  });

  test.each(["", "{", "null", '{"pid":1}', '{"pid":"1","startTicks":1,"release":"r","since":5}'])(
    "that holds %j is none",
    (text) => {
      writeFileSync(join(directory, "d.json"), text);
      expect(new PidFiles(directory).live("d")).toBeUndefined();
    },
  );
});

test("restarts in a row are ever further apart, up to half a minute", () => {
  expect([1, 2, 3, 8, 9, 50].map(restartDelayMs)).toEqual([200, 400, 800, 25_600, 30_000, 30_000]);
});
