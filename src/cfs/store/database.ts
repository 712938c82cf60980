/** Opens `config.db`: makes a new one completely or not at all, and refuses one that is damaged or newer. */
import { chmodSync, existsSync, renameSync, rmSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { messageOf } from "../../errors/quorate-error.ts";
import type { Tree } from "../tree/tree.ts";
import { DatabaseRefusedError, DatabaseUnavailableError } from "./errors.ts";
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
/** What SQLite calls a file that it did not make, and one whose pages do not fit each other (sqlite.org/rescode). */
const SQLITE_NOTADB = 26;
const SQLITE_CORRUPT = 11;

/**
 * Opens the database for writing.
 * @throws DatabaseUnavailableError
 */
export function openDatabase(path: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    database.exec(PRAGMAS);
    return database;
  } catch (cause) {
    database?.close();
    throw new DatabaseUnavailableError(path, messageOf(cause), { cause });
  }
}

export interface NewDatabase {
  /** Epoch seconds. */
  readonly now: number;
}

/**
 * Reads the whole tree; makes the database when there is none.
 * @throws DatabaseRefusedError for one that is damaged, newer, or not a database; it is not changed then.
 * @throws DatabaseUnavailableError when the disk does not let it be read or written.
 */
export function loadDatabase(path: string, { now }: NewDatabase): { database: DatabaseSync; tree: Tree } {
  if (!existsSync(path)) createDatabase(path, now);
  if (statSync(path).size === 0) throw new DatabaseRefusedError(path, "the file is empty");
  const tree = inspectDatabase(path);
  chmodSync(path, FILE_MODE);
  return { database: openDatabase(path), tree };
}

/**
 * Reads without a right to write: whoever may write brings the write-ahead log into the file when he closes it, also
 * into one that is refused. Only a journal that a crash left has to be played back before anything can be read.
 */
function inspectDatabase(path: string): Tree {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, readOnly: !existsSync(`${path}-journal`) });
    return readTree(database, path);
  } catch (cause) {
    if (cause instanceof DatabaseRefusedError) throw cause;
    const code = cause instanceof Error && "errcode" in cause ? cause.errcode : undefined;
    // These two are the words that operators search for.
    if (code === SQLITE_NOTADB) {
      throw new DatabaseRefusedError(path, `unable to set WAL mode: ${messageOf(cause)}`, { cause });
    }
    if (code === SQLITE_CORRUPT || code === undefined) {
      throw new DatabaseRefusedError(path, `select returned error: ${messageOf(cause)}`, { cause });
    }
    throw new DatabaseUnavailableError(path, messageOf(cause), { cause });
  } finally {
    database?.close();
  }
}

/** Made under another name first: an empty `config.db` is always a damaged one. */
function createDatabase(path: string, now: number): void {
  const unfinished = `${path}.new`;
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(unfinished + suffix, { force: true });
  const database = openDatabase(unfinished);
  try {
    database.exec(SCHEMA);
    database
      .prepare(
        "INSERT INTO tree (inode, parent, version, writer, mtime, type, name, data) VALUES (0, 0, 1, 0, ?, 8, ?, NULL)",
      )
      .run(now, VERSION_ROW_NAME);
  } catch (cause) {
    throw new DatabaseUnavailableError(path, messageOf(cause), { cause });
  } finally {
    database.close();
  }
  chmodSync(unfinished, FILE_MODE);
  renameSync(unfinished, path);
}

function readTree(database: DatabaseSync, path: string): Tree {
  const refuse = (reason: string): never => {
    throw new DatabaseRefusedError(path, reason);
  };
  checkAge(database, refuse);
  const select = database.prepare(
    "SELECT inode, parent, version, writer, mtime, type, CAST(name AS BLOB) AS name, data FROM tree",
  );
  const tree = loadTree(rowsOf(select.iterate()));
  return typeof tree === "string" ? refuse(tree) : tree;
}

/** A newer program may have put more into it than this one would keep. */
function checkAge(database: DatabaseSync, refuse: (reason: string) => never): void {
  const version = database.prepare("PRAGMA user_version").get()?.user_version;
  if (version !== 0) refuse(`it was written by a newer version (format ${String(version)}): please update this node`);
  const columns = database
    .prepare("PRAGMA table_info(tree)")
    .all()
    .map((column) => String(column.name));
  if (columns.length === 0) refuse("it has no table 'tree'");
  if (columns.join() !== COLUMNS.join()) {
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
