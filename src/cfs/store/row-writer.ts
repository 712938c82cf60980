/** Writes batches of rows to the database of one thread, and knows when they are on the disk. Synchronous. */
import { closeSync, fdatasyncSync, openSync } from "node:fs";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Durability } from "./port.ts";
import type { RowChange, RowChanges } from "./row-changes.ts";

// The cast keeps names that are not UTF-8: bound as bytes, stored as text.
const VALUES = "(?, ?, ?, ?, ?, ?, CAST(? AS TEXT), ?)";
const REPLACE = "REPLACE INTO tree (inode, parent, version, writer, mtime, type, name, data) VALUES";

export class RowWriter {
  readonly #database: DatabaseSync;
  readonly #walPath: string;
  readonly #replaceOne: StatementSync;
  readonly #replaceTwo: StatementSync;
  readonly #delete: StatementSync;
  #isFull = true;
  #hasUnsynced = false;
  #walFd: number | undefined;

  constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.#walPath = `${path}-wal`;
    this.#replaceOne = database.prepare(`${REPLACE} ${VALUES}`);
    this.#replaceTwo = database.prepare(`${REPLACE} ${VALUES}, ${VALUES}`);
    this.#delete = database.prepare("DELETE FROM tree WHERE inode = ?");
  }

  get hasUnsynced(): boolean {
    return this.#hasUnsynced;
  }

  /** One transaction. @throws the database's error; nothing of the batch is kept then. */
  write({ puts, deletes, root }: RowChanges, durability: Durability): void {
    this.#setFull(durability === "synced");
    const [only] = puts;
    if (only !== undefined && puts.length === 1 && deletes.length === 0) {
      // One statement is its own transaction: the common case, in one round.
      this.#replaceTwo.run(...valuesOf(only), ...valuesOf(root));
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

  #writeMany(puts: readonly RowChange[], deletes: readonly number[], root: RowChange): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      for (const inode of deletes) this.#delete.run(inode);
      for (const row of puts) this.#replaceOne.run(...valuesOf(row));
      this.#replaceOne.run(...valuesOf(root));
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

type Value = number | string | Uint8Array | null;

function valuesOf(row: RowChange): Value[] {
  return [row.inode, row.parent, row.version, row.writer, row.mtime, row.type, row.name, row.data];
}
