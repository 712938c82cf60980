/** `quorate up`: prepares the machine and the layout, starts the supervisor in the background, and follows it. */
import { X509Certificate } from "node:crypto";
import { lookup } from "node:dns/promises";
import { existsSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../errors/quorate-error.ts";
import { spawnDaemon } from "../../os/daemon-child.ts";
import { withFileLock } from "../../os/file-lock.ts";
import { encodeLayoutOptions, LAYOUT_ENV, type Layout } from "../../os/layout.ts";
import { nodeAddress } from "../../os/node-address.ts";
import { reapOrphans } from "../../os/orphan-reaper.ts";
import { askSupervisor, NoSupervisorError, type StatusReply } from "../../supervisor/control.ts";
import { NODE_FLAGS } from "../../supervisor/daemon-specs.ts";
import { lastFailure, logSize } from "../../supervisor/log-files.ts";
import { PidFiles } from "../../supervisor/pid-files.ts";
import { prepareLayout } from "../../supervisor/prepare-layout.ts";
import { ensureRelease, pruneReleases } from "../../supervisor/release.ts";
import { illDaemons, logFileOf } from "../../supervisor/supervisor.ts";
import { connectRoot } from "./connect.ts";
import { followLogs } from "./follow-logs.ts";
import { refuseForeignInstallation } from "./foreign-installation.ts";
import { linkTools } from "./link-tools.ts";
import { PROJECT_DIR } from "./project.ts";
import { setUpForNode } from "./setup.ts";
import { stopNode } from "./stop-node.ts";
import { layoutFor, ROOT_OPTION, readInteger, readOptions } from "./usage.ts";
import { warmCompileCache } from "./warm-cache.ts";

const READY_TIMEOUT_MS = 90_000;
const POLL_MS = 20;
const ADMIN = "admin@pve";

export interface NodeFacts {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  /** SHA-256 of the certificate. */
  readonly fingerprint: string;
  /** The supervisor's. */
  readonly pid: number;
  readonly root: string;
}

export async function main(argv: readonly string[]): Promise<number> {
  const { values } = readOptions(argv, {
    ...ROOT_OPTION,
    port: { type: "string" },
    detach: { type: "boolean" },
    json: { type: "boolean" },
    "no-install": { type: "boolean" },
  });
  const port = readInteger(values.port, "port", 1, 65535);
  const layout = layoutFor(values.root);
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  refuseForeignInstallation(layout);
  const stop = new AbortController();
  let status = await runningStatus(layout);
  let wasRunning = status !== undefined;
  if (status === undefined) {
    await setUpForNode({ layout, mayInstall: values["no-install"] !== true, say });
    await warnOfLoopbackName(layout, say);
    ({ status, wasRunning } = await bringUp({ layout, port, say, stop }));
  }
  if (port !== undefined && port !== status.port) {
    throw new Error(
      `cannot listen on port ${port}: the node runs already, on port ${status.port} (stop it with 'quorate down')`,
    );
  }
  const facts = await factsOf(layout, status);
  for (const line of ailments(layout, status)) say(line);
  if (values.json) process.stdout.write(`${JSON.stringify(facts)}\n`);
  else process.stdout.write(describe(facts, layout, { wasRunning, isFollowed: values.detach !== true }));
  if (values.detach) return 0;
  return await follow(layout, stop, wasRunning);
}

interface StartOptions {
  readonly layout: Layout;
  readonly port: number | undefined;
  readonly say: (text: string) => void;
  /** Aborted by ^C from here on. */
  readonly stop: AbortController;
}

/** Starts the node with what is installed, and takes over what lives of it. */
export async function bringUp(options: StartOptions): Promise<{ status: StatusReply; wasRunning: boolean }> {
  const { layout } = options;
  prepareLayout(layout);
  // A second start at once waits for the first, and finds its node.
  return await withFileLock(join(layout.quorateRun, "up.lock"), 2 * READY_TIMEOUT_MS, async () => {
    const other = await runningStatus(layout);
    return { status: other ?? (await startNode(options)), wasRunning: other !== undefined };
  });
}

async function startNode({ layout, port, say, stop }: StartOptions): Promise<StatusReply> {
  stopOnSignal(stop);
  const release = ensureRelease(PROJECT_DIR, layout);
  try {
    warmCompileCache(layout, release);
  } catch (error) {
    // Daemons compile for themselves then, and one that cannot be loaded says so in its own log.
    say(`the compile cache cannot be filled: ${messageOf(error)}`);
  }
  linkTools(layout, release.directory);
  const supervisor = startSupervisor(layout, release.directory, release.node, port);
  const status = await untilReady(layout, { stop: stop.signal, supervisor });
  pruneReleases(layout, releasesInUse(layout, status));
  return status;
}

/** The first ^C stops in order, a second one at once. */
function stopOnSignal(stop: AbortController): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
}

