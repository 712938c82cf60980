/** A listener on loopback for exactly one client, who has to come soon. */
import { createServer, type Socket } from "node:net";

const ACCEPT_TIMEOUT_MS = 10_000;
const FIRST_PORT = 5900;
const LAST_PORT = 5999;

/** A port that nobody listens on at this moment. @throws Error when all are taken. */
export async function freeConsolePort(): Promise<number> {
  const count = LAST_PORT - FIRST_PORT + 1;
  const start = Math.floor(Math.random() * count);
  for (let i = 0; i < count; i += 1) {
    const port = FIRST_PORT + ((start + i) % count);
    if (await isFree(port)) return port;
  }
  throw new Error(`all console ports from ${FIRST_PORT} to ${LAST_PORT} are taken`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

/** @throws Error when the port is taken, nobody comes in time, or `signal` says stop. */
export function acceptOne(port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    const finish = (action: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      server.close();
      action();
    };
    const timer = setTimeout(() => finish(() => reject(new Error("no client came within 10 s"))), ACCEPT_TIMEOUT_MS);
    const onAbort = (): void => finish(() => reject(new Error("interrupted")));
    signal.addEventListener("abort", onAbort, { once: true });
    server.once("error", (error) => finish(() => reject(error)));
    server.once("connection", (client) => finish(() => resolve(client)));
    server.listen(port, "127.0.0.1");
  });
}
