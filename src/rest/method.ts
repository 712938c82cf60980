/**
 * A method of the API: path, verb, parameters, result, permission, where it runs, and its handler, in one declaration.
 * Validation, types, permission checks, OpenAPI, index pages, `pvesh` and the domain command lines derive from it.
 */
import type { Duplex, Readable } from "node:stream";
import type { AccessView } from "../access/port.ts";
import type { ParamsOf, Properties, Schema } from "./schema.ts";

export type Verb = "GET" | "POST" | "PUT" | "DELETE";

/** The permission expressions of access.md §7, as they stand in the API description. */
export type PermissionCheck = readonly [string, ...unknown[]];

export interface MethodPermissions {
  /** `world`: no login needed; `all`: any login, the handler may check more. */
  readonly user?: "world" | "all";
  readonly check?: PermissionCheck;
  readonly description?: string;
  /** Privileges and paths that the handler checks itself (documentation). */
  readonly extra_checks_in_code?: Readonly<Record<string, unknown>>;
}

/** Who calls, what they may do, and what goes back beside the result. */
export interface CallContext {
  /** `nina@pve`, `nina@pve!ci`, or undefined where the method needs no login. */
  readonly authid: string | undefined;
  /** The user behind a token. */
  readonly userid: string | undefined;
  /** The login ticket or token text with which the caller came (for calls to another node). */
  readonly credentials?: { readonly cookie?: string; readonly authorization?: string };
  readonly clientAddress: string;
  /** The rights as of the start of the call. */
  readonly access: AccessView;
  /** Whether the caller has all (`any`: one) of `privs` on `path`. */
  can(path: string, privs: readonly string[], options?: { readonly any?: boolean }): boolean;
  /** Like {@link can}. @throws ApiError 403 `Permission check failed (<path>, <priv>)`. */
  check(path: string, privs: readonly string[], options?: { readonly any?: boolean }): void;
  /** `total` of a paged list. */
  setTotal(total: number): void;
  /** `changes` of pending-config calls. */
  setChanges(text: string): void;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

/** A reply that is not an envelope: a download, an event stream. */
export class RawResponse {
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable | Buffer | string;

  constructor(contentType: string, body: Readable | Buffer | string, headers: Readonly<Record<string, string>> = {}) {
    this.contentType = contentType;
    this.body = body;
    this.headers = headers;
  }
}

interface Declaration<P extends Properties> {
  /** Template with `{name}` parts, e.g. `/nodes/{node}/qemu/{vmid}/config`. */
  readonly path: string;
  readonly method: Verb;
  /** The method's name in the API description. */
  readonly name: string;
  readonly description: string;
  /** 1: needs root, so pveproxy forwards it to pvedaemon. */
  readonly protected?: 1;
  /** `node`: runs on the node named in the path. */
  readonly proxyto?: string;
  /** 0: closed to API tokens. */
  readonly allowtoken?: 0;
  /** 1: may answer with a download. */
  readonly download_allowed?: 1;
  /** 1: needs the caller's credentials for calls of its own to other nodes. */
  readonly expose_credentials?: 1;
  /** Absent: root@pam only. */
  readonly permissions?: MethodPermissions;
  readonly parameters: P;
  readonly parameters_allOf?: readonly unknown[];
  readonly parameters_oneOf?: readonly unknown[];
  /** 1: parameters outside the schema pass. Default 0. */
  readonly additionalProperties?: 0 | 1;
  readonly returns: Schema;
}

/** Exactly one of `handler` and `websocket`. */
export interface MethodDeclaration<P extends Properties> extends Declaration<P> {
  /**
   * Runs with checked parameters. Returns plain JSON values (0/1 for booleans), undefined for null, a
   * {@link RawResponse}, or a promise of one. Return without a promise where nothing is awaited: the hot path skips a turn.
   */
  readonly handler?: (params: ParamsOf<P>, call: CallContext) => unknown;
  /** For `Upgrade: websocket`: gives the byte stream that is joined with the WebSocket, both ways, with back-pressure. */
  readonly websocket?: (params: ParamsOf<P>, call: CallContext) => Promise<Duplex>;
  /** The upload method: multipart body, the file part is stored below `uploadDir` and named in `tmpfilename`. */
  readonly isUpload?: true;
  /** The last path parameter swallows the rest of the URI (volume ids). */
  readonly hasTrailingPath?: true;
}

/** A method as the registry keeps it. */
export interface Method extends Declaration<Properties> {
  readonly handler?: (params: Readonly<Record<string, unknown>>, call: CallContext) => unknown;
  readonly websocket?: (params: Readonly<Record<string, unknown>>, call: CallContext) => Promise<Duplex>;
  readonly isUpload?: true;
  readonly hasTrailingPath?: true;
}

/** Declares a method; the handler's parameter types follow from the schema. */
export function defineMethod<const P extends Properties>(declaration: MethodDeclaration<P>): Method {
  // The dispatcher calls a handler only with parameters that passed `parameters`, which is what ParamsOf says.
  return declaration as unknown as Method;
}
