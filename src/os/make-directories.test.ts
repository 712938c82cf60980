import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeDirectories } from "./make-directories.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "quorate-dirs-"));
});
afterEach(() => rm(root, { recursive: true }));

test("missing parents are made, existing directories are fine", async () => {
  const path = join(root, "a/b/c");
  await makeDirectories(path);
  await makeDirectories(path);
  expect((await stat(path)).isDirectory()).toBe(true);
});

test("a file in the way is an error", async () => {
  await writeFile(join(root, "a"), "");
  await expect(makeDirectories(join(root, "a"))).rejects.toThrow("EEXIST");
  await expect(makeDirectories(join(root, "a/b"))).rejects.toThrow("ENOTDIR");
});

test("a directory that takes no entries is an error, and not an endless loop", async () => {
  await expect(makeDirectories("/proc/quorate/x")).rejects.toThrow("ENOENT");
});
