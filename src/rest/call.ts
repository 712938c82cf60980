/** One call of a method: who calls, with which rights, and what goes back beside the result. */
import type { AccessView, Identity, PermissionVerdict } from "../access/port.ts";
import { ApiError, permissionError } from "./errors.ts";
import type { Extras } from "./formatters.ts";
import type { CallContext, Method, PermissionCheck } from "./method.ts";

export interface PermissionContext {
  readonly view: AccessView;
  readonly authid: string;
  /** Parameters of the URI and of the body, as received. */
  readonly params: Readonly<Record<string, unknown>>;
}

/** Evaluates the permission expressions of the API description; access control provides it. */
export type EvaluatePermission = (check: PermissionCheck, context: PermissionContext) => PermissionVerdict;

/** What of a request a method may see. */
export interface CallOrigin {
  readonly cookie?: string | undefined;
  readonly authorization?: string | undefined;
  readonly clientAddress: string;
  /** Aborted when the client goes away. */
  signal(): AbortSignal;
}

const ROOT = "root@pam";

export class Call implements CallContext {
  readonly authid: string | undefined;
  readonly userid: string | undefined;
  readonly access: AccessView;
  readonly extras: Extras = {};
  readonly #origin: CallOrigin;
  #signal: AbortSignal | undefined;

  constructor(identity: Identity | undefined, origin: CallOrigin, access: AccessView) {
    this.authid = identity?.authid;
    this.userid = identity?.userid;
    this.access = access;
    this.#origin = origin;
  }

  get clientAddress(): string {
    return this.#origin.clientAddress;
  }

  /** Made on first use: most calls are over before anyone could hang up. */
  get signal(): AbortSignal {
    this.#signal ??= this.#origin.signal();
    return this.#signal;
  }

  get credentials(): { readonly cookie?: string; readonly authorization?: string } {
    const { cookie, authorization } = this.#origin;
    return { ...(cookie === undefined ? {} : { cookie }), ...(authorization === undefined ? {} : { authorization }) };
  }

  can(path: string, privs: readonly string[], options?: { readonly any?: boolean }): boolean {
    return this.authid !== undefined && this.access.has(this.authid, path, privs, options?.any);
  }

  check(path: string, privs: readonly string[], options?: { readonly any?: boolean }): void {
    if (this.can(path, privs, options)) return;
    if (options?.any === true) throw permissionError(`${path}, ${privs.join("|")}`);
    const missing = privs.find((priv) => !this.can(path, [priv]));
    throw permissionError(`${path}, ${missing ?? privs.join("|")}`);
  }

  setTotal(total: number): void {
    this.extras.total = total;
  }

  setChanges(text: string): void {
    this.extras.changes = text;
  }
}

/** @throws ApiError 403, or 500 when the expression's target does not exist. */
export function checkPermissions(
  method: Method,
  call: Call,
  params: Readonly<Record<string, unknown>>,
  evaluate: EvaluatePermission,
): void {
  const { authid } = call;
  const permissions = method.permissions;
  if (authid === undefined) {
    if (permissions?.user === "world") return;
    throw permissionError("user != null");
  }
  if (authid === ROOT) return;
  if (permissions === undefined) throw permissionError(`user != ${ROOT}`);
  if (permissions.user !== undefined) return;
  if (permissions.check === undefined) throw permissionError();
  const verdict = evaluate(permissions.check, { view: call.access, authid, params });
  switch (verdict.kind) {
    case "allowed":
      return;
    case "refused":
      throw new ApiError(403, verdict.message);
    case "failed":
      throw new ApiError(500, verdict.message);
    default:
      verdict satisfies never;
  }
}
