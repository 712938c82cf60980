import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ChangeSet } from "../tree/change-set.ts";
import { execute, type Operation } from "../tree/operation.ts";
import type { Tree } from "../tree/tree.ts";
import { loadDatabase, SCHEMA } from "./database.ts";
import { DatabaseRefusedError, DatabaseUnavailableError } from "./errors.ts";
import { InlineStore } from "./inline-store.ts";

let directory = "";
let path = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "quorate-db-"));
  path = join(directory, "config.db");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const now = 1_700_000_000;

/** Executes and commits. */
function commit(tree: Tree, store: InlineStore, ...operations: Operation[]): void {
  const changes: ChangeSet[] = [];
  for (const operation of operations) {
    const change = execute(tree, operation, { writer: 0, time: now });
    if (typeof change !== "object") throw new Error(`${operation.kind} ${operation.path}: ${change}`);
    tree.apply(change);
    changes.push(change);
  }
  store.commit(changes, "synced", (failure) => expect(failure).toBeUndefined());
}

/** Everything that is stored of a tree. */
function contents(tree: Tree): unknown[] {
  return [...tree.entries()]
    .map((entry) => ({ ...entry, data: entry.data?.toString("hex") }))
    .sort((a, b) => a.inode - b.inode);
}

describe("a database", () => {
  test("is made with version 1, mode 0600 and the table that every node knows", () => {
    const { database, tree } = loadDatabase(path, { now });
    expect([tree.root.version, tree.root.mtime, tree.entryCount]).toEqual([1, now, 1]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(database.prepare("SELECT * FROM tree").all()).toEqual([
      { inode: 0, parent: 0, version: 1, writer: 0, mtime: now, type: 8, name: "__version__", data: null },
    ]);
    expect(database.prepare("PRAGMA synchronous").get()).toEqual({ synchronous: 2 });
    expect(() => database.exec("INSERT INTO tree VALUES (9, 0, 'x', 0, 0, 8, 'n', NULL)")).toThrow(/CHECK/);
    database.close();
  });

  test("brings the same tree back: content, links, versions, names of any bytes", () => {
    const { database, tree } = loadDatabase(path, { now });
    const store = new InlineStore(database, path);
    const write = (name: string, text: string): Operation[] => [
      { kind: "create", path: name },
      { kind: "write", path: name, offset: 0, data: Buffer.from(text), truncate: true },
    ];
    commit(
      tree,
      store,
      { kind: "mkdir", path: "d" },
      ...write("d/a", "1"),
      ...write("b\udcff\udc80", "raw"),
      ...write("ü", "\0x"),
    );
    commit(tree, store, { kind: "rename", path: "d/a", to: "c" });
    commit(tree, store, ...write("gone", "x"), { kind: "delete", path: "gone" });
    commit(tree, store, { kind: "rename", path: "c", to: "ü" });
    commit(tree, store, { kind: "create", path: "empty" });
    store.close();
    const again = loadDatabase(path, { now: 0 });
    expect(contents(again.tree)).toEqual(contents(tree));
    expect(
      Buffer.from(
        String(again.database.prepare("SELECT hex(CAST(name AS BLOB)) AS h FROM tree WHERE name LIKE 'b%'").get()?.h),
        "hex",
      ),
    ).toEqual(Buffer.from([0x62, 0xff, 0x80]));
    again.database.close();
  });

  test("wrong file modes are put right", () => {
    loadDatabase(path, { now }).database.close();
    writeFileSync(`${path}.copy`, readFileSync(path), { mode: 0o644 });
    loadDatabase(`${path}.copy`, { now }).database.close();
    expect(statSync(`${path}.copy`).mode & 0o777).toBe(0o600);
  });

  test("without its version row goes on above the highest inode", () => {
    prepare("DELETE FROM tree; INSERT INTO tree VALUES (7, 0, 9, 0, 5, 8, 'a', 'x')");
    const { database, tree } = loadDatabase(path, { now });
    expect(tree.root.version).toBe(9);
    database.close();
  });

  test("may hold the version row with the type of a directory, and rows in any order", () => {
    prepare(
      "UPDATE tree SET type = 4, version = 20; INSERT INTO tree VALUES (7, 9, 7, 0, 5, 8, 'child', 'x'), (9, 0, 9, 0, 5, 4, 'dir', x'')",
    );
    const { database, tree } = loadDatabase(path, { now });
    expect(tree.lookup("dir/child")?.data?.toString()).toBe("x");
    database.close();
  });

  test("is locked against nobody: another program may read it meanwhile", () => {
    const { database, tree } = loadDatabase(path, { now });
    const store = new InlineStore(database, path);
    const reader = new DatabaseSync(path, { readOnly: true });
    commit(tree, store, { kind: "create", path: "a" });
    expect(reader.prepare("SELECT count(*) AS n FROM tree").get()).toEqual({ n: 2 });
    reader.close();
    store.close();
  });
});

/** A database with one directory (2), a file in it (3), and what the statement does to it. */
function prepare(statement: string): void {
  const { database, tree } = loadDatabase(path, { now });
  const store = new InlineStore(database, path);
  commit(tree, store, { kind: "mkdir", path: "d" }, { kind: "create", path: "d/f" });
  database.exec(statement);
  store.close();
}

describe("a database is refused and left as it is when", () => {
  const H = (inode: number): string => inode.toString(16).toUpperCase().padStart(16, "0");
  const guest = (inode: number, parent: number, name: string): string =>
    `INSERT INTO tree VALUES (${inode}, ${parent}, 1, 0, 0, ${name.endsWith(".conf") ? 8 : 4}, '${name}', NULL);`;
  const cases = [
    {
      name: "an entry has no name",
      sql: "UPDATE tree SET name = '' WHERE inode = 3",
      want: `inode has no name (inode = ${H(3)})`,
    },
    {
      name: "a directory has content",
      sql: "UPDATE tree SET data = 'x' WHERE inode = 2",
      want: `directory inode contains data (inode = ${H(2)})`,
    },
    {
      name: "a type is unknown",
      sql: "UPDATE tree SET type = 1 WHERE inode = 3",
      want: `inode has unknown type (inode = ${H(3)}, type = 1)`,
    },
    {
      name: "the root has another name",
      sql: "UPDATE tree SET name = 'x' WHERE inode = 0",
      want: "root inode has unexpected name 'x'",
    },
    {
      name: "a parent is a file",
      sql: "INSERT INTO tree VALUES (10, 3, 1, 0, 0, 8, 'g', NULL)",
      want: `parent is not a directory (inode = ${H(10)}, parent = ${H(3)}, name = 'g')`,
    },
    {
      name: "a parent is missing",
      sql: "INSERT INTO tree VALUES (10, 77, 1, 0, 0, 8, 'g', NULL)",
      want: `missing directory inode (inode = ${H(77)})`,
    },
    {
      name: "a name is there twice",
      sql: "INSERT INTO tree VALUES (10, 2, 6, 0, 4096, 8, 'f', NULL)",
      want: `found entry with duplicate name 'f' - A:(inode = 0x${H(3)}, parent = 0x${H(2)}, v./mtime = 0x3/0x6553f100) vs. B:(inode = 0x${H(10)}, parent = 0x${H(2)}, v./mtime = 0x6/0x1000)`,
    },
    {
      name: "two nodes have one guest",
      sql: [
        guest(10, 0, "nodes"),
        guest(11, 10, "a"),
        guest(12, 10, "b"),
        guest(13, 11, "lxc"),
        guest(14, 12, "qemu-server"),
        guest(15, 13, "100.conf"),
        guest(16, 14, "100.conf"),
      ].join(""),
      want: "detected duplicate VMID 100",
    },
    {
      name: "directories are below each other",
      sql: "INSERT INTO tree VALUES (20, 21, 1, 0, 0, 4, 'x', NULL), (21, 20, 1, 0, 0, 4, 'y', NULL)",
      want: "directory is below itself",
    },
    {
      name: "it is of a newer version",
      sql: "PRAGMA user_version = 3",
      want: "it was written by a newer version (format 3)",
    },
    {
      name: "its table has more columns",
      sql: "ALTER TABLE tree ADD COLUMN future TEXT",
      want: "table 'tree' has other columns",
    },
  ];
  test.each(cases)("$name", ({ sql, want }) => {
    prepare(sql);
    const before = readFileSync(path);
    expect(reasonOf(() => loadDatabase(path, { now }))).toContain(want);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test("it is no database", () => {
    writeFileSync(path, "hello, I am not a database, whatever my name says");
    expect(reasonOf(() => loadDatabase(path, { now }))).toBe("unable to set WAL mode: file is not a database");
    expect(readFileSync(path, "utf8")).toContain("hello");
  });

  test("it is empty", () => {
    writeFileSync(path, "");
    expect(reasonOf(() => loadDatabase(path, { now }))).toBe("the file is empty");
    expect(statSync(path).size).toBe(0);
  });

  test("it was cut off", () => {
    const { database, tree } = loadDatabase(path, { now });
    const store = new InlineStore(database, path);
    for (let i = 0; i < 40; i += 1) {
      const name = `f${i}`;
      commit(
        tree,
        store,
        { kind: "create", path: name },
        { kind: "write", path: name, offset: 0, data: Buffer.alloc(3000, i), truncate: true },
      );
    }
    store.close();
    truncateSync(path, statSync(path).size - 30_000);
    const before = readFileSync(path);
    expect(reasonOf(() => loadDatabase(path, { now }))).toMatch(/database disk image is malformed/);
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});

describe("nothing is written", () => {
  const reader = (): DatabaseSync => new DatabaseSync(path, { readOnly: true });

  test("into a refused file by its own write-ahead log, which a crash left", () => {
    prepare("");
    const writer = new DatabaseSync(path);
    writer.exec("UPDATE tree SET name = '' WHERE inode = 3");
    // As after a crash: the log is there, and nobody has the files open.
    for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, `${path}.crashed${suffix}`);
    writer.close();
    const crashed = `${path}.crashed`;
    const before = [readFileSync(crashed), readFileSync(`${crashed}-wal`)];
    expect(before[1]?.length).toBeGreaterThan(0);
    expect(reasonOf(() => loadDatabase(crashed, { now }))).toContain("inode has no name");
    expect([readFileSync(crashed), readFileSync(`${crashed}-wal`)]).toEqual(before);
  });

  test("into a newer file that is kept in another way", () => {
    prepare("");
    const newer = new DatabaseSync(path);
    newer.exec("PRAGMA journal_mode=DELETE; PRAGMA user_version=9");
    newer.close();
    const before = readFileSync(path);
    expect(reasonOf(() => loadDatabase(path, { now }))).toContain("newer version (format 9)");
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test("into another program's database", () => {
    const other = new DatabaseSync(path);
    other.exec("CREATE TABLE t (x)");
    other.close();
    expect(reasonOf(() => loadDatabase(path, { now }))).toBe("it has no table 'tree'");
    const tables = reader().prepare("SELECT name FROM sqlite_schema").all();
    expect(tables.map((table) => table.name)).toEqual(["t"]);
  });
});

test("a change that a crash cut off is played back before the file is read", () => {
  const writer = new DatabaseSync(path);
  writer.exec(SCHEMA);
  writer.exec("INSERT INTO tree VALUES (0, 0, 1, 0, 5, 8, '__version__', NULL), (2, 0, 2, 0, 5, 8, 'a', 'before')");
  // So small a cache that the change reaches the file before it is committed.
  writer.exec("PRAGMA cache_size=1; PRAGMA cache_spill=1; BEGIN; UPDATE tree SET data = 'after' WHERE inode = 2");
  for (let i = 10; i < 60; i += 1) {
    writer.exec(`INSERT INTO tree VALUES (${i}, 0, ${i}, 0, 5, 8, 'f${i}', zeroblob(3000))`);
  }
  const crashed = `${path}.crashed`;
  for (const suffix of ["", "-journal"]) copyFileSync(path + suffix, crashed + suffix);
  writer.close();
  const { database, tree } = loadDatabase(crashed, { now });
  expect(tree.lookup("a")?.data?.toString()).toBe("before");
  expect(tree.entryCount).toBe(2);
  database.close();
});

test("what is no fault of the content is not called damage", () => {
  mkdirSync(path);
  expect(() => loadDatabase(path, { now })).toThrow(DatabaseUnavailableError);
});

test("a start that died while it made the database leaves nothing that is taken for one", () => {
  writeFileSync(`${path}.new`, "half");
  loadDatabase(path, { now }).database.close();
  expect(existsSync(`${path}.new`)).toBe(false);
});

function reasonOf(work: () => unknown): string {
  try {
    work();
    return "ok";
  } catch (error) {
    if (!(error instanceof DatabaseRefusedError)) throw error;
    expect(error.message).toContain("left untouched");
    return error.reason;
  }
}
