/**
 * The face of a node: TLS on port 8006, the web interface, the methods that need no root; everything else is forwarded
 * to pvedaemon or to another node. Runs as www-data where the caller is root.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "../log/logger.ts";
import { createLogger } from "../log/pino-logger.ts";
import { DEFAULT_PROXY_PORT, decodeLayout, LAYOUT_ENV, type Layout } from "../os/layout.ts";
import { QuietTrim } from "../os/memory.ts";
import { Dispatcher } from "../rest/dispatch.ts";
import { AccessLog } from "../rest/http/access-log.ts";
import { type ProxyDefaults, parseDefaults } from "../rest/http/defaults-file.ts";
import { Forwarder } from "../rest/http/forwarder.ts";
import { LOGIN_LIMITS, LoginLimit } from "../rest/http/login-limit.ts";
import { ApiServer, type TlsIdentity } from "../rest/http/server.ts";
import { StaticFiles } from "../rest/http/static-files.ts";
import { WebSocketBridge } from "../rest/http/websocket-bridge.ts";
import { Registry } from "../rest/registry.ts";
import type { ApiServices, ServicesModule } from "./api-services.ts";
import { superviseSelf } from "./daemon-process.ts";
import { readIdentity, resolveNode, waitForIdentity, watchIdentity } from "./node-identity.ts";

const IDENTITY_TIMEOUT_MS = 30_000;

export interface ProxyOptions {
  readonly layout: Layout;
  readonly services: ApiServices;
  readonly log: Logger;
  readonly port: number;
  /** The built web interface. */
  readonly webDir: string;
}

export interface RunningProxy {
  readonly port: number;
  reload(): void;
  stop(): Promise<void>;
}

export async function startProxy({ layout, services, log, port, webDir }: ProxyOptions): Promise<RunningProxy> {
  const { cfs } = services;
  const defaults = parseDefaults((await readOptional(layout.pveproxyDefaults)) ?? "");
  const identity = await withKeyFile(await waitForIdentity(cfs, IDENTITY_TIMEOUT_MS), defaults);
  const accessLog = new AccessLog(join(layout.pveproxyLogDir, "access.log"), log);
  const trim = new QuietTrim({ log });
  const forwarder = new Forwarder({
    daemon: layout.pvedaemon,
    resolveNode: (node) => resolveNode(cfs, node, log),
    log,
  });
  const nowMs = (): number => performance.now();
  const dispatcher = new Dispatcher({
    registry: new Registry(services.methods),
    access: services.access,
    evaluatePermission: services.evaluatePermission,
    nodeName: layout.nodeName,
    role: "proxy",
    loginLimit: new LoginLimit(LOGIN_LIMITS, nowMs),
    log,
    nowMs,
  });
  const dhparam = defaults.dhParamsFile === undefined ? undefined : await readFile(defaults.dhParamsFile);
  const server = new ApiServer({
    dispatcher,
    log,
    tls: { identity, options: { ...defaults.tls, ...(dhparam === undefined ? {} : { dhparam }) } },
    forwarder,
    staticFiles: new StaticFiles(webDir),
    accessLog,
    webSockets: new WebSocketBridge(log),
    uploadDir: layout.uploadDir,
    isAllowed: defaults.isAllowed,
    ...(defaults.realIp === undefined ? {} : { realIp: defaults.realIp }),
    compresses: !defaults.isCompressionOff,
    trustsProxy: false,
    onRequest: () => trim.note(),
  });
  // One after the other: a slow reader of the old files must not undo what a later one has found.
  let renewing = Promise.resolve();
  const unwatch = watchIdentity(cfs, () => {
    renewing = renewing.then(() => renew(services, server, defaults, log));
  });
  await listenAnywhere(server, port, defaults.listenIp);
  log.info({ port: server.port }, "listening");
  return {
    port: server.port ?? port,
    reload: () => accessLog.reopen(),
    async stop() {
      unwatch();
      trim.stop();
      await server.stop();
      await forwarder.close();
      await accessLog.close();
    },
  };
}

/** All addresses of both families where the machine has IPv6, else of IPv4. */
async function listenAnywhere(server: ApiServer, port: number, listenIp: string | undefined): Promise<void> {
  if (listenIp !== undefined) return await server.listen({ port, host: listenIp });
  try {
    await server.listen({ port, host: "::" });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "EAFNOSUPPORT" && code !== "EADDRNOTAVAIL") throw error;
    await server.listen({ port, host: "0.0.0.0" });
  }
}

async function renew(services: ApiServices, server: ApiServer, defaults: ProxyDefaults, log: Logger): Promise<void> {
  try {
    const identity = await readIdentity(services.cfs);
    if (identity === undefined) return;
    server.renewIdentity(await withKeyFile(identity, defaults));
    log.info({}, "took over a changed certificate");
  } catch (error) {
    // Between the write of the certificate and of its key the two do not match; the second write comes here again.
    log.warn({ err: error }, "cannot take over the changed certificate, keeping the old one");
  }
}

async function withKeyFile(identity: TlsIdentity, { tlsKeyFile }: ProxyDefaults): Promise<TlsIdentity> {
  return tlsKeyFile === undefined ? identity : { ...identity, key: await readFile(tlsKeyFile) };
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function main(): Promise<void> {
  const layout = decodeLayout(process.env[LAYOUT_ENV]);
  const log = createLogger("pveproxy");
  // The room of rooms; its contract is the interface.
  const { createServices } = (await import(new URL("./services.ts", import.meta.url).href)) as ServicesModule;
  const services = await createServices({ layout, log, role: "pveproxy" });
  const proxy = await startProxy({
    layout,
    services,
    log,
    port: Number(process.env.QUORATE_PORT ?? DEFAULT_PROXY_PORT),
    webDir: process.env.QUORATE_WEB_DIR ?? new URL("../../web/dist", import.meta.url).pathname,
  });
  superviseSelf({
    log,
    reload: () => proxy.reload(),
    async stop() {
      await proxy.stop();
      await services.close();
    },
  });
}

if (import.meta.main) await main();
