/** The supervisor's process: started by `quorate up` from a release, in the background. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { messageOf } from "../errors/quorate-error.ts";
import { createLogger } from "../log/pino-logger.ts";
import { findProgram } from "../os/find-program.ts";
import { DEFAULT_PROXY_PORT, decodeLayout, LAYOUT_ENV, type Layout } from "../os/layout.ts";
import { releaseMemoryAfterStart } from "../os/memory.ts";
import { reapOrphans } from "../os/orphan-reaper.ts";
import { type StatusReply, serveControl } from "../supervisor/control.ts";
import { daemonSpecs } from "../supervisor/daemon-specs.ts";
import { PidFiles } from "../supervisor/pid-files.ts";
import { Supervisor } from "../supervisor/supervisor.ts";
import { SETTLE_MS } from "./daemon-process.ts";

const layout = decodeLayout(process.env[LAYOUT_ENV]);
const log = createLogger("supervisor");
const release = join(import.meta.dirname, "../..");

process.title = "quorate supervisor";
// In a container this may be the first process.
reapOrphans();
const pidFiles = new PidFiles(layout.quorateRun);
const other = pidFiles.live("supervisor");
if (other !== undefined && other.pid !== process.pid) {
  log.error({ other: other.pid }, "another supervisor runs here");
  process.exit(1);
}
pidFiles.write("supervisor", process.pid, { release, since: Date.now() });

const port = await choosePort(layout, process.env.QUORATE_PORT);
const supervisor = new Supervisor({
  layout,
  specs: daemonSpecs({
    layout,
    node: process.execPath,
    releaseDir: release,
    hasRrdcached: findProgram("rrdcached") !== undefined,
  }),
  release,
  port,
  log,
});

let failure: string | undefined;
const status = (): StatusReply => ({
  pid: process.pid,
  isReady: supervisor.isReady,
  ...(failure === undefined ? {} : { failure }),
  release,
  port,
  daemons: supervisor.report(),
});
const control = await serveControl({ socket: layout.supervisorSocket, supervisor, status, onStopped: leave, log });
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => void supervisor.stop().then(leave));
}
process.on("SIGHUP", () => {});

try {
  await supervisor.start();
  log.info({ port }, "the node is up");
  releaseMemoryAfterStart(log, SETTLE_MS);
} catch (error) {
  failure = messageOf(error);
  log.error({ err: error }, "the node does not start");
}

function leave(): void {
  control.close();
  pidFiles.remove("supervisor");
  process.exit(0);
}

/** The asked one; else 8006 in the system layout; else the one of the last start, or a free one. */
async function choosePort({ isSystem, quorateLib }: Layout, asked: string | undefined): Promise<number> {
  if (asked !== undefined) return Number(asked);
  if (isSystem) return DEFAULT_PROXY_PORT;
  const file = join(quorateLib, "port");
  const last = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
  const proxyLives = pidFiles.live("pveproxy") !== undefined;
  const chosen = proxyLives && last > 0 ? last : ((await freePort(last)) ?? (await freePort(0)));
  if (chosen === undefined) throw new Error("no free TCP port");
  writeFileSync(file, `${chosen}\n`);
  return chosen;
}

/** @param wanted 0 for any. @returns undefined when it is taken. */
function freePort(wanted: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(undefined));
    probe.listen(wanted, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : undefined));
    });
  });
}
