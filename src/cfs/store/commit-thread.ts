/** The thread that commits while the disk is slow: its owner goes on answering meanwhile. */
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import type { CommitAnswer, CommitRequest, CommitThreadData } from "./commit-messages.ts";
import { openDatabase } from "./database.ts";
import { failureOf } from "./inline-store.ts";
import { RowWriter } from "./row-writer.ts";

// The one edge where the thread's start data comes in; made by `ThreadStore` only.
const { port, path, wake, delayMs } = workerData as CommitThreadData;
const WAKE = Buffer.alloc(8);
WAKE.writeBigUInt64LE(1n);
const wakeFlag = new Int32Array(wake.flag);
const sleepCell = new Int32Array(new SharedArrayBuffer(4));

const writer = new RowWriter(openDatabase(path), path);

function tell(answer: CommitAnswer): void {
  port.postMessage(answer);
  Atomics.store(wakeFlag, 0, 1);
  writeSync(wake.fd, WAKE);
}

/** @param isCounted whether it tells the speed of the disk. */
function timed(action: () => void, isCounted: boolean): void {
  const start = performance.now();
  if (delayMs > 0) Atomics.wait(sleepCell, 0, 0, delayMs);
  const failure = failureOf(action);
  const ms = isCounted ? { ms: performance.now() - start } : {};
  if (failure === undefined) tell({ kind: "done", ...ms });
  else {
    const errcode = "errcode" in failure && typeof failure.errcode === "number" ? { errcode: failure.errcode } : {};
    tell({ kind: "done", ...ms, failure: { message: failure.message, ...errcode } });
  }
}

port.on("message", (request: CommitRequest) => {
  switch (request.kind) {
    case "commit":
      timed(() => writer.write(request.rows, request.durability), request.durability === "synced");
      return;
    case "sync":
      timed(() => writer.sync(), true);
      return;
    case "stop":
      writer.close();
      port.close();
      return;
    default:
      request satisfies never;
  }
});
tell({ kind: "ready" });
