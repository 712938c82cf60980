/** Consoles of a real guest and of the node, as a browser opens them. */
import { createCipheriv } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WebSocket } from "ws";
import { findProgram } from "../src/os/find-program.ts";
import { ApiClient, untilReceived } from "./api-client.testing.ts";
import { buildTestGuest, defaultCacheDir, KERNEL_ARGUMENTS } from "./guest/build.ts";
import { startTestNode, type TestNode } from "./node.testing.ts";

const HAS_QEMU = findProgram("qemu-system-x86_64") !== undefined && findProgram("cpio") !== undefined;
const TIMEOUT_MS = 120_000;
const VMID = 300;

interface Console {
  readonly port: string;
  readonly ticket: string;
  readonly user: string;
  readonly password?: string;
}

describe.skipIf(!HAS_QEMU)("consoles (skipped without the packages qemu-system-x86 and cpio)", () => {
  let node: TestNode;
  let api: ApiClient;
  let name: string;

  beforeAll(async () => {
    node = await startTestNode();
    api = await ApiClient.login(node);
    const nodes = await api.call<{ node: string }[]>("GET", "/nodes");
    name = nodes[0]?.node ?? "";
    const guest = await buildTestGuest(defaultCacheDir(process.env));
    // `args` is for root alone, hence the tool.
    const args = `-kernel ${guest.kernel} -initrd ${guest.initrd} -append '${KERNEL_ARGUMENTS}'`;
    await node.tool(
      "qm",
      "create",
      String(VMID),
      "--memory",
      "256",
      "--serial0",
      "socket",
      "--vga",
      "std",
      "--args",
      args,
    );
    expect(await api.task("POST", `/nodes/${name}/qemu/${VMID}/status/start`)).toBe("OK");
  }, TIMEOUT_MS);
  afterAll(async () => await node.stop(), TIMEOUT_MS);

  const open = (path: string, { port, ticket }: Console): WebSocket =>
    api.webSocket(`${path}/vncwebsocket`, { port, vncticket: ticket });

  test(
    "the serial port takes what is typed and shows what the guest answers",
    async () => {
      const path = `/nodes/${name}/qemu/${VMID}`;
      const console = await api.call<Console>("POST", `${path}/termproxy`);
      const socket = open(path, console);
      await opened(socket);
      const accepted = untilReceived(socket, (bytes) => bytes.toString("latin1").startsWith("OK"));
      socket.send(`${console.user}:${console.ticket}\n`);
      await accepted;
      await typeUntilAnswered(socket, "echo six times seven is $((6*7))\n", "six times seven is 42");
      socket.close();
    },
    TIMEOUT_MS,
  );

  test(
    "the screen answers as a VNC server and knows the password",
    async () => {
      const path = `/nodes/${name}/qemu/${VMID}`;
      const console = await api.call<Console>("POST", `${path}/vncproxy`, { websocket: 1, "generate-password": 1 });
      const socket = open(path, console);
      const version = await untilReceived(socket, (bytes) => bytes.includes("\n"));
      expect(version.toString("latin1")).toBe("RFB 003.008\n");
      const types = untilReceived(socket, (bytes) => bytes.length >= 2);
      socket.send("RFB 003.008\n");
      expect((await types).subarray(1)).toContain(2);
      const challenge = untilReceived(socket, (bytes) => bytes.length >= 16);
      socket.send(Buffer.from([2]));
      const response = vncResponse(console.password ?? "", await challenge);
      const result = untilReceived(socket, (bytes) => bytes.length >= 4);
      socket.send(response);
      expect((await result).readUInt32BE(0)).toBe(0);
      socket.close();
    },
    TIMEOUT_MS,
  );

  test("a login takes no options", async () => {
    const asked = api.call("POST", `/nodes/${name}/termproxy`, { cmd: "login", "cmd-opts": "-f root" });
    await expect(asked).rejects.toMatchObject({ errors: { "cmd-opts": expect.stringContaining("no options") } });
  });

  test("a ticket of one console opens no other", async () => {
    const console = await api.call<Console>("POST", `/nodes/${name}/qemu/${VMID}/termproxy`);
    const socket = open(`/nodes/${name}`, console);
    await expect(opened(socket)).rejects.toThrow(/401/);
  });

  test(
    "the node's shell greets its client and hears what is typed",
    async () => {
      const console = await api.call<Console>("POST", `/nodes/${name}/termproxy`);
      const socket = open(`/nodes/${name}`, console);
      await opened(socket);
      // The first words of the shell may come together with the answer to the ticket.
      const greeted = untilReceived(socket, (bytes) => /^OK[\s\S]*[:$#] ?$/.test(bytes.toString("latin1")));
      socket.send(`${console.user}:${console.ticket}\n`);
      // Below a root of its own a node has its owner's shell; a login prompt is all that others see.
      await greeted;
      await typeUntilAnswered(socket, "nobody-at-all\n", "nobody-at-all");
      socket.close();
    },
    TIMEOUT_MS,
  );
});

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
}

/** The shell comes up some seconds after the start: what is typed before is lost, so it is typed again. */
async function typeUntilAnswered(socket: WebSocket, text: string, answer: string): Promise<void> {
  const answered = untilReceived(socket, (bytes) => bytes.includes(answer), 60_000);
  const type = (): void => socket.send(`0:${Buffer.byteLength(text)}:${text}`);
  type();
  const timer = setInterval(type, 1_000);
  await answered.finally(() => clearInterval(timer));
}

/** DES with each byte of the password mirrored, RFC 6143 §7.2.2; three times the same key is plain DES. */
function vncResponse(password: string, challenge: Buffer): Buffer {
  const key = Buffer.alloc(8);
  for (const [index, byte] of Buffer.from(password.slice(0, 8)).entries()) {
    key[index] = Number.parseInt(byte.toString(2).padStart(8, "0").split("").reverse().join(""), 2);
  }
  const cipher = createCipheriv("des-ede3-ecb", Buffer.concat([key, key, key]), null).setAutoPadding(false);
  return Buffer.concat([cipher.update(challenge.subarray(0, 16)), cipher.final()]);
}
