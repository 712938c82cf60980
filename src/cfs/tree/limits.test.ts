import { expect, test } from "vitest";
import { MAX_ENTRIES, MAX_FILE_BYTES, MAX_TOTAL_BYTES, newRoot } from "./entry.ts";
import { exceedsLimits } from "./limits.ts";
import type { Operation } from "./operation.ts";
import { Tree } from "./tree.ts";

const create: Operation = { kind: "create", path: "new" };
const write = (path: string, size: number): Operation => ({
  kind: "write",
  path,
  offset: 0,
  data: Buffer.alloc(size),
  truncate: true,
});

function treeOf(count: number, size: number): Tree {
  const tree = new Tree();
  const data = Buffer.alloc(size);
  const entries = Array.from({ length: count }, (_, i) => ({
    inode: i + 2,
    parent: 0,
    version: i + 2,
    writer: 0,
    mtime: 0,
    name: `f${i}`,
    data,
  }));
  tree.load(newRoot({ version: count + 2, writer: 0, mtime: 0 }), entries);
  return tree;
}

test("the tree holds 256 Ki entries, the root included, and no more", () => {
  expect(exceedsLimits(treeOf(MAX_ENTRIES - 2, 0), [create])).toBe(false);
  const full = treeOf(MAX_ENTRIES - 1, 0);
  expect(exceedsLimits(full, [create])).toBe(true);
  expect(exceedsLimits(full, [{ kind: "delete", path: "f0" }])).toBe(false);
  expect(exceedsLimits(full, [write("f0", 10)])).toBe(false);
});

test("all files together hold 128 MiB, and no more", () => {
  const full = treeOf(MAX_TOTAL_BYTES / MAX_FILE_BYTES, MAX_FILE_BYTES);
  expect(exceedsLimits(full, [write("f0", MAX_FILE_BYTES)])).toBe(false);
  expect(exceedsLimits(full, [create, write("new", 1)])).toBe(true);
  expect(exceedsLimits(full, [write("f0", 0)])).toBe(false);
});
