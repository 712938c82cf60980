/**
 * From a request to a reply, in the order of checks that clients rely on: URL, login, format, body, route, conflicts,
 * token, permission, proxying, parameters, method. Knows HTTP's codes but not its sockets. Answers without a promise
 * where nothing has to be waited for.
 */
import type { Duplex } from "node:stream";
import { AuthenticationError } from "../access/errors.ts";
import type { AccessControl, AccessView, Identity } from "../access/port.ts";
import { messageOf, QuorateError } from "../errors/quorate-error.ts";
import type { Logger } from "../log/logger.ts";
import { Call, checkPermissions, type EvaluatePermission } from "./call.ts";
import { readCredentials } from "./credentials.ts";
import { decodeForm, decodeJson, type RawParams } from "./decode.ts";
import { ApiError, parameterError } from "./errors.ts";
import { type FormatName, isFormatName, printFailure, printSuccess, wireStatus } from "./formatters.ts";
import type { LoginLimit } from "./http/login-limit.ts";
import { type Method, RawResponse, type Verb } from "./method.ts";
import { type PreparedUrl, PreparedUrls } from "./prepared-urls.ts";
import type { Registry, RouteMatch } from "./registry.ts";
import { parseTarget, type RequestTarget } from "./request-target.ts";

/** What a request is to the dispatcher. */
export interface ApiRequest {
  readonly verb: string;
  readonly url: string;
  readonly cookie: string | undefined;
  readonly authorization: string | undefined;
  readonly csrfToken: string | undefined;
  readonly contentType: string | undefined;
  readonly hasBody: boolean;
  readonly clientAddress: string;
  /** Came from another daemon that has decided already where it runs. */
  readonly isForwarded: boolean;
  /** What is remembered with the connection. */
  readonly connection: ConnectionMemo;
  /** The whole body, within its limit. @throws ApiError when it is too large, slow or broken off. */
  readBody(): Promise<Buffer>;
  /** Aborted when the client goes away. */
  signal(): AbortSignal;
}

/** The login of the latest request of a connection, so that the next one with the same credentials need not be proved again. */
export interface ConnectionMemo {
  login?: RememberedLogin;
}

interface RememberedLogin {
  readonly cookie: string | undefined;
  readonly authorization: string | undefined;
  readonly generation: number;
  readonly atMs: number;
  readonly identity: Identity;
}

export type ApiReply =
  /** An answer from before the method: a reason phrase, no JSON. */
  | { readonly kind: "bare"; readonly status: number; readonly reason: string; readonly body: string }
  | {
      readonly kind: "text";
      readonly status: number;
      readonly reason: string;
      readonly format: FormatName;
      readonly text: string;
      /** The frozen result that the text was printed from: equal object, equal text. */
      readonly source: object | undefined;
    }
  | { readonly kind: "raw"; readonly response: RawResponse }
  /** To be answered by the privileged daemon here (`node` undefined) or by another node. */
  | { readonly kind: "forward"; readonly node: string | undefined; readonly body: Buffer | undefined }
  /** Allowed to send a file: once it is stored, `finish` goes on with the parameters that came with it. */
  | {
      readonly kind: "upload";
      readonly finish: (sent: RawParams) => Promise<Answer>;
      /** The answer when the file could not be taken. */
      readonly fail: (error: unknown) => Answer;
    }
  | { readonly kind: "websocket"; readonly open: () => Promise<Duplex> };

/** A reply and whose it is, for the access log. */
export interface Answer {
  readonly reply: ApiReply;
  readonly authid: string | undefined;
  /** To be told the status that the client gets, where somebody keeps count. */
  readonly onStatus?: (status: number) => void;
}

export interface DispatcherDeps {
  readonly registry: Registry;
  readonly access: AccessControl;
  readonly evaluatePermission: EvaluatePermission;
  readonly nodeName: string;
  /** `proxy` faces the world and forwards what needs root; `daemon` runs everything and trusts the proxy's CSRF check. */
  readonly role: "proxy" | "daemon";
  readonly log: Logger;
  /** Absent: passwords may be tried without limit. */
  readonly loginLimit?: LoginLimit;
  /** Milliseconds on a monotonic clock. */
  readonly nowMs: () => number;
}

/** Tickets and accounts expire; a remembered login must notice within this. */
const LOGIN_MEMO_MS = 10_000;

const VERBS: Readonly<Record<string, Verb>> = { GET: "GET", POST: "POST", PUT: "PUT", DELETE: "DELETE" };

/** Everything known of a request once its login is settled. */
interface Work {
  readonly request: ApiRequest;
  readonly verb: Verb;
  readonly target: RequestTarget;
  readonly match: RouteMatch | undefined;
  readonly identity: Identity | undefined;
  readonly prepared: PreparedUrl | undefined;
}

