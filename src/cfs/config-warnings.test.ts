import { expect, test } from "vitest";
import { type Logger, silentLogger } from "../log/logger.ts";
import { ConfigWarnings } from "./config-warnings.ts";
import { memoryClusterFs } from "./memory.ts";

test("what is wrong with a file is said once, and again only where it is new", async () => {
  const said: unknown[] = [];
  const log: Logger = { ...silentLogger, warn: (fields, text) => void said.push([fields, text]) };
  const cfs = memoryClusterFs({ nodeName: "n1", files: { "a.cfg": "good\nbad one\n", "b.cfg": "bad\n" } });
  const badLines = (text: string): string[] => text.split("\n").filter((line) => line.startsWith("bad"));
  const warnings = new ConfigWarnings({
    cfs,
    log,
    files: { "a.cfg": (file) => badLines(file?.data.toString() ?? "") },
  });
  await warnings.settled();
  expect(said).toEqual([[{ warning: "bad one" }, "a.cfg"]]);

  await cfs.write("a.cfg", "bad two\nbad one\n");
  await cfs.write("b.cfg", "bad again\n");
  await warnings.settled();
  expect(said.slice(1)).toEqual([[{ warning: "bad two" }, "a.cfg"]]);

  await cfs.remove("a.cfg");
  await cfs.write("a.cfg", "bad one\n");
  await warnings.settled();
  expect(said.slice(2)).toEqual([[{ warning: "bad one" }, "a.cfg"]]);

  warnings.close();
  await cfs.write("a.cfg", "bad three\n");
  await warnings.settled();
  expect(said).toHaveLength(3);
});

test("a file that cannot be read costs a line in the log, and the next change is seen", async () => {
  const said: unknown[] = [];
  const log: Logger = { ...silentLogger, warn: (fields) => void said.push(fields) };
  const cfs = memoryClusterFs({ nodeName: "n1", files: { "a.cfg": "x" } });
  let isBroken = true;
  const read = cfs.read.bind(cfs);
  cfs.read = (path) => (isBroken ? Promise.reject(new Error("away")) : read(path));
  const warnings = new ConfigWarnings({ cfs, log, files: { "a.cfg": () => ["w"] } });
  await warnings.settled();
  isBroken = false;
  await cfs.write("a.cfg", "y");
  await warnings.settled();
  expect(said).toEqual([{ path: "a.cfg", reason: "away" }, { warning: "w" }]);
  warnings.close();
});
