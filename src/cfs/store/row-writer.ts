/** Writes batches of rows to the database of one thread, and knows when they are on the disk. Synchronous. */
import { closeSync, fdatasyncSync, openSync } from "node:fs";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { TYPE_FILE } from "../tree/entry.ts";
import { VERSION_ROW_NAME } from "./load-tree.ts";
import type { Durability } from "./port.ts";
import type { RowChange, RowChanges, VersionRow } from "./row-changes.ts";

const REPLACE = "REPLACE INTO tree (inode, parent, version, writer, mtime, type, name, data) VALUES";
const ROW = "(?, ?, ?, ?, ?, ?, ?, ?)";
// The cast keeps names that are not UTF-8: bound as bytes, stored as text.
const ROW_WITH_RAW_NAME = "(?, ?, ?, ?, ?, ?, CAST(? AS TEXT), ?)";
const VERSION_ROW = `(0, 0, ?, ?, ?, ${TYPE_FILE}, '${VERSION_ROW_NAME}', NULL)`;

export class RowWriter {
  readonly #database: DatabaseSync;
  readonly #walPath: string;
  readonly #replace: StatementSync;
  readonly #replaceRaw: StatementSync;
  readonly #replaceVersion: StatementSync;
  readonly #replaceWithVersion: StatementSync;
  readonly #delete: StatementSync;
  #isFull = true;
  #hasUnsynced = false;
  #walFd: number | undefined;

  constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.#walPath = `${path}-wal`;
    this.#replace = database.prepare(`${REPLACE} ${ROW}`);
    this.#replaceRaw = database.prepare(`${REPLACE} ${ROW_WITH_RAW_NAME}`);
    this.#replaceVersion = database.prepare(`${REPLACE} ${VERSION_ROW}`);
    this.#replaceWithVersion = database.prepare(`${REPLACE} ${ROW}, ${VERSION_ROW}`);
    this.#delete = database.prepare("DELETE FROM tree WHERE inode = ?");
  }

  get hasUnsynced(): boolean {
    return this.#hasUnsynced;
  }

  /** One transaction. @throws the database's error; nothing of the batch is kept then. */
  write({ puts, deletes, root }: RowChanges, durability: Durability): void {
    this.#setFull(durability === "synced");
    const [only] = puts;
    if (only !== undefined && puts.length === 1 && deletes.length === 0 && typeof only.name === "string") {
      // One statement is its own transaction: the common case, in one round.
      const { inode, parent, version, writer, mtime, type, name, data } = only;
      const { version: newest, writer: lastWriter, mtime: lastMtime } = root;
      this.#replaceWithVersion.run(
        inode,
        parent,
        version,
        writer,
        mtime,
        type,
        name,
        data,
        newest,
        lastWriter,
        lastMtime,
      );
    } else this.#writeMany(puts, deletes, root);
    this.#hasUnsynced = durability === "written";
  }

  /** Puts earlier `written` batches on the disk: they are in the write-ahead log already. */
  sync(): void {
    this.#walFd ??= openSync(this.#walPath, "r+");
    fdatasyncSync(this.#walFd);
    this.#hasUnsynced = false;
  }

  close(): void {
    if (this.#walFd !== undefined) closeSync(this.#walFd);
    this.#walFd = undefined;
    this.#database.close();
  }

  #writeMany(puts: readonly RowChange[], deletes: readonly number[], root: VersionRow): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      for (const inode of deletes) this.#delete.run(inode);
      for (const { inode, parent, version, writer, mtime, type, name, data } of puts) {
        const statement = typeof name === "string" ? this.#replace : this.#replaceRaw;
        statement.run(inode, parent, version, writer, mtime, type, name, data);
      }
      this.#replaceVersion.run(root.version, root.writer, root.mtime);
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  #setFull(isFull: boolean): void {
    if (isFull === this.#isFull) return;
    this.#database.exec(isFull ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    this.#isFull = isFull;
  }
}
