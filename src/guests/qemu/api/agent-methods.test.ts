import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeWorld, type Reply, type World } from "../../../access/access-world.testing.ts";
import { CachedFiles } from "../../../cfs/cached-files.ts";
import { memoryClusterFs } from "../../../cfs/memory.ts";
import { silentLogger } from "../../../log/logger.ts";
import { VmConfigs } from "../config-store.ts";
import { VmProcesses } from "../run/vm-process.ts";
import { agentMethods } from "./agent-methods.ts";

const USERS = `user:nina@pve:1:0:::::
role:Asks:VM.GuestAgent.Audit:
acl:1:/vms:nina@pve:Asks:
`;

interface AgentRequest {
  readonly execute: string;
  readonly arguments?: { readonly id?: number };
  readonly id?: string;
}

let root: string;
let world: World;
let children: ChildProcess[];
let agent: Server;
let connections: Socket[];
/** What the guest was told, without synchronizations and pings. */
let heard: string[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "quorate-agent-"));
  const on = "agent: fstrim_cloned_disks=1,enabled=1\n";
  const cfs = memoryClusterFs({
    nodeName: "n1",
    files: {
      "nodes/n1/qemu-server/100.conf": on,
      "nodes/n1/qemu-server/101.conf": "",
      "nodes/n1/qemu-server/102.conf": on,
      "nodes/n1/qemu-server/103.conf": on,
    },
  });
  const files = new CachedFiles(cfs);
  const configs = new VmConfigs({ nodeName: "n1", cfs, files, lockDir: root, log: silentLogger });
  world = makeWorld({
    files: { "user.cfg": USERS },
    otherMethods: agentMethods({ configs, processes: new VmProcesses(root) }),
  });
  // Something with QEMU's pid file for those that run; 103 is off.
  children = [100, 101, 102].map((vmid) => {
    const pidFile = join(root, `${vmid}.pid`);
    const child = spawn("sh", ["-c", "sleep 60; :", "-pidfile", pidFile], { stdio: "ignore", detached: true });
    writeFileSync(pidFile, `${child.pid}\n`);
    return child;
  });
  heard = [];
  connections = [];
  agent = createServer((socket) => {
    connections.push(socket);
    createInterface({ input: socket }).on("line", (line) => {
      const { execute, arguments: args, id } = JSON.parse(line) as AgentRequest;
      const answer = (body: object): boolean => socket.write(`${JSON.stringify({ ...body, id })}\n`);
      if (execute === "guest-sync") answer({ return: args?.id });
      else if (execute === "guest-ping") answer({ return: {} });
      else {
        heard.push(execute);
        if (execute === "guest-get-host-name") answer({ return: { "host-name": "g" } });
        else if (execute === "guest-get-users") answer({ error: { class: "CommandNotFound", desc: "it is disabled" } });
        // A guest that powers off says nothing more.
        else socket.destroy();
      }
    });
  }).listen(join(root, "100.qga"));
});
afterEach(() => {
  world.close();
  for (const { pid } of children) if (pid !== undefined) process.kill(-pid, "SIGKILL");
  for (const socket of connections) socket.destroy();
  agent.close();
  rmSync(root, { recursive: true });
});

const call = (verb: string, path: string, params = {}, as = "root@pam"): Promise<Reply> =>
  world.call(verb, `/nodes/n1/qemu/${path}`, params, as);

test("the guest's answer is the result, by either path", async () => {
  const answer = { result: { "host-name": "g" } };
  expect((await call("GET", "100/agent/get-host-name")).data).toEqual(answer);
  expect((await call("POST", "100/agent", { command: "get-host-name" })).data).toEqual(answer);
  expect((await call("POST", "100/agent/ping")).data).toEqual({ result: {} });
});

test("what the agent refuses is an error that says why", async () => {
  expect(await call("GET", "100/agent/get-users")).toMatchObject({
    status: 500,
    reason: expect.stringContaining("it is disabled"),
  });
});

test("an order that ends the guest needs no answer", async () => {
  expect((await call("POST", "100/agent/shutdown")).data).toEqual({ result: {} });
  expect(heard).toEqual(["guest-shutdown"]);
});

test.each([
  { vmid: 101, reason: "No QEMU guest agent configured" },
  { vmid: 102, reason: "QEMU guest agent is not running" },
  { vmid: 103, reason: "VM 103 is not running" },
])("$reason", async ({ vmid, reason }) => {
  expect(await call("GET", `${vmid}/agent/network-get-interfaces`)).toMatchObject({ status: 500, reason });
});

test("who may ask may not order", async () => {
  expect((await call("GET", "100/agent/get-host-name", {}, "nina@pve")).status).toBe(200);
  expect((await call("POST", "100/agent/fstrim", {}, "nina@pve")).status).toBe(403);
  expect((await call("POST", "100/agent", { command: "ping" }, "nina@pve")).status).toBe(403);
  expect(heard).toEqual(["guest-get-host-name"]);
});