export class Dispatcher {
  readonly #deps: DispatcherDeps;
  readonly #prepared = new PreparedUrls();

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
  }

  dispatch(request: ApiRequest): Answer | Promise<Answer> {
    const verb = Object.hasOwn(VERBS, request.verb) ? VERBS[request.verb] : undefined;
    if (verb === undefined) return bare(501, `method '${request.verb}' not available`, "");
    const prepared = verb === "GET" ? this.#prepared.get(request.url) : undefined;
    const target = prepared?.target ?? parseTarget(request.url);
    if (target === undefined) return bare(501, "no such uri", "no such uri");
    const match = prepared?.match ?? this.#deps.registry.find(verb, target.path);
    const work = (identity: Identity | undefined): Work => ({ request, verb, target, match, identity, prepared });
    try {
      const identity = this.#identify(request, verb, match);
      if (!(identity instanceof Promise)) return this.#afterLogin(work(identity));
      return identity.then(
        (known) => this.#afterLogin(work(known)),
        (error: unknown) => this.#refuseLogin(error),
      );
    } catch (error) {
      return this.#refuseLogin(error);
    }
  }

  /** @throws AuthenticationError */
  #identify(
    request: ApiRequest,
    verb: Verb,
    match: RouteMatch | undefined,
  ): Identity | undefined | Promise<Identity | undefined> {
    const method = match?.route.method;
    const { cookie, authorization } = request;
    const { access, nowMs } = this.#deps;
    const isWorld = method?.permissions?.user === "world";
    const isWrite = verb !== "GET" && this.#deps.role === "proxy" && method?.isUpload !== true;
    const generation = access.generation();
    const known = request.connection.login;
    if (
      known !== undefined &&
      !isWrite &&
      !isWorld &&
      known.cookie === cookie &&
      known.authorization === authorization &&
      known.generation === generation &&
      nowMs() - known.atMs < LOGIN_MEMO_MS
    ) {
      return known.identity;
    }
    const given = readCredentials(isWorld ? undefined : cookie, authorization);
    if (given === undefined || (isWorld && given.token === undefined)) {
      if (isWorld) return undefined;
      throw new AuthenticationError("No ticket");
    }
    const identity = access.authenticate({
      ...given,
      ...(request.csrfToken === undefined ? {} : { csrfToken: request.csrfToken }),
      isWrite,
    });
    const remember = (proved: Identity): Identity => {
      request.connection.login = { cookie, authorization, generation, atMs: nowMs(), identity: proved };
      return proved;
    };
    return identity instanceof Promise ? identity.then(remember) : remember(identity);
  }

  #refuseLogin(error: unknown): Answer {
    if (error instanceof AuthenticationError) return bare(401, firstLine(error.message), "");
    if (error instanceof ApiError) return bare(error.status, firstLine(error.message), "");
    this.#deps.log.error({ err: error }, "cannot check a login");
    return bare(500, firstLine(messageOf(error)), "");
  }

  #afterLogin(work: Work): Answer | Promise<Answer> {
    const { format, path } = work.target;
    if (!isFormatName(format)) {
      const text = `no formatter for uri ${path}, ${format}`;
      return bare(501, text, text, work.identity?.authid);
    }
    const { request, verb } = work;
    const isMultipart = request.contentType?.startsWith("multipart/form-data") === true;
    if (isMultipart && work.match?.route.method.isUpload === true) return this.#route(work, format, undefined, {});
    if ((verb !== "POST" && verb !== "PUT") || !request.hasBody) return this.#route(work, format, undefined, undefined);
    const decode = bodyDecoder(request.contentType);
    if (decode === undefined) {
      return bare(506, `upload 'Content-Type '${request.contentType}' not implemented`, "", work.identity?.authid);
    }
    return request.readBody().then(
      (body) => {
        try {
          return this.#route(work, format, body, decode(body.toString("utf8")));
        } catch (error) {
          return this.#fail(error, work, format);
        }
      },
      (error: unknown) => {
        if (!(error instanceof ApiError)) throw error;
        return bare(error.status, error.message, "", work.identity?.authid);
      },
    );
  }

  #route(
    work: Work,
    format: FormatName,
    body: Buffer | undefined,
    bodyParams: RawParams | undefined,
  ): Answer | Promise<Answer> {
    try {
      const view = this.#deps.access.view();
      if (view instanceof Promise) {
        return view
          .then((known) => this.#run(work, format, { view: known, body, bodyParams }))
          .catch((error: unknown) => this.#fail(error, work, format));
      }
      const answer = this.#run(work, format, { view, body, bodyParams });
      return answer instanceof Promise ? answer.catch((error: unknown) => this.#fail(error, work, format)) : answer;
    } catch (error) {
      return this.#fail(error, work, format);
    }
  }

  #run(
    work: Work,
    format: FormatName,
    given: { view: AccessView; body: Buffer | undefined; bodyParams: RawParams | undefined },
  ): Answer | Promise<Answer> {
    const { request, match, identity, target, verb } = work;
    if (match === undefined) {
      const message = `Method '${verb} ${target.path}' not implemented`;
      const text = printFailure(format, { status: 501, message });
      const status = wireStatus(format, 501);
      return textAnswer(format, status, status === 200 ? "OK" : message, text, identity?.authid);
    }
    const { method } = match.route;
    const params = work.prepared?.params ?? this.#paramsOf(match, target, given.bodyParams);
    if (method.allowtoken === 0 && identity !== undefined && identity.authid !== identity.userid) {
      const detail = `URI '${target.path}' not available with API token, need proper ticket.\n`;
      throw new ApiError(403, `Permission check failed (${detail}`);
    }
    const call = new Call(identity, request, given.view);
    checkPermissions(method, call, params, this.#deps.evaluatePermission);
    // Where an upload lies is said by the proxy that took it, to its daemon: a client would name somebody else's.
    if (method.isUpload === true && this.#deps.role === "proxy" && params.tmpfilename !== undefined) {
      throw parameterError({ tmpfilename: "this parameter cannot be given by clients" });
    }
    const forward = this.#whereElse(method, params, request);
    const authid = identity?.authid;
    if (method.isUpload === true && request.contentType?.startsWith("multipart/form-data") === true) {
      if (forward?.node !== undefined) throw new ApiError(500, "cannot forward an upload to another node");
      const finish = this.#afterUpload(work, format, { call, params, forward });
      return { reply: { kind: "upload", finish, fail: (error) => this.#fail(error, work, format) }, authid };
    }
    const limit = this.#watchLogin(method, request, params);
    if (forward !== undefined)
      return { reply: { kind: "forward", node: forward.node, body: given.body }, authid, ...limit };
    if (limit === undefined) return this.#finish(work, format, call, params);
    return this.#finishLogin(work, format, call, params, limit);
  }

  async #finishLogin(
    work: Work,
    format: FormatName,
    call: Call,
    params: RawParams,
    limit: Pick<Answer, "onStatus">,
  ): Promise<Answer> {
    try {
      return { ...(await this.#finish(work, format, call, params)), ...limit };
    } catch (error) {
      return { ...this.#fail(error, work, format), ...limit };
    }
  }

  /** Everything that was given, as received. @throws ApiError 400 for a conflict with the path. */
  #paramsOf(match: RouteMatch, target: RequestTarget, bodyParams: RawParams | undefined): RawParams {
    const params = mergeParams(match.pathParams, bodyParams, decodeForm(target.query));
    const isHere = match.route.method.proxyto === "node" && params.node === "localhost";
    if (isHere) params.node = this.#deps.nodeName;
    return params;
  }

  /** The parameter check and the method. */
  #finish(work: Work, format: FormatName, call: Call, params: RawParams): Answer | Promise<Answer> {
    const { match, prepared, request, target, verb } = work;
    if (prepared !== undefined) return this.#call(work, format, call, prepared.value);
    if (match === undefined) throw new TypeError("only a routed request gets here");
    const verdict = match.route.check(params);
    if (!verdict.ok) throw parameterError(verdict.errors);
    const { value } = verdict;
    if (verb === "GET") this.#prepared.remember(request.url, { target, match, params, value });
    return this.#call(work, format, call, value);
  }

  #afterUpload(
    work: Work,
    format: FormatName,
    { call, params, forward }: { call: Call; params: RawParams; forward: { node: string | undefined } | undefined },
  ): (sent: RawParams) => Promise<Answer> {
    return async (sent) => {
      try {
        const merged = Object.assign(Object.create(null), sent, params);
        if (forward === undefined) return await this.#finish(work, format, call, merged);
        return { reply: { kind: "forward", node: undefined, body: encodeForm(merged) }, authid: call.authid };
      } catch (error) {
        return this.#fail(error, work, format);
      }
    };
  }

  /** Counts failed logins. @throws ApiError 429 when there were too many. */
  #watchLogin(method: Method, request: ApiRequest, params: RawParams): Pick<Answer, "onStatus"> | undefined {
    const { loginLimit } = this.#deps;
    if (loginLimit === undefined || method.path !== "/access/ticket" || method.method !== "POST") return undefined;
    const user = String(params.username ?? "");
    loginLimit.assertAllowed(request.clientAddress, user);
    return {
      onStatus: (status) => {
        if (status === 401) loginLimit.noteFailure(request.clientAddress, user);
      },
    };
  }

  #call(work: Work, format: FormatName, call: Call, params: Record<string, unknown>): Answer | Promise<Answer> {
    const method = work.match?.route.method;
    if (method?.websocket !== undefined) {
      const open = method.websocket;
      return { reply: { kind: "websocket", open: () => open(params, call) }, authid: call.authid };
    }
    if (method?.handler === undefined) throw new TypeError(`${method?.path} has no handler`);
    const result = method.handler(params, call);
    if (!(result instanceof Promise)) return succeed(format, call, result);
    return result.then((value: unknown) => succeed(format, call, value));
  }

  /** @returns where the call has to run, or undefined when here. */
  #whereElse(method: Method, params: RawParams, request: ApiRequest): { node: string | undefined } | undefined {
    const { nodeName, role } = this.#deps;
    const node = method.proxyto === undefined ? undefined : params[method.proxyto];
    if (typeof node === "string" && node !== nodeName && node !== "") {
      if (request.isForwarded) throw new ApiError(500, "proxy loop detected");
      return { node };
    }
    return method.protected === 1 && role === "proxy" ? { node: undefined } : undefined;
  }

  #fail(error: unknown, work: Work, format: FormatName): Answer {
    const { log } = this.#deps;
    const status = statusOf(error);
    const what = { method: work.verb, path: work.target.path, authid: work.identity?.authid };
    if (!(error instanceof QuorateError)) log.error({ ...what, err: error }, "a method broke");
    else if (status >= 500) log.warn({ ...what, err: error }, "a method failed");
    const message = withNewline(messageOf(error));
    const errors = error instanceof ApiError ? error.errors : undefined;
    return textAnswer(
      format,
      wireStatus(format, status),
      wireStatus(format, status) === 200 ? "OK" : firstLine(message),
      printFailure(format, { status, message, errors }),
      work.identity?.authid,
    );
  }
}

