import { connect, createServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { acceptOne, type ConsolePort, reserveConsolePort } from "./one-client.ts";

const reserved: ConsolePort[] = [];
afterEach(() => {
  for (const port of reserved.splice(0)) port.release();
});

async function reserve(): Promise<number> {
  const port = await reserveConsolePort();
  reserved.push(port);
  return port.number;
}

const reserveMany = (count: number): Promise<number[]> => Promise.all(Array.from({ length: count }, reserve));

test("consoles that are opened at the same moment have a port each", async () => {
  const ports = await reserveMany(40);
  expect(new Set(ports).size).toBe(40);
});

test("ten consoles at once: each client reaches its own listener", async () => {
  const ports = await reserveMany(10);
  const { signal } = new AbortController();
  const answered = ports.map(async (port) => {
    const accepted = acceptOne(port, signal).then((client) => client.end(String(port)));
    const text = new Promise<string>((resolve, reject) => {
      const client = connect(port, "127.0.0.1");
      client.once("data", (bytes) => resolve(bytes.toString("latin1")));
      client.once("error", reject);
    });
    await accepted;
    return text;
  });
  expect(await Promise.all(answered)).toEqual(ports.map(String));
});

test("a port is nobody else's until it is listened on or given back", async () => {
  const isReserved = (port: number): Promise<boolean> =>
    new Promise((resolve) => {
      const name = createServer();
      name.once("error", () => resolve(true));
      name.listen(`\0quorate-console-${port}`, () => name.close(() => resolve(false)));
    });
  const listened = await reserve();
  expect(await isReserved(listened)).toBe(true);
  const stop = new AbortController();
  const accepted = acceptOne(listened, stop.signal);
  accepted.catch(() => {}); // Awaited below.
  await expect.poll(() => isReserved(listened)).toBe(false);
  stop.abort();
  await expect(accepted).rejects.toThrow("interrupted");

  const given = await reserveConsolePort();
  given.release();
  await expect.poll(() => isReserved(given.number)).toBe(false);
});

test("a port that somebody listens on already is left out, and all taken is an error", async () => {
  const ports = await reserveMany(1);
  const [port = 0] = ports;
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, "127.0.0.1", resolve));
  for (const { release } of reserved.splice(0)) release();
  const rest: number[] = [];
  const fill = async (): Promise<void> => {
    for (let i = 0; i < 100; i += 1) rest.push(await reserve());
  };
  await expect(fill()).rejects.toThrow("all console ports from 5900 to 5999 are taken");
  expect(rest).not.toContain(port);
  other.close();
});
