/**
 * Starts the daemons of a node in order, keeps them running and stops them in the reverse order. Knows nothing of what
 * they do. Asked through `control.ts`.
 */
import { join } from "node:path";
import type { Logger } from "../log/logger.ts";
import { accountIds } from "../os/account-ids.ts";
import { encodeLayoutOptions, LAYOUT_ENV, type Layout } from "../os/layout.ts";
import { type DaemonSpec, stopOrder } from "./daemon-specs.ts";
import { rotateLog } from "./log-files.ts";
import { PidFiles } from "./pid-files.ts";
import { type DaemonState, Supervised } from "./supervised.ts";

export interface SupervisorOptions {
  readonly layout: Layout;
  readonly specs: readonly DaemonSpec[];
  readonly release: string;
  readonly port: number;
  readonly log: Logger;
}

export interface DaemonReport {
  readonly name: string;
  readonly state: DaemonState;
  readonly pid?: number;
  readonly restarts: number;
  /** Epoch milliseconds. */
  readonly since?: number;
  readonly release?: string;
}

const ROTATE_EVERY_MS = 60_000;
/** Written by processes that are not daemons of the list. */
const OTHER_LOGS = ["supervisor", "task-worker"];

export class Supervisor {
  readonly #daemons = new Map<string, Supervised>();
  readonly #options: SupervisorOptions;
  #rotation: NodeJS.Timeout | undefined;
  #isStopping = false;
  isReady = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { layout, specs, release, port, log } = options;
    const pidFiles = new PidFiles(layout.quorateRun);
    const user = layout.dropsPrivileges ? accountIds("www-data") : undefined;
    for (const spec of specs) {
      const cache = join(layout.quorateCache, spec.isUnprivileged && user !== undefined ? "compile-www" : "compile");
      this.#daemons.set(
        spec.name,
        new Supervised(spec, {
          pidFiles,
          release,
          logFile: logFileOf(layout, spec.name),
          user,
          log,
          env: {
            PATH: process.env.PATH,
            HOME: process.env.HOME,
            LANG: process.env.LANG ?? "C.UTF-8",
            TZ: process.env.TZ,
            MALLOC_ARENA_MAX: "1",
            NODE_COMPILE_CACHE: cache,
            QUORATE_PORT: String(port),
            [LAYOUT_ENV]: encodeLayoutOptions(layout),
          },
        }),
      );
    }
  }

  /** Everything at once that does not wait for something else. @throws Error of the first that fails; the rest stay. */
  async start(): Promise<void> {
    const started = new Map<string, Promise<void>>();
    for (const daemon of this.#daemons.values()) {
      const before = daemon.spec.after.map((name) => started.get(name));
      const start = Promise.all(before).then(() => this.#startOne(daemon));
      start.catch(() => {});
      started.set(daemon.spec.name, start);
    }
    await Promise.all(started.values());
    this.isReady = true;
    this.#rotation = setInterval(() => this.#rotateLogs(), ROTATE_EVERY_MS);
    this.#rotation.unref();
  }

  async #startOne(daemon: Supervised): Promise<void> {
    // A stop in the middle of a start: what has not begun must not begin behind its back.
    if (this.#isStopping) throw new Error("stopped before it was up");
    try {
      await daemon.start();
    } catch (error) {
      if (!daemon.spec.isOptional) throw error;
      this.#options.log.warn({ daemon: daemon.spec.name, err: error }, "does not start; going on without it");
    }
  }

  async stop(onStopped: (name: string) => void = () => {}): Promise<void> {
    this.isReady = false;
    this.#isStopping = true;
    clearInterval(this.#rotation);
    for (const daemon of this.#daemons.values()) if (daemon.spec.isOneShot) await daemon.stop();
    for (const { name } of stopOrder(this.#options.specs)) {
      await this.#daemons.get(name)?.stop();
      onStopped(name);
    }
  }

  /** @throws Error `no such daemon 'x'` */
  find(name: string): Supervised {
    const daemon = this.#daemons.get(name);
    if (daemon === undefined || daemon.spec.isOneShot) {
      const names = [...this.#daemons.values()].filter(({ spec }) => !spec.isOneShot).map(({ spec }) => spec.name);
      throw new Error(`no such daemon '${name}': one of ${names.join(", ")}`);
    }
    return daemon;
  }

  report(): DaemonReport[] {
    return [...this.#daemons.values()]
      .filter(({ spec }) => !spec.isOneShot)
      .map(({ spec, state, restarts, record }) => ({
        name: spec.name,
        state,
        restarts,
        ...(record === undefined ? {} : { pid: record.pid, since: record.since, release: record.release }),
      }));
  }

  #rotateLogs(): void {
    const { specs, layout, log } = this.#options;
    for (const name of [...specs.map((spec) => spec.name), ...OTHER_LOGS]) {
      try {
        rotateLog(logFileOf(layout, name));
      } catch (error) {
        // A full disk has no room for the older part; the next round may.
        log.warn({ daemon: name, err: error }, "cannot rotate a log");
      }
    }
  }
}

/** Those that should run and do not. */
export function illDaemons(daemons: readonly DaemonReport[]): DaemonReport[] {
  return daemons.filter(({ state }) => state === "failed" || state === "backing-off");
}

export function logFileOf({ quorateLogDir }: Layout, daemon: string): string {
  return join(quorateLogDir, `${daemon}.log`);
}
