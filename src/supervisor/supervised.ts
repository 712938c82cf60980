/**
 * One daemon under supervision: started or adopted, watched, restarted with growing pauses, stopped. Its process is
 * never a part of the supervisor: it goes on when the supervisor dies.
 */
import type { ChildProcess } from "node:child_process";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../errors/quorate-error.ts";
import type { Logger } from "../log/logger.ts";
import type { AccountIds } from "../os/account-ids.ts";
import { spawnDaemon } from "../os/daemon-child.ts";
import { isProcessAlive, signalProcess } from "../os/process-identity.ts";
import { killGroup } from "../os/run-command.ts";
import { type DaemonSpec, HEALTHY_AFTER_MS, restartDelayMs } from "./daemon-specs.ts";
import { lastFailure, logSize } from "./log-files.ts";
import type { PidFiles, PidRecord } from "./pid-files.ts";

export type DaemonState = "stopped" | "starting" | "running" | "backing-off" | "failed" | "done";

export interface SupervisedDeps {
  readonly pidFiles: PidFiles;
  readonly release: string;
  readonly logFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly user: AccountIds | undefined;
  readonly log: Logger;
}

const READY_TIMEOUT_MS = 30_000;
/** How often an adopted process, which is no child of ours, is looked at. */
const WATCH_ADOPTED_MS = 1_000;
const POLL_MS = 10;

export class Supervised {
  readonly spec: DaemonSpec;
  readonly #deps: SupervisedDeps;
  state: DaemonState = "stopped";
  restarts = 0;
  record: PidRecord | undefined;
  #failures = 0;
  #isWanted = false;
  #wake: (() => void) | undefined;

  constructor(spec: DaemonSpec, deps: SupervisedDeps) {
    this.spec = spec;
    this.#deps = deps;
  }

  /** Adopts a living process of an earlier supervisor, else starts one. Resolves when it is ready. */
  async start(): Promise<void> {
    this.#isWanted = true;
    const living = this.#deps.pidFiles.live(this.spec.name);
    if (living !== undefined && !this.spec.isOneShot) {
      this.record = living;
      this.state = "running";
      this.#deps.log.info({ daemon: this.spec.name, pid: living.pid }, "adopted");
      void this.#watchAdopted(living);
      return;
    }
    await this.#spawn();
  }

  /** Ends the process: SIGTERM, and SIGKILL to its group when it does not end in time. */
  async stop(): Promise<void> {
    this.#isWanted = false;
    this.#wake?.();
    const living = this.record ?? this.#deps.pidFiles.live(this.spec.name);
    if (living !== undefined && isProcessAlive(living.pid, living.startTicks)) {
      signalProcess(living.pid, "SIGTERM");
      if (!(await endsWithin(living, this.spec.stopTimeoutMs))) {
        this.#deps.log.warn({ daemon: this.spec.name }, "did not stop in time, killing it");
        killGroup(living.pid, "SIGKILL");
        await endsWithin(living, this.spec.stopTimeoutMs);
      }
    }
    this.#deps.pidFiles.remove(this.spec.name);
    this.record = undefined;
    this.state = "stopped";
  }

  async restart(): Promise<void> {
    await this.stop();
    this.restarts += 1;
    const startedMs = performance.now();
    try {
      await this.start();
    } catch (error) {
      // It ran before: it is tried again until what is wrong has been mended.
      this.#onExit(messageOf(error), startedMs);
      throw error;
    }
  }

