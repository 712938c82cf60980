/** Operating errors of storages. The message is complete and meant for people; callers match on `code`. */
import { QuorateError } from "../errors/quorate-error.ts";

/** A storage or volume that does not exist, is disabled, cannot be used or refused what was asked. */
export class StorageError extends QuorateError {
  readonly code = "storage-error";
}

/** The storage's type is known and listed, but this release cannot use it. */
export class StorageTypeNotBuiltError extends QuorateError {
  readonly code = "storage-type-not-built";

  constructor(storage: string, type: string) {
    super(`storage '${storage}': type '${type}' is not implemented in this release`);
  }
}

/** The storage did not answer within the limit: it hangs. Nothing else is asked of it until it does answer. */
export class StorageHangsError extends QuorateError {
  readonly code = "storage-hangs";
  readonly storage: string;

  constructor(storage: string, what: string) {
    super(`storage '${storage}' does not answer (${what})`);
    this.storage = storage;
  }
}
