import { QuorateError } from "../../errors/quorate-error.ts";

/** The database is not one that can be served. It is left as it is. */
export class DatabaseRefusedError extends QuorateError {
  readonly code = "cfs-database-refused";
  readonly path: string;
  /** What is wrong, in the words of the log. */
  readonly reason: string;

  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(
      `cannot open database '${path}': ${reason}. It was left untouched: restore a backup of it, or move it away ` +
        "to start with an empty one (a node of a cluster gets its content back from the others).",
      options,
    );
    this.path = path;
    this.reason = reason;
  }
}

/** The disk does not let the database be read or written: nothing is known to be wrong with its content. */
export class DatabaseUnavailableError extends QuorateError {
  readonly code = "cfs-database-unavailable";
  readonly path: string;

  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(
      `cannot open database '${path}': ${reason}. Its content is as it was: see whether the disk is full, read-only ` +
        "or failing, and start again.",
      options,
    );
    this.path = path;
  }
}
