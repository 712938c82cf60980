/** Measures the node, its guests and its storages every ten seconds, tells the cluster, and feeds the archive. */
import type { Logger } from "../log/logger.ts";
import { createLogger } from "../log/pino-logger.ts";
import { decodeLayout, LAYOUT_ENV, type Layout } from "../os/layout.ts";
import { NodeFigureReader } from "../stats/node-figures.ts";
import { RrdArchive } from "../stats/rrd-archive.ts";
import { RrdCachedClient } from "../stats/rrdcached.ts";
import { StatusCycle, type StatusCycleDeps } from "../stats/status-cycle.ts";
import { StatusLoop } from "../stats/status-loop.ts";
import { superviseSelf } from "./daemon-process.ts";

/** What the daemon measures with, made but not started. */
export interface StatusServices
  extends Pick<
    StatusCycleDeps,
    "cfs" | "storages" | "release" | "guests" | "balloon" | "cpuFlags" | "refreshTaskList"
  > {
  close(): Promise<void>;
}

/** What `status-services.ts` exports. */
export interface StatusServicesModule {
  createStatusServices(options: {
    readonly layout: Layout;
    readonly log: Logger;
  }): StatusServices | Promise<StatusServices>;
}

export interface StatusDaemonOptions {
  readonly layout: Layout;
  readonly services: StatusServices;
  readonly log: Logger;
  readonly intervalMs?: number;
}

export function startStatusDaemon({ layout, services, log, intervalMs }: StatusDaemonOptions): {
  stop(): Promise<void>;
} {
  const { close: _close, ...ports } = services;
  const now = (): number => Math.floor(Date.now() / 1000);
  const nowMs = (): number => performance.now();
  const daemon = new RrdCachedClient(layout.rrdcachedSocket);
  const cycle = new StatusCycle({
    ...ports,
    node: new NodeFigureReader({ rootDirectory: layout.root, nowMs }),
    archive: new RrdArchive({ directory: layout.rrdDir, daemon, log, now }),
    log,
    now,
    nowMs,
  });
  const loop = new StatusLoop({ cycle, log, nowMs, ...(intervalMs === undefined ? {} : { intervalMs }) });
  loop.start();
  return { stop: () => loop.stop() };
}

async function main(): Promise<void> {
  const layout = decodeLayout(process.env[LAYOUT_ENV]);
  const log = createLogger("pvestatd");
  // The room of rooms; its contract is the interface.
  const url = new URL("./status-services.ts", import.meta.url).href;
  const { createStatusServices } = (await import(url)) as StatusServicesModule;
  const services = await createStatusServices({ layout, log });
  const daemon = startStatusDaemon({ layout, services, log });
  superviseSelf({
    log,
    async stop() {
      await daemon.stop();
      await services.close();
    },
  });
}

if (import.meta.main) await main();
