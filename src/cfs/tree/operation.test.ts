import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lockDigest } from "./digest.ts";
import { MAX_FILE_BYTES } from "./entry.ts";
import { execute, type Operation, refuseBeforeSending } from "./operation.ts";
import { Tree } from "./tree.ts";

const origin = { writer: 1, time: 1000 };

/** @returns `ok`, `nothing`, or the error's name. */
function run(tree: Tree, operation: Operation, by = origin): string {
  const result = execute(tree, operation, by);
  if (typeof result === "string") return result;
  if (result === undefined) return "nothing";
  tree.apply(result);
  return "ok";
}

const create = (path: string): Operation => ({ kind: "create", path });
const mkdir = (path: string): Operation => ({ kind: "mkdir", path });
const remove = (path: string): Operation => ({ kind: "delete", path });
const rename = (path: string, to: string): Operation => ({ kind: "rename", path, to });
const touch = (path: string, mtime: number): Operation => ({ kind: "mtime", path, mtime });
const write = (path: string, text: string, offset = 0, truncate = false): Operation => ({
  kind: "write",
  path,
  offset,
  data: Buffer.from(text),
  truncate,
});

/** Two nodes, a guest, a lock held by node 1, a plain directory with a file. */
function sample(): Tree {
  const tree = new Tree();
  for (const path of [
    "nodes",
    "nodes/n1",
    "nodes/n1/qemu-server",
    "nodes/n1/lxc",
    "nodes/n2",
    "nodes/n2/qemu-server",
  ]) {
    expect(run(tree, mkdir(path))).toBe("ok");
  }
  for (const path of ["priv", "priv/lock", "priv/lock/l1", "d", "empty"]) expect(run(tree, mkdir(path))).toBe("ok");
  for (const path of ["nodes/n1/qemu-server/100.conf", "d/f", "file"]) expect(run(tree, create(path))).toBe("ok");
  return tree;
}

const cases: { name: string; operation: Operation; want: string }[] = [
  { name: "create", operation: create("new"), want: "ok" },
  { name: "create of what exists", operation: create("file"), want: "EEXIST" },
  { name: "create where a directory is", operation: create("d"), want: "EEXIST" },
  { name: "create without the directory", operation: create("none/new"), want: "ENOENT" },
  { name: "create below a file", operation: create("file/new"), want: "ENOTDIR" },
  { name: "create of the empty name", operation: create("d/"), want: "EACCES" },
  { name: "create of .", operation: create("d/."), want: "EACCES" },
  { name: "create of ..", operation: create("d/.."), want: "EACCES" },
  {
    name: "create of a guest that another node has",
    operation: create("nodes/n2/qemu-server/100.conf"),
    want: "EEXIST",
  },
  { name: "create of a container with a VM's id", operation: create("nodes/n1/lxc/100.conf"), want: "EEXIST" },
  {
    name: "create of a file that only looks like a guest",
    operation: create("nodes/n2/qemu-server/0100.conf"),
    want: "ok",
  },
  { name: "mkdir", operation: mkdir("x"), want: "ok" },
  { name: "mkdir of what exists", operation: mkdir("d"), want: "EEXIST" },
  { name: "mkdir of a lock that is held", operation: mkdir("priv/lock/l1"), want: "EEXIST" },
  { name: "mkdir of a guest's name", operation: mkdir("nodes/n2/qemu-server/100.conf"), want: "ok" },
  { name: "write", operation: write("file", "x"), want: "ok" },
  { name: "write to nothing", operation: write("none", "x"), want: "ENOENT" },
  { name: "write to a directory", operation: write("d", "x"), want: "ENOTDIR" },
  { name: "write up to the limit", operation: write("file", "x", MAX_FILE_BYTES - 1), want: "ok" },
  { name: "write beyond the limit", operation: write("file", "x", MAX_FILE_BYTES), want: "EFBIG" },
  { name: "truncate beyond the limit", operation: write("file", "", MAX_FILE_BYTES + 1, true), want: "EFBIG" },
  { name: "size is checked before anything else", operation: write("none/none", "x", MAX_FILE_BYTES), want: "EFBIG" },
  { name: "delete of a file", operation: remove("file"), want: "ok" },
  { name: "delete of an empty directory", operation: remove("empty"), want: "ok" },
  { name: "delete of a directory with entries", operation: remove("d"), want: "ENOTEMPTY" },
  { name: "delete of nothing", operation: remove("none"), want: "ENOENT" },
  { name: "delete of the root", operation: remove(""), want: "EACCES" },
  { name: "rename", operation: rename("file", "d/g"), want: "ok" },
  { name: "rename over a file", operation: rename("file", "d/f"), want: "ok" },
  { name: "rename of a file over an empty directory", operation: rename("file", "empty"), want: "ok" },
  { name: "rename of an empty directory over a file", operation: rename("empty", "file"), want: "ok" },
  { name: "rename of nothing", operation: rename("none", "x"), want: "ENOENT" },
  { name: "rename of the root", operation: rename("", "x"), want: "EACCES" },
  { name: "rename to nowhere", operation: rename("file", "none/x"), want: "ENOENT" },
  { name: "rename below a file", operation: rename("empty", "file/x"), want: "ENOTDIR" },
  { name: "rename of a directory with entries", operation: rename("d", "x"), want: "ENOTEMPTY" },
  { name: "rename over a directory with entries", operation: rename("file", "d"), want: "ENOTEMPTY" },
  { name: "rename of a full directory over a file", operation: rename("d", "file"), want: "ENOTEMPTY" },
  { name: "rename to itself", operation: rename("file", "file"), want: "nothing" },
  { name: "rename of a directory into itself", operation: rename("empty", "empty/x"), want: "EINVAL" },
  { name: "rename of a lock", operation: rename("priv/lock/l1", "priv/lock/l2"), want: "EACCES" },
  {
    name: "rename of a guest to another node",
    operation: rename("nodes/n1/qemu-server/100.conf", "nodes/n2/qemu-server/100.conf"),
    want: "ok",
  },
  {
    name: "rename of a guest to another type",
    operation: rename("nodes/n1/qemu-server/100.conf", "nodes/n1/lxc/100.conf"),
    want: "ok",
  },
  {
    name: "rename of a file to a guest that another node has",
    operation: rename("file", "nodes/n2/qemu-server/100.conf"),
    want: "EEXIST",
  },
  {
    name: "rename of a file over a guest's own config",
    operation: rename("file", "nodes/n1/qemu-server/100.conf"),
    want: "ok",
  },
  { name: "touch", operation: touch("file", 5), want: "ok" },
  { name: "touch of nothing", operation: touch("none", 5), want: "ENOENT" },
  { name: "refresh of an own lock", operation: touch("priv/lock/l1", 1000), want: "ok" },
  { name: "refresh of a lock with an older time", operation: touch("priv/lock/l1", 999), want: "EACCES" },
];