  async #spawn(): Promise<void> {
    this.state = "starting";
    const { pidFiles, env, logFile, release, user, log } = this.#deps;
    const logStart = logSize(logFile);
    const reason = (how: string): string => {
      const cause = lastFailure(logFile, logStart);
      return `${this.spec.name} ${how}${cause === undefined ? "" : `: ${cause}`} (see ${logFile})`;
    };
    const child = spawnDaemon({
      argv: this.spec.argv,
      env,
      logFile,
      hasChannel: this.spec.readiness === "channel" && !this.spec.isOneShot,
      ...(this.spec.isUnprivileged && user !== undefined ? { user } : {}),
    });
    const exited = exitOf(child);
    const startedMs = performance.now();
    if (child.pid !== undefined) {
      try {
        this.record = pidFiles.write(this.spec.name, child.pid, { release, since: Date.now() });
      } catch (error) {
        // Nobody would find it again, and it would keep its successor from starting.
        child.kill("SIGKILL");
        await exited;
        this.state = "failed";
        throw error;
      }
    }
    if (this.spec.isOneShot) {
      const code = await within(exited, READY_TIMEOUT_MS, () => child.kill("SIGKILL"));
      pidFiles.remove(this.spec.name);
      this.record = undefined;
      if (code !== "exit code 0") {
        this.state = "failed";
        throw new Error(reason(`failed with ${code}`));
      }
      this.state = "done";
      return;
    }
    const ready = await Promise.race([
      this.#readiness(child),
      exited.then((how) => `ended with ${how}`),
      sleep(READY_TIMEOUT_MS, `was not ready within ${READY_TIMEOUT_MS / 1000} s`, { ref: false }),
    ]);
    if (ready !== "ready") {
      // Not yet supervised: a first start that fails is the caller's to report.
      child.kill("SIGKILL");
      this.state = "failed";
      this.record = undefined;
      throw new Error(reason(ready));
    }
    this.state = "running";
    log.info({ daemon: this.spec.name, pid: child.pid }, "running");
    void exited.then((how) => this.#onExit(how, startedMs));
  }

  #readiness(child: ChildProcess): Promise<"ready"> {
    const { readiness } = this.spec;
    if (readiness !== "channel") return untilAnswers(readiness.socket, child);
    return new Promise((resolve) => {
      child.on("message", (message: unknown) => {
        if (typeof message === "object" && message !== null && "kind" in message && message.kind === "ready") {
          resolve("ready");
        }
      });
    });
  }

  async #watchAdopted(living: PidRecord): Promise<void> {
    const adoptedMs = performance.now();
    while (this.#isWanted && isProcessAlive(living.pid, living.startTicks)) {
      await sleep(WATCH_ADOPTED_MS, undefined, { ref: false });
    }
    if (this.#isWanted && this.record === living) this.#onExit("an unknown code (not our child)", adoptedMs);
  }

  /** @param startedMs by the monotonic clock. */
  #onExit(how: string, startedMs: number): void {
    this.record = undefined;
    if (!this.#isWanted) return;
    this.#failures = performance.now() - startedMs >= HEALTHY_AFTER_MS ? 1 : this.#failures + 1;
    const delayMs = restartDelayMs(this.#failures);
    this.state = "backing-off";
    this.#deps.log.error({ daemon: this.spec.name, how, delayMs }, "ended, restarting");
    void this.#restartAfter(delayMs);
  }

  async #restartAfter(delayMs: number): Promise<void> {
    const woken = Promise.withResolvers<void>();
    this.#wake = woken.resolve;
    const timer = setTimeout(woken.resolve, delayMs);
    await woken.promise;
    clearTimeout(timer);
    this.#wake = undefined;
    if (!this.#isWanted) return;
    this.restarts += 1;
    const startedMs = performance.now();
    try {
      await this.#spawn();
    } catch (error) {
      this.#onExit(messageOf(error), startedMs);
    }
  }
}

function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
}

async function within<T>(work: Promise<T>, limitMs: number, onLimit: () => void): Promise<T | string> {
  const timer = setTimeout(onLimit, limitMs);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}

async function untilAnswers(socket: string, child: ChildProcess): Promise<"ready"> {
  while (child.exitCode === null && !(await answers(socket))) await sleep(POLL_MS);
  return "ready";
}

/** Whether something accepts connections on this Unix socket. */
export function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}

async function endsWithin({ pid, startTicks }: PidRecord, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (isProcessAlive(pid, startTicks)) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}