/** The form in which a file's parameters travel to the daemon; what is in the path already stays there. */
function encodeForm(params: RawParams): Buffer {
  const form = new URLSearchParams();
  for (const name in params) {
    const value = params[name];
    for (const item of Array.isArray(value) ? value : [value]) if (item !== undefined) form.append(name, String(item));
  }
  return Buffer.from(form.toString());
}

function bodyDecoder(contentType: string | undefined): ((text: string) => RawParams) | undefined {
  if (contentType === undefined) return decodeForm;
  const type = contentType.split(";")[0]?.trim().toLowerCase();
  if (type === "application/x-www-form-urlencoded") return decodeForm;
  return type === "application/json" ? decodeJson : undefined;
}

/**
 * The query goes before the body, and the path before both.
 * @throws ApiError 400 for a name that the path gives another value.
 */
function mergeParams(path: Record<string, string>, body: RawParams | undefined, query: RawParams): RawParams {
  const merged: RawParams = Object.create(null);
  for (const given of [body, query]) {
    if (given !== undefined) for (const name in given) merged[name] = given[name];
  }
  const conflicts: Record<string, string> = {};
  for (const name in path) {
    const other = merged[name];
    if (other !== undefined && String(other) !== path[name])
      conflicts[name] = "the path gives this parameter another value";
    merged[name] = path[name];
  }
  if (Object.keys(conflicts).length > 0) throw parameterError(conflicts);
  return merged;
}

function succeed(format: FormatName, call: Call, result: unknown): Answer {
  if (result instanceof RawResponse) return { reply: { kind: "raw", response: result }, authid: call.authid };
  const text = printSuccess(format, result, call.extras);
  const isPlain = call.extras.total === undefined && call.extras.changes === undefined && format === "json";
  const source =
    isPlain && typeof result === "object" && result !== null && Object.isFrozen(result) ? result : undefined;
  return { reply: { kind: "text", status: 200, reason: "OK", format, text, source }, authid: call.authid };
}

function textAnswer(
  format: FormatName,
  status: number,
  reason: string,
  text: string,
  authid: string | undefined,
): Answer {
  return { reply: { kind: "text", status, reason, format, text, source: undefined }, authid };
}

function bare(status: number, reason: string, body: string, authid?: string): Answer {
  return { reply: { kind: "bare", status, reason, body }, authid };
}

function statusOf(error: unknown): number {
  if (error instanceof ApiError) return error.status;
  if (error instanceof AuthenticationError) return 401;
  return 500;
}

function withNewline(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