test.each(cases)("$name: $want", ({ operation, want }) => {
  const tree = sample();
  const before = tree.root.version;
  expect(run(tree, operation)).toBe(want);
  expect(tree.root.version).toBe(want === "ok" ? before + 1 : before);
});

describe("locks", () => {
  test("only the holder's node refreshes a lock", () => {
    expect(run(sample(), touch("priv/lock/l1", 2000), { writer: 2, time: 1001 })).toBe("EACCES");
  });

  test("an unlock takes exactly the lock that it names away", () => {
    const tree = sample();
    const lock = tree.lookup("priv/lock/l1");
    if (lock === undefined) throw new Error("the sample has no lock");
    const digest = lockDigest(lock);
    run(tree, touch("priv/lock/l1", 1001));
    expect(run(tree, { kind: "unlock", path: "priv/lock/l1", digest })).toBe("EACCES");
    const now = tree.lookup("priv/lock/l1");
    if (now === undefined) throw new Error("the lock is gone");
    expect(run(tree, { kind: "unlock", path: "priv/lock/l1", digest: lockDigest(now) })).toBe("ok");
    expect(run(tree, { kind: "unlock", path: "priv/lock/l1", digest })).toBe("ENOENT");
  });
});

describe("content", () => {
  const contents: { name: string; before: string; operation: Operation; want: string }[] = [
    { name: "overwrites in the middle", before: "abcdef", operation: write("file", "XY", 2), want: "abXYef" },
    { name: "appends", before: "ab", operation: write("file", "cd", 2), want: "abcd" },
    { name: "fills a gap with zeros", before: "a", operation: write("file", "b", 3), want: "a\0\0b" },
    { name: "truncates to nothing", before: "abc", operation: write("file", "", 0, true), want: "" },
    { name: "truncates to less", before: "abc", operation: write("file", "", 1, true), want: "a" },
    { name: "truncates to more", before: "abc", operation: write("file", "", 5, true), want: "abc\0\0" },
    { name: "truncates an empty file to more", before: "", operation: write("file", "", 3, true), want: "\0\0\0" },
    { name: "replaces and cuts", before: "abcdef", operation: write("file", "xy", 0, true), want: "xy" },
  ];
  test.each(contents)("$name", ({ before, operation, want }) => {
    const tree = sample();
    run(tree, write("file", before, 0, true));
    const old = tree.lookup("file")?.data;
    const copy = Buffer.from(old ?? "");
    expect(run(tree, operation)).toBe("ok");
    expect(tree.lookup("file")?.data?.toString()).toBe(want);
    expect(old?.equals(copy)).toBe(true);
  });
});

