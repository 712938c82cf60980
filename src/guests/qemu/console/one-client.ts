/** A listener on loopback for exactly one client, who has to come soon. */
import { connect, createServer, type Socket } from "node:net";

const ACCEPT_TIMEOUT_MS = 10_000;
/** Longer than a task takes to begin, also on a busy machine. */
const RESERVED_FOR_MS = 30_000;
const FIRST_PORT = 5900;
const LAST_PORT = 5999;

/** A port that is kept for one listener until that listens. */
export interface ConsolePort {
  readonly number: number;
  /** For one whose listener will not come. */
  release(): void;
}

/** Chosen at random, so that a ticket of a console that has just ended seldom leads to another one. */
export async function reserveConsolePort(): Promise<ConsolePort> {
  const count = LAST_PORT - FIRST_PORT + 1;
  const start = Math.floor(Math.random() * count);
  for (let i = 0; i < count; i += 1) {
    const number = FIRST_PORT + ((start + i) % count);
    const release = await reserve(number);
    if (release === undefined) continue;
    if (await isFree(number)) return { number, release };
    release();
  }
  throw new Error(`all console ports from ${FIRST_PORT} to ${LAST_PORT} are taken`);
}

/** Abstract names are, like ports, the network namespace's, and they go with the process that has them (unix(7)). */
const reservationOf = (port: number): string => `\0quorate-console-${port}`;

/**
 * The process that serves the console is another one and cannot be given a socket, so the port itself stays unbound: what
 * is taken is a name beside it, by which all processes of all nodes on this machine keep off.
 * @returns undefined when somebody else has it.
 */
function reserve(port: number): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    const name = createServer();
    const release = (): void => {
      clearTimeout(limit);
      name.close();
    };
    const limit = setTimeout(release, RESERVED_FOR_MS);
    limit.unref();
    name.unref();
    name.once("error", () => {
      clearTimeout(limit);
      resolve(undefined);
    });
    // Whoever listens on the port now says so.
    name.on("connection", (socket) => {
      socket.destroy();
      release();
    });
    name.listen(reservationOf(port), () => resolve(release));
  });
}

/** Ends the reservation of a port that is listened on. */
function endReservation(port: number): void {
  const socket = connect(reservationOf(port));
  // It ended by itself, or there never was one.
  socket.on("error", () => {});
  socket.once("connect", () => socket.destroy());
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
    server.listen(port, "127.0.0.1", () => endReservation(port));
  });
}