async function runningStatus(layout: Layout): Promise<StatusReply | undefined> {
  try {
    const reply = await askSupervisor(layout.supervisorSocket, { command: "status" }, { timeoutMs: 5_000 });
    return (reply as unknown as StatusReply).isReady ? (reply as unknown as StatusReply) : await untilReady(layout);
  } catch (error) {
    if (error instanceof NoSupervisorError) return undefined;
    throw error;
  }
}

interface StartedSupervisor {
  /** Aborted when its process has ended. */
  readonly ended: AbortSignal;
  /** Where in its log this start begins. */
  readonly logStart: number;
}

function startSupervisor(layout: Layout, release: string, node: string, port: number | undefined): StartedSupervisor {
  const logFile = logFileOf(layout, "supervisor");
  const logStart = logSize(logFile);
  const child = spawnDaemon({
    argv: [node, ...NODE_FLAGS, join(release, "src/daemons/supervisor.ts")],
    env: {
      ...process.env,
      MALLOC_ARENA_MAX: "1",
      NODE_COMPILE_CACHE: join(layout.quorateCache, "compile"),
      [LAYOUT_ENV]: encodeLayoutOptions(layout),
      QUORATE_PORT: port === undefined ? undefined : String(port),
    },
    logFile,
    hasChannel: false,
  });
  child.once("error", (error) => {
    throw error;
  });
  const ended = new AbortController();
  child.once("exit", () => ended.abort());
  return { ended: ended.signal, logStart };
}

/** @throws Error with the reason when a daemon or the supervisor does not start, or when `stop` ended the start. */
async function untilReady(
  layout: Layout,
  { stop, supervisor }: { readonly stop?: AbortSignal; readonly supervisor?: StartedSupervisor } = {},
): Promise<StatusReply> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  const log = logFileOf(layout, "supervisor");
  for (;;) {
    try {
      const reply = (await askSupervisor(
        layout.supervisorSocket,
        { command: "status" },
        { timeoutMs: 5_000 },
      )) as unknown as StatusReply;
      if (reply.failure !== undefined) {
        await askSupervisor(layout.supervisorSocket, { command: "stop" }, { timeoutMs: 60_000 });
        throw new Error(`the node does not start: ${reply.failure}`);
      }
      if (stop?.aborted) {
        await askSupervisor(layout.supervisorSocket, { command: "stop" }, { timeoutMs: 60_000 });
        throw new Error("interrupted: the start was taken back");
      }
      if (reply.isReady) return reply;
    } catch (error) {
      if (!(error instanceof NoSupervisorError)) throw error;
      if (supervisor?.ended.aborted) {
        const cause = lastFailure(log, supervisor.logStart) ?? "it ended without a word";
        throw new Error(`the supervisor does not start: ${cause} (see ${log})`, { cause: error });
      }
    }
    if (performance.now() > deadline)
      throw new Error(`the node is not ready after ${READY_TIMEOUT_MS / 1000} s (see ${log})`);
    await sleep(POLL_MS);
  }
}

function releasesInUse(layout: Layout, { daemons, release }: StatusReply): ReadonlySet<string> {
  const supervisor = new PidFiles(layout.quorateRun).live("supervisor")?.release;
  return new Set([release, supervisor ?? release, ...daemons.flatMap((daemon) => daemon.release ?? [])]);
}

