/** The API without HTTP: methods run in this process as root@pam. Tasks they start run on in processes of their own. */
import type { AccessControl } from "../access/port.ts";
import { Call } from "../rest/call.ts";
import { ApiError, parameterError } from "../rest/errors.ts";
import type { Method, Verb } from "../rest/method.ts";
import type { Registry, RouteMatch } from "../rest/registry.ts";

export interface LocalApiDeps {
  readonly registry: Registry;
  readonly access: AccessControl;
  readonly nodeName: string;
  /** Throws where there is no node to work on. */
  readonly requireNode?: () => Promise<void>;
}

export interface LocalResult {
  readonly method: Method;
  readonly data: unknown;
}

/** There is no such method. */
export class NoHandlerError extends ApiError {
  constructor(command: string, path: string) {
    super(501, `No '${command}' handler defined for '${path}'`);
  }
}

const ROOT = "root@pam";
const COMMANDS: Readonly<Record<Verb, string>> = { GET: "get", POST: "create", PUT: "set", DELETE: "delete" };

export class LocalApi {
  readonly registry: Registry;
  readonly nodeName: string;
  readonly #access: AccessControl;
  readonly #requireNode: () => Promise<void>;

  constructor({ registry, access, nodeName, requireNode = async () => {} }: LocalApiDeps) {
    this.registry = registry;
    this.nodeName = nodeName;
    this.#access = access;
    this.#requireNode = requireNode;
  }

  /** @throws NoHandlerError */
  find(verb: Verb, path: string): RouteMatch {
    const match = this.registry.find(verb, path);
    if (match === undefined) throw new NoHandlerError(COMMANDS[verb], path);
    return match;
  }

  /** @throws ApiError of the check or the method, and whatever else the method throws. */
  async call(verb: Verb, path: string, given: Readonly<Record<string, unknown>> = {}): Promise<LocalResult> {
    const { route, pathParams } = this.find(verb, path);
    const { method } = route;
    const params: Record<string, unknown> = Object.assign(Object.create(null), given, pathParams);
    const node = method.proxyto === undefined ? undefined : params[method.proxyto];
    if (node === "localhost") params.node = this.nodeName;
    else if (typeof node === "string" && node !== this.nodeName) {
      throw new ApiError(500, `cannot call '${path}' here: run this command on node '${node}'`);
    }
    const verdict = route.check(params);
    if (!verdict.ok) throw parameterError(verdict.errors);
    if (method.handler === undefined) throw new ApiError(501, `'${path}' is for WebSockets only`);
    await this.#requireNode();
    const origin = { clientAddress: "", signal: () => new AbortController().signal };
    const call = new Call({ authid: ROOT, userid: ROOT }, origin, await this.#access.view());
    return { method, data: await method.handler(verdict.value, call) };
  }
}
