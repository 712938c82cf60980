/**
 * The privileged half of the API: runs every method as root, for the proxy of this node, on loopback or a Unix socket
 * only. It checks everything again but the CSRF token, which no browser can bring here.
 */
import { chmod, chown, unlink } from "node:fs/promises";
import { ConfigWarnings } from "../cfs/config-warnings.ts";
import { CertificateUpkeep, machineNames } from "../cluster/index.ts";
import type { Logger } from "../log/logger.ts";
import { createLogger } from "../log/pino-logger.ts";
import { accountIds } from "../os/account-ids.ts";
import { decodeLayout, LAYOUT_ENV, type Layout } from "../os/layout.ts";
import { QuietTrim } from "../os/memory.ts";
import { Dispatcher } from "../rest/dispatch.ts";
import { ApiServer } from "../rest/http/server.ts";
import { WebSocketBridge } from "../rest/http/websocket-bridge.ts";
import { Registry } from "../rest/registry.ts";
import type { ApiServices, ServicesModule } from "./api-services.ts";
import { CONFIG_FILES } from "./config-files.ts";
import { superviseSelf } from "./daemon-process.ts";

/** The proxy keeps connections; ending them first is its business. */
const KEEP_ALIVE_MS = 60_000;

export interface DaemonOptions {
  readonly layout: Layout;
  readonly services: ApiServices;
  readonly log: Logger;
  /** Group that may connect to the Unix socket besides its owner. */
  readonly proxyGid?: number;
}

export async function startDaemon({
  layout,
  services,
  log,
  proxyGid,
}: DaemonOptions): Promise<{ stop(): Promise<void> }> {
  const trim = new QuietTrim({ log });
  const server = new ApiServer({
    dispatcher: new Dispatcher({
      registry: new Registry(services.methods),
      access: services.access,
      evaluatePermission: services.evaluatePermission,
      nodeName: layout.nodeName,
      role: "daemon",
      log,
      nowMs: () => performance.now(),
    }),
    log,
    webSockets: new WebSocketBridge(log),
    uploadDir: layout.uploadDir,
    trustsProxy: true,
    limits: { keepAliveMs: KEEP_ALIVE_MS },
    onRequest: () => trim.note(),
  });
  const where = layout.pvedaemon;
  if ("port" in where) await server.listen({ port: where.port, host: "127.0.0.1" });
  else await listenOnSocket(server, where.socket, proxyGid);
  log.info(where, "listening");
  return {
    async stop() {
      trim.stop();
      await server.stop();
    },
  };
}

/** A socket that a killed predecessor left is replaced; the supervisor sees to it that there is only one daemon. */
async function listenOnSocket(server: ApiServer, path: string, gid: number | undefined): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  });
  // The socket is made with its final mode: nobody may get in before it is narrowed.
  const mask = process.umask(0o177);
  try {
    await server.listen({ path });
  } finally {
    process.umask(mask);
  }
  if (gid === undefined) return;
  await chown(path, process.getuid?.() ?? 0, gid);
  await chmod(path, 0o660);
}

async function main(): Promise<void> {
  const layout = decodeLayout(process.env[LAYOUT_ENV]);
  const log = createLogger("pvedaemon");
  // The room of rooms; its contract is the interface.
  const { createServices } = (await import(new URL("./services.ts", import.meta.url).href)) as ServicesModule;
  const services = await createServices({ layout, log, role: "pvedaemon" });
  const warnings = new ConfigWarnings({ cfs: services.cfs, log, files: CONFIG_FILES });
  const certificate = new CertificateUpkeep({
    cfs: services.cfs,
    now: () => new Date(),
    names: () => machineNames(layout.nodeName),
    log,
  });
  const proxyGid = layout.dropsPrivileges ? accountIds("www-data")?.gid : undefined;
  const daemon = await startDaemon({ layout, services, log, ...(proxyGid === undefined ? {} : { proxyGid }) });
  superviseSelf({
    log,
    async stop() {
      warnings.close();
      await certificate.stop();
      await daemon.stop();
      await services.close();
    },
  });
}

if (import.meta.main) await main();
