/** Servers for tests: a dispatcher over given methods with test access control, on a free loopback port. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluateTestPermission, TestAccess, type TestRights } from "../access/port.testing.ts";
import { type Logger, silentLogger } from "../log/logger.ts";
import { Dispatcher, type DispatcherDeps } from "./dispatch.ts";
import { ApiServer, type ApiServerDeps, type TlsIdentity } from "./http/server.ts";
import { WebSocketBridge } from "./http/websocket-bridge.ts";
import type { Method } from "./method.ts";
import { Registry } from "./registry.ts";

export interface TestServerOptions {
  readonly methods: readonly Method[];
  readonly rights?: TestRights;
  readonly access?: TestAccess;
  readonly dispatcher?: Partial<DispatcherDeps>;
  readonly server?: Partial<ApiServerDeps>;
  readonly log?: Logger;
  /** Listen on this Unix socket instead of a port. */
  readonly socket?: string;
}

export interface TestServer {
  readonly port: number;
  readonly access: TestAccess;
  stop(): Promise<void>;
}

export function testDispatcher({ methods, rights, access, dispatcher, log }: TestServerOptions): {
  dispatcher: Dispatcher;
  access: TestAccess;
} {
  const control = access ?? new TestAccess(rights);
  return {
    access: control,
    dispatcher: new Dispatcher({
      registry: new Registry(methods),
      access: control,
      evaluatePermission: evaluateTestPermission,
      nodeName: "n1",
      role: "proxy",
      log: log ?? silentLogger,
      nowMs: () => performance.now(),
      ...dispatcher,
    }),
  };
}

export async function startTestServer(options: TestServerOptions): Promise<TestServer> {
  const { dispatcher, access } = testDispatcher(options);
  const log = options.log ?? silentLogger;
  const server = new ApiServer({
    dispatcher,
    log,
    webSockets: new WebSocketBridge(log),
    uploadDir: tmpdir(),
    trustsProxy: false,
    refusedLoginMs: 0,
    ...options.server,
  });
  await server.listen(options.socket === undefined ? { port: 0, host: "127.0.0.1" } : { path: options.socket });
  return { port: server.port ?? 0, access, stop: () => server.stop() };
}

let identity: TlsIdentity | undefined;

/** A self-signed certificate, made once a process. */
export function testIdentity(): TlsIdentity {
  identity ??= makeTestIdentity();
  return identity;
}

export function makeTestIdentity(): TlsIdentity {
  const dir = mkdtempSync(join(tmpdir(), "quorate-tls-"));
  try {
    const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
    const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2"];
    execFileSync("openssl", [...args, "-subj", "/CN=n1"], { stdio: "ignore" });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } finally {
    rmSync(dir, { recursive: true });
  }
}
