/**
 * The thread that owns the tree, its database and the FUSE connection. One thread, so that there is one order and no
 * lock. Whatever goes wrong here must not leave clients waiting: then the process ends, and the kernel ends the mount.
 */
import { writeSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { messageOf } from "../errors/quorate-error.ts";
import type { Logger } from "../log/logger.ts";
import { closeFd, lastErrno, trimHeap, writeFd } from "../os/libc.ts";
import { FuseServer } from "./fuse/server.ts";
import { SingleMemberGroup } from "./group.ts";
import { OwnerLoop } from "./owner-loop.ts";
import type { FromOwner, OwnerThreadData, ToOwner } from "./owner-messages.ts";
import { Replica } from "./replica.ts";
import { RequestHandler } from "./request-handler.ts";
import { AdaptiveStore } from "./store/adaptive-store.ts";
import { loadDatabase } from "./store/database.ts";

// The one edge where the thread's start data comes in; made by `Pmxcfs` only.
const data = workerData as OwnerThreadData;
const port = parentPort;

function tell(message: FromOwner): void {
  port?.postMessage(message);
}

function makeLogger(extra: object): Logger {
  const line =
    (level: "error" | "warn" | "info" | "debug") =>
    (fields: object, text: string): void =>
      tell({ kind: "log", level, fields: { ...extra, ...fields }, text });
  return {
    error: line("error"),
    warn: line("warn"),
    info: line("info"),
    debug: line("debug"),
    child: (fields) => makeLogger({ ...extra, ...fields }),
  };
}

const log = makeLogger({});
const clock = { now: () => Math.floor(Date.now() / 1000), monotonic: () => performance.now() / 1000 };

function open(): { replica: Replica; store: AdaptiveStore } {
  const { database, tree } = loadDatabase(data.databasePath, { now: clock.now() });
  const store = new AdaptiveStore({
    database,
    path: data.databasePath,
    wake: { fd: data.wakeFd, flag: data.wakeFlag },
    now: () => performance.now(),
    onModeChanged: (mode, meanMs) => log.info({ mode, meanMs }, "commits are made another way"),
    ...(data.commitDelayMs > 0 ? { delayMs: data.commitDelayMs } : {}),
  });
  const { nodeName, pid } = data;
  const replica = new Replica({ nodeName, tree, store, group: new SingleMemberGroup(nodeName), clock, log, pid });
  return { replica, store };
}

function serve({ replica, store }: ReturnType<typeof open>): void {
  let server: FuseServer | undefined;
  let fuseFd: number | undefined;
  let isStopping = false;
  const handler = new RequestHandler(replica, () => ({
    isMounted: server !== undefined,
    commitMode: store.mode,
    ...(store.meanMs === undefined ? {} : { commitMs: store.meanMs }),
  }));
  let unlisten: (() => void) | undefined;
  const watch = (isOn: boolean): void => {
    unlisten?.();
    unlisten = isOn ? replica.listen({ seen() {}, events: (events) => tell({ kind: "events", events }) }) : undefined;
  };

  const mounted = (fd: number): void => {
    fuseFd = fd;
    server = new FuseServer({
      replica,
      owner: data.owner,
      log,
      channel: { send: (buffer, length) => (writeFd(fd, buffer, length) === -1 ? lastErrno() : 0) },
      onInit: () => tell({ kind: "mounted" }),
    });
    loop.serve(fd);
  };
  const unmounted = (): void => {
    server?.close();
    server = undefined;
    if (fuseFd !== undefined) closeFd(fuseFd);
    fuseFd = undefined;
    if (!isStopping) tell({ kind: "unmounted" });
  };
  const stopWhenSynced = (): void => {
    isStopping = true;
    replica.sync((failure) => {
      if (failure !== undefined) log.error({ error: failure.message }, "cannot sync the database");
      loop.stop();
    });
  };
  const take = (message: ToOwner): void => {
    switch (message.kind) {
      case "open":
        return;
      case "mount":
        mounted(message.fd);
        return;
      case "request": {
        const { id, request, body, isReadOnly } = message;
        handler.handle(request, body, { isReadOnly }, (reply, replyBody) =>
          tell(replyBody === undefined ? { kind: "reply", id, reply } : { kind: "reply", id, reply, body: replyBody }),
        );
        return;
      }
      case "watch":
        watch(message.isOn);
        return;
      case "stop":
        stopWhenSynced();
        return;
      default:
        message satisfies never;
    }
  };

  const loop = new OwnerLoop({
    replica,
    wakeFd: data.wakeFd,
    wakeFlag: new Int32Array(data.wakeFlag),
    log,
    canSpin: availableParallelism() > 1,
    handleKernel: (buffer, length) => server?.handle(buffer, length),
    takeMessages: () => {
      store.poll();
      if (port === null) return;
      for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
        // Sent by `Pmxcfs` only.
        take(next.message as ToOwner);
      }
    },
    onUnmounted: unmounted,
    onQuiet: releaseThreadMemory,
  });
  tell({ kind: "loaded", entryCount: replica.seen.entryCount });
  loop.run();
  if (fuseFd !== undefined) closeFd(fuseFd);
  store.close();
  tell({ kind: "stopped" });
}

/** With `--expose-gc`; without it only the heap of C is trimmed. */
function releaseThreadMemory(): void {
  const collect: unknown = Reflect.get(globalThis, "gc");
  if (typeof collect === "function") collect({ type: "major", flavor: "last-resort" });
  trimHeap();
}

const STDERR = 2;

function run(): void {
  let opened: ReturnType<typeof open>;
  try {
    opened = open();
  } catch (error) {
    // Nobody is served yet, so nobody waits: the main thread says why and ends.
    tell({ kind: "refused", message: messageOf(error) });
    return;
  }
  try {
    serve(opened);
  } catch (error) {
    // Clients inside the mount wait for answers that will not come: only the end of the process frees them.
    const text = error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
    writeSync(STDERR, `pmxcfs: the file system thread failed: ${text}\n`);
    process.kill(process.pid, "SIGKILL");
  }
}

// The one turn of this thread's event loop: "open" has come, and everything after it is taken by the loop.
port?.once("message", run);
