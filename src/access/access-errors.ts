/** What access control refuses. */
import { QuorateError } from "../errors/quorate-error.ts";

/** A user, group, role, token, realm or pool that is missing, exists already, or must not be touched. */
export class AccessRecordError extends QuorateError {
  readonly code = "access-record";
}

export class UnknownPoolError extends QuorateError {
  readonly code = "unknown-pool";

  constructor(poolid: string) {
    super(`pool '${poolid}' does not exist`);
  }
}

export class AlreadyInPoolError extends QuorateError {
  readonly code = "already-in-pool";

  constructor(vmid: number, poolid: string) {
    super(`VM ${vmid} is already a pool member of '${poolid}'`);
  }
}

/** The realm's kind of login is not part of this release. */
export class RealmNotBuiltError extends QuorateError {
  readonly code = "realm-not-built";

  constructor(realm: string, type: string) {
    super(`login to realm '${realm}' of type '${type}' is not implemented in this release`);
  }
}