describe("identity", () => {
  test("an inode is the version at creation and survives writes and renames", () => {
    const tree = sample();
    const { inode } = tree.lookup("file") ?? { inode: -1 };
    expect(inode).toBe(tree.root.version);
    run(tree, write("file", "x"));
    run(tree, rename("file", "d/g"));
    expect(tree.lookup("d/g")).toMatchObject({ inode, version: tree.root.version, writer: 1, mtime: 1000 });
  });

  test("a change of a child leaves its directory as it is", () => {
    const tree = sample();
    const before = tree.lookup("d");
    run(tree, create("d/new"));
    expect(tree.lookup("d")).toBe(before);
  });

  test("a touch sets the tree's time as well", () => {
    const tree = sample();
    run(tree, touch("file", 77));
    expect([tree.lookup("file")?.mtime, tree.root.mtime]).toEqual([77, 77]);
  });
});

describe("counters and guests", () => {
  test("a versioned path counts create, write, touch, delete and both ends of a rename", () => {
    const tree = sample();
    const operations = [
      create("user.cfg"),
      write("user.cfg", "x"),
      touch("user.cfg", 1),
      rename("user.cfg", "storage.cfg"),
      remove("storage.cfg"),
    ];
    for (const operation of operations) expect(run(tree, operation)).toBe("ok");
    expect([
      tree.counter("user.cfg"),
      tree.counter("storage.cfg"),
      tree.counter("ha/fence.cfg"),
      tree.counter("file"),
    ]).toEqual([5, 3, 1, undefined]);
  });

  test("a guest's move counts two in the list", () => {
    const tree = sample();
    const before = tree.guests.version;
    run(tree, rename("nodes/n1/qemu-server/100.conf", "nodes/n2/qemu-server/100.conf"));
    expect(tree.guests.version).toBe(before + 2);
    expect(tree.guests.entries.get(100)).toMatchObject({ node: "n2", type: "qemu" });
  });

  test("a guest's id is free again when its config is deleted or renamed away", () => {
    const tree = sample();
    run(tree, rename("nodes/n1/qemu-server/100.conf", "nodes/n1/qemu-server/100.conf.bak"));
    expect(run(tree, create("nodes/n2/qemu-server/100.conf"))).toBe("ok");
    run(tree, remove("nodes/n2/qemu-server/100.conf"));
    expect(tree.guests.entries.size).toBe(0);
  });
});

describe("before sending", () => {
  test.each([
    [create(".version/x"), "EACCES"],
    [remove("local"), "EACCES"],
    [rename("file", "lxc"), "EACCES"],
    [create("a\0b"), "EINVAL"],
    [create("x".repeat(1025)), "ENAMETOOLONG"],
    [create("ü".repeat(513)), "ENAMETOOLONG"],
    [create("x".repeat(1024)), undefined],
    [create("locality"), undefined],
  ] as const)("%o: %s", (operation, want) => {
    expect(refuseBeforeSending(operation)).toBe(want);
  });
});

const anyPath = fc.constantFrom(
  "a",
  "b",
  "a/x",
  "b/x",
  "a/x/y",
  "nodes",
  "nodes/n1",
  "nodes/n1/lxc",
  "nodes/n1/lxc/7.conf",
  "storage.cfg",
  "",
);
const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ kind: fc.constant("create" as const), path: anyPath }),
  fc.record({ kind: fc.constant("mkdir" as const), path: anyPath }),
  fc.record({ kind: fc.constant("delete" as const), path: anyPath }),
  fc.record({ kind: fc.constant("rename" as const), path: anyPath, to: anyPath }),
  fc.record({ kind: fc.constant("mtime" as const), path: anyPath, mtime: fc.nat() }),
  fc.record({
    kind: fc.constant("write" as const),
    path: anyPath,
    offset: fc.nat(3000),
    data: fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
    truncate: fc.boolean(),
  }),
);

test("whatever is done, the tree stays whole, and a second one that takes the same changes is equal", () => {
  fc.assert(
    fc.property(fc.array(anyOperation, { maxLength: 60 }), (operations) => {
      const head = new Tree();
      const seen = new Tree(head.root);
      for (const operation of operations) {
        const change = execute(head, operation, origin);
        if (change === undefined || typeof change === "string") continue;
        head.apply(change);
        seen.apply(change);
      }
      let bytes = 0;
      let count = 0;
      for (const entry of head.entries()) {
        count += 1;
        bytes += entry.data?.length ?? 0;
        const path = head.pathOf(entry.inode);
        expect(path === undefined ? undefined : head.lookup(path)).toBe(entry);
        expect(seen.entry(entry.inode)).toBe(entry);
      }
      expect([head.totalBytes, head.entryCount]).toEqual([bytes, count]);
      expect([seen.totalBytes, seen.entryCount]).toEqual([bytes, count]);
      const copy = head.copy();
      expect([copy.totalBytes, copy.entryCount, copy.guests.entries.size]).toEqual([
        bytes,
        count,
        head.guests.entries.size,
      ]);
    }),
    { numRuns: 300 },
  );
});
