/** Opens `config.db`: makes a new one completely or not at all, and refuses one that is damaged or newer. */
import { chmodSync, existsSync, renameSync, rmSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { messageOf } from "../../errors/quorate-error.ts";
import type { Tree } from "../tree/tree.ts";
import { DatabaseRefusedError } from "./errors.ts";
import { loadTree, type TreeRow, VERSION_ROW_NAME } from "./load-tree.ts";

const FILE_MODE = 0o600;
const BUSY_TIMEOUT_MS = 10_000;
const COLUMNS = ["inode", "parent", "version", "writer", "mtime", "type", "name", "data"];

/** The one table, as every node of a cluster writes it. */
const integer = (name: string): string => `${name} INTEGER NOT NULL CHECK(typeof(${name})=='integer')`;
export const SCHEMA =
  `CREATE TABLE IF NOT EXISTS tree (  inode INTEGER PRIMARY KEY NOT NULL,  ${integer("parent")},` +
  `  ${integer("version")},  ${integer("writer")},  ${integer("mtime")},  ${integer("type")},` +
  "  name TEXT NOT NULL,  data BLOB);";

/** Commits reach the disk before they are answered: FULL is this connection's normal state. */
const PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;";

/**
 * Opens the database for writing.
 * @throws DatabaseRefusedError
 */
export function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    database.exec(PRAGMAS);
  } catch (cause) {
    database.close();
    throw new DatabaseRefusedError(path, `unable to set WAL mode: ${messageOf(cause)}`, { cause });
  }
  return database;
}

export interface NewDatabase {
  /** Epoch seconds. */
  readonly now: number;
}

/**
 * Reads the whole tree; makes the database when there is none.
 * @throws DatabaseRefusedError for one that is damaged, newer, or not a database; it is not changed then.
 */
export function loadDatabase(path: string, { now }: NewDatabase): { database: DatabaseSync; tree: Tree } {
  if (!existsSync(path)) createDatabase(path, now);
  if (statSync(path).size === 0) throw new DatabaseRefusedError(path, "the file is empty");
  chmodSync(path, FILE_MODE);
  const database = openDatabase(path);
  try {
    const tree = readTree(database, path);
    return { database, tree };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Made under another name first: an empty `config.db` is always a damaged one. */
function createDatabase(path: string, now: number): void {
  const unfinished = `${path}.new`;
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(unfinished + suffix, { force: true });
  const database = new DatabaseSync(unfinished);
  try {
    database.exec(`PRAGMA synchronous=FULL; ${SCHEMA}`);
    database
      .prepare(
        "INSERT INTO tree (inode, parent, version, writer, mtime, type, name, data) VALUES (0, 0, 1, 0, ?, 8, ?, NULL)",
      )
      .run(now, VERSION_ROW_NAME);
  } finally {
    database.close();
  }
  chmodSync(unfinished, FILE_MODE);
  renameSync(unfinished, path);
}

function readTree(database: DatabaseSync, path: string): Tree {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new DatabaseRefusedError(path, reason, { cause });
  };
  try {
    checkAge(database, refuse);
    database.exec(SCHEMA);
    const select = database.prepare(
      "SELECT inode, parent, version, writer, mtime, type, CAST(name AS BLOB) AS name, data FROM tree",
    );
    const tree = loadTree(rowsOf(select.iterate()));
    return typeof tree === "string" ? refuse(tree) : tree;
  } catch (cause) {
    if (cause instanceof DatabaseRefusedError) throw cause;
    return refuse(`select returned error: ${messageOf(cause)}`, cause);
  }
}

/** A newer program may have put more into it than this one would keep. */
function checkAge(database: DatabaseSync, refuse: (reason: string) => never): void {
  const version = database.prepare("PRAGMA user_version").get()?.user_version;
  if (version !== 0) refuse(`it was written by a newer version (format ${String(version)}): please update this node`);
  const columns = database
    .prepare("PRAGMA table_info(tree)")
    .all()
    .map((column) => String(column.name));
  if (columns.length > 0 && columns.join() !== COLUMNS.join()) {
    refuse(`table 'tree' has other columns than this version knows (${columns.join(", ")}): please update this node`);
  }
}

function* rowsOf(rows: Iterable<Record<string, unknown>>): Iterable<TreeRow> {
  for (const row of rows) {
    const { inode, parent, version, writer, mtime, type, name, data } = row;
    if (
      typeof inode === "number" &&
      typeof parent === "number" &&
      typeof version === "number" &&
      typeof writer === "number" &&
      typeof mtime === "number" &&
      typeof type === "number" &&
      name instanceof Uint8Array
    ) {
      yield { inode, parent, version, writer, mtime, type, name, data: bytesOf(data) };
    } else throw new TypeError(`unexpected value in the row of inode ${String(inode)}`);
  }
}

function bytesOf(data: unknown): Uint8Array | null {
  if (data === null || data instanceof Uint8Array) return data;
  // A shell that wrote text into the column: its bytes are the content.
  if (typeof data === "string") return Buffer.from(data, "utf8");
  throw new TypeError("unexpected type of file content");
}
