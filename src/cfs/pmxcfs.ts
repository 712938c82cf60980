/**
 * The main thread of pmxcfs: starts the thread that owns the tree, mounts, serves the two sockets, stops in order. It
 * never touches the mount through the kernel: an answer might need this very thread.
 */
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Worker } from "node:worker_threads";
import { messageOf, QuorateError } from "../errors/quorate-error.ts";
import type { Logger } from "../log/logger.ts";
import type { Layout } from "../os/layout.ts";
import { makeEventfd, writeFd } from "../os/libc.ts";
import { QuietTrim } from "../os/memory.ts";
import { type FuseMount, mountFuse } from "./fuse/mount.ts";
import { holdInstanceLock, type InstanceLock } from "./instance-lock.ts";
import { IpcServer } from "./ipc/server.ts";
import type { FromOwner, OwnerThreadData, ToOwner } from "./owner-messages.ts";
import type { TransportReply } from "./request-client.ts";
import type { CfsHealth, CfsRequest } from "./requests.ts";

export interface PmxcfsOptions {
  readonly layout: Layout;
  readonly log: Logger;
  /** Who owns the files: root and www-data in the system, else the caller. */
  readonly owner: { readonly uid: number; readonly gid: number };
  /** Makes every commit slower, to try out a slow disk. */
  readonly commitDelayMs?: number;
  /** Called when the owner thread ended by itself: the process has to end. */
  readonly onFailure: (error: Error) => void;
}

/** The database could not be served, or the thread did not come up. */
export class PmxcfsStartError extends QuorateError {
  readonly code = "pmxcfs-start";
}

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 5000;
/** The owner answers within microseconds unless it waits for the disk. */
const HEALTH_TIMEOUT_MS = 2000;
const DIRECTORY_MODE = 0o750;
const RESTART_FLAG = "cfs-restart-flag";
const RESTART_FLAG_MODE = 0o440;

interface Pending {
  readonly resolve: (reply: TransportReply) => void;
}

export class Pmxcfs {
  readonly #options: PmxcfsOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #wakeFd = makeEventfd();
  readonly #wakeFlag = new Int32Array(new SharedArrayBuffer(4));
  readonly #wakeBuffer = Buffer.alloc(8);
  readonly #trim: QuietTrim;
  #worker: Worker | undefined;
  #servers: IpcServer[] = [];
  #mount: FuseMount | undefined;
  #mountProblem: string | undefined;
  #lock: InstanceLock | undefined;
  #lastId = 0;
  #isStopping = false;
  #onLoaded = Promise.withResolvers<void>();
  #onMounted = Promise.withResolvers<void>();
  #onStopped = Promise.withResolvers<void>();

  constructor(options: PmxcfsOptions) {
    this.#options = options;
    this.#trim = new QuietTrim({ log: options.log });
    this.#wakeBuffer.writeBigUInt64LE(1n);
  }

