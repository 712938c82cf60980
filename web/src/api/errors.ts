/** A call that did not work: what the server said, by parameter where it told so. */
export class ApiError extends Error {
  /** The HTTP status; 0 when there was no answer at all. */
  readonly status: number;
  /** Texts by parameter name. */
  readonly fields: Readonly<Record<string, string>>;

  constructor(
    message: string,
    { status, fields = {}, ...options }: ErrorOptions & { status: number; fields?: Readonly<Record<string, string>> },
  ) {
    super(message, options);
    this.name = "ApiError";
    this.status = status;
    this.fields = fields;
  }
}

/** What kind of failure it is, for the text that explains it. */
export type FailureKind =
  | "login"
  | "permission"
  | "parameters"
  | "quorum"
  | "node-away"
  | "locked"
  | "changed"
  | "timeout"
  | "unreachable"
  | "not-built"
  | "other";

export function failureKind({ status, message }: ApiError): FailureKind {
  if (status === 0) return "unreachable";
  if (status === 401) return "login";
  if (status === 403) return "permission";
  if (status === 400) return "parameters";
  if (status === 501) return "not-built";
  if (status === 595 || status === 596) return "node-away";
  if (/no quorum/.test(message)) return "quorum";
  if (/is locked|can't lock file|got lock timeout/.test(message)) return "locked";
  if (/detected modified configuration/.test(message)) return "changed";
  if (/timeout|timed out/i.test(message)) return "timeout";
  return "other";
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(error instanceof Error ? error.message : String(error), { status: 0, cause: error });
}
