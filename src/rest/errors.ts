/** Errors with an HTTP status. Rooms throw these only from their `api.ts`; everything else that is thrown becomes 500. */
import { QuorateError } from "../errors/quorate-error.ts";

export class ApiError extends QuorateError {
  readonly code = "api-error";
  readonly status: number;
  /** Texts by parameter name. */
  readonly errors: Readonly<Record<string, string>> | undefined;

  constructor(status: number, message: string, errors?: Readonly<Record<string, string>>, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.errors = errors;
  }
}

/** 400 with texts by parameter. */
export function parameterError(errors: Readonly<Record<string, string>>): ApiError {
  return new ApiError(400, "Parameter verification failed.", errors);
}

/** 403 in the words that clients match on. */
export function permissionError(detail?: string): ApiError {
  return new ApiError(403, detail === undefined ? "Permission check failed" : `Permission check failed (${detail})`);
}

/** 501 for what a schema names and this release does not do. */
export function notBuilt(what: string): ApiError {
  return new ApiError(501, `${what} is not implemented in this release`);
}
