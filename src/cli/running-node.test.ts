import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { encodeLayoutOptions, LAYOUT_ENV, makeLayout } from "../os/layout.ts";
import { requireNode } from "./running-node.ts";
import { main } from "./tools.ts";

let root: string;
const servers: Server[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "quorate-tools-"));
});
afterEach(() => {
  delete process.env[LAYOUT_ENV];
  for (const server of servers.splice(0)) server.close();
  rmSync(root, { recursive: true });
});
const listen = (path: string): Promise<void> =>
  new Promise((resolve) => {
    const server = createServer((socket) => socket.on("error", () => {}));
    servers.push(server);
    server.listen(path, resolve);
  });

test("a node is there when its cluster file system or its supervisor answers", async () => {
  const layout = { root, cfsSocket: join(root, "cfs"), supervisorSocket: join(root, "sup") };
  await expect(requireNode(layout)).rejects.toThrow(`no node runs below ${root}`);
  await listen(layout.supervisorSocket);
  await requireNode(layout);
  await listen(layout.cfsSocket);
  servers.shift()?.close();
  await requireNode(layout);
});

test.each([
  ["qm", "list"],
  ["pvesh", "get", "/version"],
  ["pvesm", "status"],
  ["pveum", "user", "list"],
  ["pvenode", "config", "get"],
])("%s without a node says so and how to get one", async (...argv) => {
  process.env[LAYOUT_ENV] = encodeLayoutOptions(makeLayout({ root, nodeName: "n1", isRootUser: false }));
  const texts: string[] = [];
  const never = (): Promise<never> => Promise.reject(new Error("nothing is asked"));
  const io = { out: () => {}, err: (text: string) => void texts.push(text), sleep: never, askSecret: never };
  expect(await main(argv, io)).toBe(1);
  expect(texts.join("")).toMatch(/^no node runs below .*'quorate up'.*QUORATE_ROOT=DIR\n$/);
});
