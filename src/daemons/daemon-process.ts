/** What every daemon's process does alike: say that it is ready, stop in order, die loudly. */
import type { Logger } from "../log/logger.ts";
import { releaseMemoryAfterStart } from "../os/memory.ts";

const STOP_TIMEOUT_MS = 10_000;
/** By then a node has started, also on a busy machine. */
export const SETTLE_MS = 4_000;

export interface DaemonProcess {
  readonly log: Logger;
  /** Stops what was started, in order. Bounded: what is not done in time is cut off. */
  readonly stop: () => Promise<void>;
  /** On SIGHUP. */
  readonly reload?: () => void;
}

/** Installs the signal handlers and tells the supervisor that the daemon serves. */
export function superviseSelf({ log, stop, reload }: DaemonProcess): void {
  let isStopping = false;
  const end = (signal: string): void => {
    if (isStopping) return;
    isStopping = true;
    log.info({ signal }, "stopping");
    const timer = setTimeout(() => {
      log.error({}, "did not stop in time");
      process.exit(1);
    }, STOP_TIMEOUT_MS);
    stop().then(
      () => {
        clearTimeout(timer);
        process.exit(0);
      },
      (error: unknown) => {
        log.error({ err: error }, "cannot stop cleanly");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", () => end("SIGTERM"));
  process.on("SIGINT", () => end("SIGINT"));
  process.on("SIGHUP", () => reload?.());
  process.on("uncaughtException", (error) => {
    log.error({ err: error }, "uncaught exception");
    process.exit(1);
  });
  process.on("unhandledRejection", (error) => {
    log.error({ err: error }, "unhandled rejection");
    process.exit(1);
  });
  releaseMemoryAfterStart(log, SETTLE_MS);
  // The supervisor may be gone already; the daemon stays.
  if (process.connected) process.send?.({ kind: "ready" });
}
