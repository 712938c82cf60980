/** Whether there is a node for a tool to work on, asked before anything waits for one. */
import { connect } from "node:net";
import { QuorateError } from "../errors/quorate-error.ts";
import type { Layout } from "../os/layout.ts";

const CONNECT_TIMEOUT_MS = 2_000;

export class NoNodeError extends QuorateError {
  readonly code = "no-node";

  constructor({ root, cfsSocket }: Pick<Layout, "root" | "cfsSocket">) {
    super(
      `no node runs below ${root} (nobody listens at ${cfsSocket}). ` +
        "Start one with 'quorate up', or name the directory of one that runs: QUORATE_ROOT=DIR",
    );
  }
}

/** @throws NoNodeError */
export async function requireNode(layout: Pick<Layout, "root" | "cfsSocket" | "supervisorSocket">): Promise<void> {
  if (await isServed(layout.cfsSocket)) return;
  // Under a supervisor pmxcfs is about to be back, and calls wait for that.
  if (await isServed(layout.supervisorSocket)) return;
  throw new NoNodeError(layout);
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => end(false));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
