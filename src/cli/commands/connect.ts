/** The cluster file system of a running node, over root's socket. */
import { connectClusterFs } from "../../cfs/ipc/client.ts";
import type { Layout } from "../../os/layout.ts";

const CONNECT_TIMEOUT_MS = 5_000;

export function connectRoot(layout: Layout): ReturnType<typeof connectClusterFs> {
  return connectClusterFs({
    socketPath: layout.cfsSocket,
    nodeName: layout.nodeName,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
  });
}
