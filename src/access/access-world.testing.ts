/** Access control over a cluster file system in memory, with its methods called through the real dispatcher. */
import { generateKeyPairSync } from "node:crypto";
import { CachedFiles } from "../cfs/cached-files.ts";
import { memoryClusterFs } from "../cfs/memory.ts";
import type { ClusterFs } from "../cfs/port.ts";
import { type Logger, silentLogger } from "../log/logger.ts";
import { Dispatcher } from "../rest/dispatch.ts";
import type { Method } from "../rest/method.ts";
import { Registry } from "../rest/registry.ts";
import { AccessService } from "./access-service.ts";
import { accessMethods, evaluatePermission, type PoolMemberRow, poolMethods } from "./index.ts";
import { PasswordLogin, type PasswordLoginDeps } from "./password-login.ts";
import { UserChanges } from "./user-changes.ts";

function pair(): { publicKey: string; privateKey: string } {
  return generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
}

/** Made once a process: keys take longer than the tests that use them. */
let keys: Readonly<Record<string, string>> | undefined;

export function testKeys(): Readonly<Record<string, string>> {
  if (keys === undefined) {
    const { publicKey, privateKey } = pair();
    keys = { "authkey.pub": publicKey, "priv/authkey.key": privateKey, "pve-www.key": pair().privateKey };
  }
  return keys;
}

export interface WorldOptions {
  readonly files?: Readonly<Record<string, string>>;
  /** Which accounts PAM lets in, with their passwords; or what it says. */
  readonly pam?: Readonly<Record<string, string>> | (() => Promise<boolean>);
  /** Default: the real ones. */
  readonly hashes?: PasswordLoginDeps["hashes"];
  /** Default 0. */
  readonly refusalMs?: number;
  readonly otherMethods?: readonly Method[];
  readonly poolRows?: readonly PoolMemberRow[];
}

export interface Reply {
  readonly status: number;
  readonly reason: string;
  readonly data: unknown;
  readonly errors: Readonly<Record<string, string>> | undefined;
}

export interface World {
  readonly cfs: ClusterFs;
  readonly access: AccessService;
  readonly login: PasswordLogin;
  readonly changes: UserChanges;
  /** The fields of what the log was warned of. */
  readonly warnings: readonly unknown[];
  /** The clock of access control, epoch seconds. */
  readonly clock: { now: number };
  readonly methods: readonly Method[];
  /** @param as user (with a fresh ticket), `user!token=secret`, or nobody. */
  call(verb: string, path: string, params?: Record<string, unknown>, as?: string): Promise<Reply>;
  text(path: string): Promise<string>;
  close(): void;
}

export function makeWorld(options: WorldOptions = {}): World {
  const { files = {}, pam = {}, otherMethods = [], poolRows = [], refusalMs = 0, hashes } = options;
  const cfs = memoryClusterFs({ nodeName: "n1", files: { ...testKeys(), ...files } });
  const cached = new CachedFiles(cfs);
  const clock = { now: Math.floor(Date.now() / 1000) };
  const now = (): number => clock.now;
  const warnings: unknown[] = [];
  const log: Logger = { ...silentLogger, warn: (fields) => void warnings.push(fields) };
  const access = new AccessService({ cfs, files: cached, now });
  const changes = new UserChanges({ cfs, log });
  const login = new PasswordLogin({
    cfs,
    files: cached,
    access,
    now,
    log,
    refusalMs,
    ...(hashes === undefined ? {} : { hashes }),
    pam: { check: typeof pam === "function" ? pam : async (user, password) => pam[user] === password },
  });
  const deps = { cfs, files: cached, access, login, changes, log };
  const methods = [
    ...accessMethods(deps),
    ...poolMethods({ access, changes, describeMembers: async () => poolRows }),
    ...otherMethods,
  ];
  const dispatcher = new Dispatcher({
    registry: new Registry(methods),
    access,
    evaluatePermission,
    nodeName: "n1",
    role: "daemon",
    log: silentLogger,
    nowMs: () => performance.now(),
  });
  return {
    cfs,
    access,
    login,
    changes,
    warnings,
    clock,
    methods,
    text: async (path) => (await cfs.read(path))?.data.toString("utf8") ?? "",
    async call(verb, path, params = {}, as = "root@pam") {
      const isQuery = verb === "GET" || verb === "DELETE";
      const body = Buffer.from(isQuery ? "" : JSON.stringify(params));
      const query = isQuery ? new URLSearchParams(params as Record<string, string>).toString() : "";
      const isToken = as.includes("!");
      const ticket = as === "" || isToken ? undefined : (await access.issueLoginTicket(as)).ticket;
      const { reply } = await dispatcher.dispatch({
        verb,
        url: `/api2/json${path}${query === "" ? "" : `?${query}`}`,
        cookie: ticket === undefined ? undefined : `PVEAuthCookie=${encodeURIComponent(ticket)}`,
        authorization: isToken ? `PVEAPIToken=${as}` : undefined,
        csrfToken: undefined,
        contentType: "application/json",
        hasBody: !isQuery,
        clientAddress: "127.0.0.1",
        isForwarded: false,
        connection: {},
        readBody: async () => body,
        signal: () => new AbortController().signal,
      });
      if (reply.kind === "bare")
        return { status: reply.status, reason: reply.reason, data: undefined, errors: undefined };
      if (reply.kind !== "text") throw new Error(`the reply is of kind '${reply.kind}'`);
      const { data, errors } = JSON.parse(reply.text) as { data: unknown; errors?: Record<string, string> };
      return { status: reply.status, reason: reply.reason, data, errors };
    },
    close() {
      access.close();
      cached.close();
    },
  };
}
