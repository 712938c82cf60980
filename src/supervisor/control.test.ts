import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { silentLogger } from "../log/logger.ts";
import { makeLayout } from "../os/layout.ts";
import { askSupervisor, NoSupervisorError, serveControl } from "./control.ts";
import { Supervisor } from "./supervisor.ts";

let directory: string;
let socket: string;
let server: Server;
let asked = 0;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "qc-"));
  socket = join(directory, "control.sock");
  asked = 0;
  const layout = makeLayout({ root: directory, nodeName: "n1", isRootUser: false });
  const supervisor = new Supervisor({ layout, specs: [], release: "r", port: 1, log: silentLogger });
  const status = () => {
    asked += 1;
    return { pid: 1, isReady: true, release: "r", port: 1, daemons: [] };
  };
  server = await serveControl({ socket, supervisor, status, onStopped() {}, log: silentLogger });
});
afterEach(async () => {
  await new Promise<void>((resolve) => server.close(() => resolve()));
  rmSync(directory, { recursive: true });
});

const ask = () => askSupervisor(socket, { command: "status" }, { timeoutMs: 5_000 });

async function open(): Promise<Socket> {
  // Paused from the beginning: what is not read stays in the kernel, and a close is a reset then.
  const client = connect(socket).pause();
  client.on("error", () => {});
  await new Promise<void>((resolve) => client.once("connect", () => resolve()));
  return client;
}

/** Waits for the server's end of the connection. */
const closed = (client: Socket): Promise<void> =>
  new Promise((resolve) => client.resume().once("close", () => resolve()));

describe("the control socket", () => {
  test("survives a client that asks and goes away without reading", async () => {
    for (let i = 1; i <= 5; i += 1) {
      const client = await open();
      client.write('{"command":"status"}\n');
      await expect.poll(() => asked).toBe(i);
      client.destroy();
    }
    await expect(ask()).resolves.toMatchObject({ isReady: true });
  });

  test.each([
    ["no JSON", "status\n"],
    ["no request", "null\n"],
    ["a daemon that is no name", '{"command":"restart-daemon","daemon":5}\n'],
    ["an unknown daemon", '{"command":"restart-daemon","daemon":"x"}\n'],
  ])("refuses %s", async (_name, text) => {
    const client = await open();
    let answer = "";
    client.on("data", (chunk: Buffer) => {
      answer += chunk.toString();
    });
    client.write(text);
    await closed(client);
    expect(JSON.parse(answer)).toHaveProperty("error");
    await expect(ask()).resolves.toMatchObject({ isReady: true });
  });

  test("ends a client that sends without end", async () => {
    const client = await open();
    client.write("x".repeat(10_000));
    await closed(client);
    expect(asked).toBe(0);
  });

  test("takes only the first line", async () => {
    const client = await open();
    client.write('{"command":"status"}\n{"command":"status"}\n');
    await closed(client);
    expect(asked).toBe(1);
  });
});

test("without a supervisor the one who asks is told so", async () => {
  await expect(askSupervisor(join(directory, "none"), { command: "status" }, { timeoutMs: 100 })).rejects.toThrow(
    NoSupervisorError,
  );
});
