/**
 * The programs that people already use, unmodified, against a real node: each makes a virtual machine, starts, stops and
 * removes it.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findProgram } from "../../src/os/find-program.ts";
import { runCommand } from "../../src/os/run-command.ts";
import { ApiClient } from "../api-client.testing.ts";
import { startTestNode, type TestNode } from "../node.testing.ts";
import { guestIso } from "./guest-iso.testing.ts";

const PYTHON = "/usr/bin/python3";
const HAS_QEMU = findProgram("qemu-system-x86_64") !== undefined && findProgram("qemu-img") !== undefined;
const HAS_PROXMOXER = existsSync("/usr/lib/python3/dist-packages/proxmoxer");
const HAS_ANSIBLE = findProgram("ansible-playbook") !== undefined;
const HAS_ISO_TOOLS = findProgram("xorriso") !== undefined && findProgram("cpio") !== undefined;
const TIMEOUT_MS = 240_000;

describe.skipIf(!HAS_QEMU)("clients (skipped without the packages qemu-system-x86 and qemu-utils)", () => {
  let node: TestNode;

  beforeAll(async () => {
    node = await startTestNode();
  }, TIMEOUT_MS);
  afterAll(async () => await node.stop(), TIMEOUT_MS);

  const here = (name: string): string => join(import.meta.dirname, name);

  test.skipIf(!HAS_PROXMOXER || !HAS_ISO_TOOLS)(
    "proxmoxer",
    async () => {
      const { host, port, username, password } = node;
      const authority = join(node.root, "etc/pve/pve-root-ca.pem");
      const paths = [await guestIso(), authority];
      const argv = [PYTHON, here("proxmoxer_life.py"), host, String(port), username, password, ...paths];
      const { stdout } = await runCommand(argv, { timeoutMs: TIMEOUT_MS });
      expect(stdout).toContain("ok");
    },
    TIMEOUT_MS,
  );

  test.skipIf(!HAS_ANSIBLE || !HAS_PROXMOXER)(
    "Ansible's proxmox_kvm",
    async () => {
      const { host, port, username, password } = node;
      const [row] = (await login(node).then((api) => api.get("/nodes"))) as { node: string }[];
      const variables = { api_host: `${host}:${port}`, api_user: username, api_password: password, node: row?.node };
      const argv = ["ansible-playbook", here("ansible_life.yml"), "-e", JSON.stringify(variables)];
      const { stdout } = await runCommand(argv, {
        timeoutMs: TIMEOUT_MS,
        env: { ANSIBLE_PYTHON_INTERPRETER: PYTHON, ANSIBLE_LOCALHOST_WARNING: "false", LC_ALL: "C.UTF-8" },
      });
      expect(stdout).toMatch(/failed=0/);
    },
    TIMEOUT_MS,
  );

  test.skipIf(!HAS_ANSIBLE || !HAS_PROXMOXER)(
    "Ansible's modules for disks, cards, copies, templates and facts by an API token, and its inventory",
    async () => {
      const { host, port, username, password, url } = node;
      const api = await ApiClient.login(node);
      const token = `/access/users/${encodeURIComponent(username)}/token/ansible`;
      const { value } = await api.call<{ value: string }>("POST", token, { privsep: 0 });
      const [row] = await api.call<{ node: string }[]>("GET", "/nodes");
      const directory = await mkdtemp(join(tmpdir(), "quorate-ansible-"));
      try {
        const template = join(directory, "tiny_1.0.tar.gz");
        await writeFile(template, gzipSync(Buffer.alloc(1024)));
        const inventory = join(directory, "node.proxmox.yml");
        const source = { plugin: "community.general.proxmox", url, user: username, password, validate_certs: false };
        await writeFile(inventory, JSON.stringify({ ...source, want_facts: true }));
        const variables = {
          ...{ api_host: `${host}:${port}`, api_user: username, api_token_id: "ansible", api_token_secret: value },
          ...{ node: row?.node, template },
        };
        const env = {
          ...{ ANSIBLE_PYTHON_INTERPRETER: PYTHON, ANSIBLE_LOCALHOST_WARNING: "false", LC_ALL: "C.UTF-8" },
          ANSIBLE_PIPELINING: "1",
        };
        const playbook = ["ansible-playbook", here("ansible_modules.yml"), "-e", JSON.stringify(variables)];
        expect((await runCommand(playbook, { timeoutMs: TIMEOUT_MS, env })).stdout).toMatch(/failed=0/);
        // Where a bundle of authorities is named in the environment, requests checks certificates whatever it is told.
        const unchecked = { ...env, REQUESTS_CA_BUNDLE: "", CURL_CA_BUNDLE: "" };
        const list = ["ansible-inventory", "-i", inventory, "--list"];
        const { stdout } = await runCommand(list, { timeoutMs: TIMEOUT_MS, env: unchecked });
        const hosts = (JSON.parse(stdout) as { _meta: { hostvars: Record<string, unknown> } })._meta.hostvars;
        expect(hosts["by-modules"]).toMatchObject({
          proxmox_cores: 2,
          proxmox_net1: { bridge: "vmbr0", tag: "5" },
          proxmox_status: "stopped",
          proxmox_tags_parsed: ["one", "two"],
        });
        expect(hosts["by-copying"]).toMatchObject({ proxmox_vmtype: "qemu" });
      } finally {
        await rm(directory, { recursive: true });
      }
    },
    TIMEOUT_MS,
  );

  test(
    "the npm client proxmox-api",
    async () => {
      const argv = [
        process.execPath,
        here("proxmox-api-life.mjs"),
        node.host,
        String(node.port),
        node.username,
        node.password,
      ];
      const { stdout } = await runCommand(argv, { timeoutMs: TIMEOUT_MS, env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" } });
      expect(stdout).toContain("ok");
    },
    TIMEOUT_MS,
  );

  test(
    "the npm client cv4pve-api-javascript",
    async () => {
      const { PveClient } = await import("@corsinvest/cv4pve-api-javascript");
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
      try {
        const client = new PveClient(node.host, node.port);
        const [user = "", realm = ""] = node.username.split("@");
        expect(await client.login(user, node.password, realm)).toBe(true);
        const nodes = await client.get("/nodes");
        const name = nodes.response.data[0].node;
        const vmid = Number((await client.get("/cluster/nextid")).response.data);
        const created = await client.create(`/nodes/${name}/qemu`, { vmid, name: "by-cv4pve", memory: "128" });
        await ended(node, created.response.data);
        const vm = `/nodes/${name}/qemu/${vmid}`;
        await ended(node, (await client.create(`${vm}/status/start`)).response.data);
        const current = await client.get(`${vm}/status/current`);
        expect(current.response.data.status).toBe("running");
        await ended(node, (await client.create(`${vm}/status/stop`)).response.data);
        await ended(node, (await client.delete(vm)).response.data);
      } finally {
        delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      }
    },
    TIMEOUT_MS,
  );

  test(
    "qm, and what the guest writes to its serial port",
    async () => {
      const vmid = String(await login(node).then((api) => api.get("/cluster/nextid")));
      const guest = await buildGuest();
      const args = `-kernel ${guest.kernel} -initrd ${guest.initrd} -append 'console=ttyS0 quiet panic=-1'`;
      await node.tool(
        "qm",
        "create",
        vmid,
        "--name",
        "by-qm",
        "--memory",
        "256",
        "--serial0",
        "socket",
        "--args",
        args,
      );
      expect(await node.tool("qm", "config", vmid)).toContain("name: by-qm");
      expect(await node.tool("qm", "list")).toContain("by-qm");
      await node.tool("qm", "start", vmid);
      expect(await node.tool("qm", "status", vmid)).toContain("running");
      await untilSerialSays(`${node.root}/var/run/qemu-server/${vmid}.serial0`, "READY");
      await node.tool("qm", "shutdown", vmid, "--timeout", "60");
      expect(await node.tool("qm", "status", vmid)).toContain("stopped");
      await node.tool("qm", "destroy", vmid);
      expect(await node.tool("qm", "list")).not.toContain("by-qm");
    },
    TIMEOUT_MS,
  );
});

async function buildGuest(): Promise<{ kernel: string; initrd: string }> {
  const { buildTestGuest, defaultCacheDir } = await import("../guest/build.ts");
  return await buildTestGuest(defaultCacheDir(process.env));
}

function untilSerialSays(path: string, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let seen = "";
    const timer = setTimeout(() => socket.destroy(new Error(`the guest did not say '${text}', but: ${seen}`)), 60_000);
    socket.on("data", (chunk) => {
      seen += chunk.toString("latin1");
      if (!seen.includes(text)) return;
      clearTimeout(timer);
      socket.destroy();
      resolve();
    });
    socket.on("error", reject);
  });
}

interface Api {
  get(path: string): Promise<unknown>;
}

/** The smallest client there is, for what the tests themselves need to know. */
async function login({ url, username, password }: TestNode): Promise<Api> {
  const { Agent, fetch } = await import("undici");
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  const answer = await fetch(`${url}/api2/json/access/ticket`, {
    method: "POST",
    body: new URLSearchParams({ username, password }),
    dispatcher,
  });
  const { data } = (await answer.json()) as { data: { ticket: string } };
  const headers = { Cookie: `PVEAuthCookie=${encodeURIComponent(data.ticket)}` };
  return {
    async get(path) {
      const response = await fetch(`${url}/api2/json${path}`, { headers, dispatcher });
      if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${response.statusText}`);
      return ((await response.json()) as { data: unknown }).data;
    },
  };
}

async function ended(node: TestNode, upid: unknown): Promise<void> {
  const api = await login(node);
  const [, name] = String(upid).split(":");
  const deadline = Date.now() + TIMEOUT_MS;
  while (Date.now() < deadline) {
    const status = (await api.get(`/nodes/${name}/tasks/${encodeURIComponent(String(upid))}/status`)) as Record<
      string,
      string
    >;
    if (status.status === "stopped") {
      expect(status.exitstatus).toBe("OK");
      return;
    }
    await sleep(100);
  }
  throw new Error(`task ${upid} does not end`);
}