  /** @throws PmxcfsStartError, InstanceLockedError. The mount may be missing afterwards, see the log and `health`. */
  async start(): Promise<void> {
    const { layout } = this.#options;
    this.#makeDirectories();
    const worker = this.#startOwner();
    this.#lock = await holdInstanceLock(layout.clusterLib, this.#options.log);
    rmSync(join(layout.clusterRun, RESTART_FLAG), { force: true });
    this.#post({ kind: "open" });
    await within(this.#onLoaded.promise, START_TIMEOUT_MS, "the database was not loaded in time");
    worker.unref();
    await Promise.all([this.#startMount(), this.#startSockets()]);
    writeFileSync(layout.pmxcfsPid, `${process.pid}\n`, { mode: 0o644 });
  }

  async stop(): Promise<void> {
    if (this.#isStopping) return this.#onStopped.promise;
    this.#isStopping = true;
    this.#trim.stop();
    const { layout, log, owner } = this.#options;
    log.info({}, "teardown filesystem");
    const flag = join(layout.clusterRun, RESTART_FLAG);
    rmSync(flag, { force: true });
    writeFileSync(flag, "", { mode: RESTART_FLAG_MODE });
    if (layout.dropsPrivileges) chownSync(flag, 0, owner.gid);
    // What was asked is answered first: the owner works until it is told to stop.
    await Promise.all(this.#servers.map((server) => server.stop()));
    try {
      await this.#mount?.unmount();
    } catch (error) {
      log.error({ error: messageOf(error) }, "cannot unmount");
    }
    this.#worker?.ref();
    this.#post({ kind: "stop" });
    await within(this.#onStopped.promise, STOP_TIMEOUT_MS, "the file system thread did not stop in time");
    rmSync(layout.pmxcfsPid, { force: true });
    this.#lock?.release();
  }

  /** The state of mount, store and quorum, with an answer even when the disk hangs. */
  async health(): Promise<CfsHealth> {
    const { reply } = await this.#call({ op: "health" }, undefined, true);
    if (reply.health === undefined) throw new Error("the file system thread gave no health report");
    return reply.health;
  }

  #makeDirectories(): void {
    const { layout, owner } = this.#options;
    for (const directory of [layout.clusterLib, layout.clusterRun, dirname(layout.pmxcfsPid)]) {
      mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE });
    }
    if (!layout.dropsPrivileges) return;
    chownSync(layout.clusterRun, owner.uid, owner.gid);
    chmodSync(layout.clusterRun, DIRECTORY_MODE);
  }

  #startOwner(): Worker {
    const { layout, owner, commitDelayMs = 0 } = this.#options;
    const workerData: OwnerThreadData = {
      nodeName: layout.nodeName,
      databasePath: layout.configDb,
      owner,
      wakeFd: this.#wakeFd,
      // Made as one in this class.
      wakeFlag: this.#wakeFlag.buffer as SharedArrayBuffer,
      pid: process.pid,
      commitDelayMs,
    };
    const worker = new Worker(new URL("./owner-thread.ts", import.meta.url), { workerData });
    worker.on("message", (message: FromOwner) => this.#onMessage(message));
    worker.on("error", (error) => this.#onOwnerEnd(error));
    worker.on("exit", () => this.#onOwnerEnd(new Error("the file system thread ended")));
    this.#worker = worker;
    return worker;
  }

  async #startMount(): Promise<void> {
    const { layout, log, owner } = this.#options;
    try {
      this.#mount = await mountFuse(layout.etcPve, owner);
    } catch (error) {
      this.#mountProblem = messageOf(error);
      log.warn({ directory: layout.etcPve, error: this.#mountProblem }, "cannot mount: only the socket serves");
      return;
    }
    this.#post({ kind: "mount", fd: this.#mount.fd });
    await within(this.#onMounted.promise, START_TIMEOUT_MS, "the kernel did not begin to ask in time");
    log.info({ directory: layout.etcPve }, "mounted");
  }

  async #startSockets(): Promise<void> {
    const { layout, log, owner } = this.#options;
    const backend = {
      nodeName: layout.nodeName,
      call: (request: CfsRequest, body: Uint8Array | undefined, isReadOnly: boolean) =>
        this.#call(request, body, isReadOnly),
    };
    // The owner is told before it gets any later request: no change that a watcher asks after goes by untold.
    let watchedSockets = 0;
    const onWatching = (isAnyone: boolean): void => {
      watchedSockets += isAnyone ? 1 : -1;
      if (watchedSockets === (isAnyone ? 1 : 0)) this.#post({ kind: "watch", isOn: isAnyone });
    };
    const common = { backend, log, onWatching, ...(layout.dropsPrivileges ? { owner } : {}) };
    this.#servers = [
      new IpcServer({ ...common, path: layout.cfsSocket, mode: 0o600, isReadOnly: false }),
      new IpcServer({ ...common, path: layout.cfsReadSocket, mode: 0o660, isReadOnly: true }),
    ];
    await Promise.all(this.#servers.map((server) => server.start()));
  }

  async #call(request: CfsRequest, body: Uint8Array | undefined, isReadOnly: boolean): Promise<TransportReply> {
    this.#trim.note();
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = new Promise<TransportReply>((resolve) => {
      this.#pending.set(id, { resolve });
      this.#post({ kind: "request", id, request, isReadOnly, ...(body === undefined ? {} : { body }) });
    });
    if (request.op !== "health") return answer;
    try {
      return this.#addMountProblem(await within(answer, HEALTH_TIMEOUT_MS, "no answer"));
    } catch (error) {
      this.#pending.delete(id);
      const message = `the file system thread has not answered for ${HEALTH_TIMEOUT_MS / 1000} s: the disk of ${this.#options.layout.configDb} hangs, or the machine is overloaded`;
      this.#options.log.warn({ error: messageOf(error) }, message);
      return { reply: { error: { code: "cfs-refused", errno: "EIO", message } } };
    }
  }

  #addMountProblem(answer: TransportReply): TransportReply {
    const { health } = answer.reply;
    if (health === undefined || this.#mountProblem === undefined) return answer;
    return { reply: { health: { ...health, mountProblem: this.#mountProblem } } };
  }

  #post(message: ToOwner): void {
    this.#worker?.postMessage(message);
    Atomics.store(this.#wakeFlag, 0, 1);
    writeFd(this.#wakeFd, this.#wakeBuffer, this.#wakeBuffer.length);
  }

  #onMessage(message: FromOwner): void {
    const { log } = this.#options;
    switch (message.kind) {
      case "loaded":
        log.info({ entries: message.entryCount }, "database loaded");
        this.#onLoaded.resolve();
        return;
      case "refused":
        this.#onLoaded.reject(new PmxcfsStartError(message.message));
        return;
      case "mounted":
        this.#onMounted.resolve();
        return;
      case "unmounted":
        if (this.#isStopping) return;
        this.#mountProblem = "the mount was taken away";
        log.error({ directory: this.#options.layout.etcPve }, "the mount was taken away: only the socket serves");
        return;
      case "reply": {
        const pending = this.#pending.get(message.id);
        this.#pending.delete(message.id);
        const { reply, body } = message;
        pending?.resolve(body === undefined ? { reply } : { reply, body });
        return;
      }
      case "events":
        for (const server of this.#servers) for (const event of message.events) server.tell(event);
        return;
      case "log":
        log[message.level](message.fields, message.text);
        return;
      case "stopped":
        this.#onStopped.resolve();
        return;
      default:
        message satisfies never;
    }
  }

  #onOwnerEnd(error: Error): void {
    this.#onStopped.resolve();
    this.#onLoaded.reject(error);
    if (!this.#isStopping) this.#options.onFailure(error);
  }
}

async function within<T>(promise: Promise<T>, timeoutMs: number, text: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new PmxcfsStartError(text)), timeoutMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