export async function factsOf(layout: Layout, { port, pid }: StatusReply): Promise<NodeFacts> {
  const cfs = await connectRoot(layout);
  try {
    const directory = `nodes/${layout.nodeName}`;
    const own = `${directory}/pveproxy-ssl.pem`;
    const issued = `${directory}/pve-ssl.pem`;
    const path = (await cfs.read(own)) === undefined ? issued : own;
    const pem = await cfs.read(path);
    if (pem === undefined) throw new Error(`the node has no certificate (${directory}/pve-ssl.pem)`);
    return {
      url: `https://127.0.0.1:${port}`,
      host: "127.0.0.1",
      port,
      username: ADMIN,
      password: existsSync(layout.adminPasswordFile) ? readFileSync(layout.adminPasswordFile, "utf8").trim() : "",
      fingerprint: fingerprintOf(pem.data, path),
      pid,
      root: layout.root,
    };
  } finally {
    await cfs.close();
  }
}

function fingerprintOf(data: Buffer, path: string): string {
  try {
    return new X509Certificate(data).fingerprint256;
  } catch (cause) {
    throw new Error(`the node's certificate cannot be read (${path}): ${messageOf(cause)}`, { cause });
  }
}

/** What the node is up without, and where to read why. */
export function ailments(layout: Layout, { daemons }: Pick<StatusReply, "daemons">): string[] {
  return illDaemons(daemons).map(({ name, state }) => {
    const what = state === "failed" ? "does not run" : "does not stay up and is started again and again";
    return `warning: ${name} ${what}: see ${logFileOf(layout, name)}`;
  });
}

interface StartShown {
  readonly wasRunning: boolean;
  /** Whether this terminal shows the logs from now on. */
  readonly isFollowed: boolean;
}

function describe(facts: NodeFacts, layout: Layout, { wasRunning, isFollowed }: StartShown): string {
  const address = nodeAddress();
  const host = isIP(address) === 6 ? `[${address}]` : address;
  const password =
    facts.password === "" ? "the one you set" : `${facts.password}   (kept in ${layout.adminPasswordFile})`;
  const root = layout.isSystem ? "" : ` --root ${layout.root}`;
  const interrupt = wasRunning ? "   (^C only ends this view)" : "   (or ^C)";
  return [
    wasRunning ? "This node runs already." : `Node ${layout.nodeName} is up.`,
    "",
    `  open      https://${host}:${facts.port}   (on this machine: ${facts.url})`,
    `  user      ${facts.username}`,
    `  password  ${password}`,
    "",
    `  stop it   ./quorate down${root}${isFollowed ? interrupt : ""}`,
    "",
    "",
  ].join("\n");
}

/**
 * Shows the logs until the node or the terminal says stop. ^C stops the node that was started here; one that ran before
 * is somebody else's, with guests that must not end because somebody looked.
 */
async function follow(layout: Layout, stop: AbortController, wasRunning: boolean): Promise<number> {
  // In a container this may be the first process.
  reapOrphans();
  stopOnSignal(stop);
  const pidFiles = new PidFiles(layout.quorateRun);
  const isOver = (): boolean => pidFiles.live("supervisor") === undefined;
  await followLogs(layout, {
    signal: stop.signal,
    isOver,
    lines: 0,
    write: (line) => process.stdout.write(`${line}\n`),
  });
  if (!stop.signal.aborted) {
    process.stderr.write("quorate: the supervisor ended; what it started goes on. 'quorate up' takes it over.\n");
    return 1;
  }
  if (wasRunning) return 0;
  await stopNode(layout, { guestTimeoutS: 60, say: (text) => process.stderr.write(`${text}\n`) });
  return 0;
}

/** Stock Debian resolves the host name to 127.0.1.1: fine alone, not in a cluster. */
async function warnOfLoopbackName(layout: Layout, say: (text: string) => void): Promise<void> {
  const address = await lookup(layout.nodeName).then(
    (found) => found.address,
    () => undefined,
  );
  if (address !== undefined && !address.startsWith("127.") && address !== "::1") return;
  const what = address === undefined ? "does not resolve" : `resolves to ${address}`;
  say(
    `note: the node name '${layout.nodeName}' ${what}; using ${nodeAddress()}. A cluster needs it in /etc/hosts or DNS.`,
  );
}
