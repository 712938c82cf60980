import { QuorateError } from "../errors/quorate-error.ts";

/** 401. The message is what the client sees: it never tells which part of a login was wrong. */
export class AuthenticationError extends QuorateError {
  readonly code = "authentication-failed";
}
