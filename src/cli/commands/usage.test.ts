import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CommandUsageError, layoutFor } from "./usage.ts";

let directory: string;
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "qu-")));
  mkdirSync(join(directory, "real"));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe("a node's root", () => {
  test.each([
    ["itself", "real", "real"],
    ["missing below it", "real/a/b", "real/a/b"],
    ["behind a link", "link", "real"],
    ["missing behind a link", "link/a/b", "real/a/b"],
    ["behind a link to what is missing", "dangling/x", "later/x"],
  ])("has one name, whichever way leads to it: %s", (_name, asked, want) => {
    symlinkSync(join(directory, "real"), join(directory, "link"));
    symlinkSync("later", join(directory, "dangling"));
    expect(layoutFor(join(directory, asked)).root).toBe(join(directory, want));
  });

  test("is not where one happens to be when a variable is empty", () => {
    expect(() => layoutFor("")).toThrow(CommandUsageError);
  });

  test("is refused when sockets below it would be too long, links followed", () => {
    const deep = join(directory, "d".repeat(80));
    mkdirSync(deep);
    symlinkSync(deep, join(directory, "short"));
    expect(() => layoutFor(join(directory, "short"))).toThrow(/too long/);
  });
});
