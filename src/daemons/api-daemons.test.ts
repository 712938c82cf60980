import { X509Certificate } from "node:crypto";
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { connect } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { evaluateTestPermission, TEST_CSRF_TOKEN, TestAccess, testTicket } from "../access/port.testing.ts";
import { memoryClusterFs } from "../cfs/memory.ts";
import type { ClusterFs } from "../cfs/port.ts";
import { silentLogger } from "../log/logger.ts";
import { makeLayout } from "../os/layout.ts";
import { defineMethod } from "../rest/method.ts";
import { makeTestIdentity, testIdentity } from "../rest/rest.testing.ts";
import type { ApiServices } from "./api-services.ts";
import { startDaemon } from "./pvedaemon.ts";
import { type RunningProxy, startProxy } from "./pveproxy.ts";

let root: string;
let cfs: ClusterFs;
let proxy: RunningProxy;
let daemon: { stop(): Promise<void> };
let socket: string;
const release = Promise.withResolvers<void>();

const methods = [
  defineMethod({
    path: "/nodes/{node}/touch",
    method: "POST",
    name: "touch",
    description: "",
    protected: 1,
    proxyto: "node",
    permissions: { user: "all" },
    parameters: { node: { type: "string", format: "pve-node" } },
    returns: {},
    handler: (_, call) => `by ${call.authid} from ${call.clientAddress}`,
  }),
  defineMethod({
    path: "/slow",
    method: "GET",
    name: "slow",
    description: "",
    permissions: { user: "all" },
    parameters: {},
    returns: {},
    handler: () => release.promise.then(() => "done"),
  }),
];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "quorate-api-"));
  const layout = makeLayout({ root, nodeName: "n1", isRootUser: false });
  socket = "socket" in layout.pvedaemon ? layout.pvedaemon.socket : "";
  for (const dir of [dirname(socket), layout.pveproxyLogDir, layout.uploadDir]) await mkdir(dir, { recursive: true });
  await writeFile(socket, "left by one that was killed");
  const { cert, key } = testIdentity();
  cfs = memoryClusterFs({
    nodeName: "n1",
    files: { "nodes/n1/pve-ssl.pem": String(cert), "nodes/n1/pve-ssl.key": String(key) },
  });
  const services: ApiServices = {
    methods,
    access: new TestAccess({ "nina@pve": {} }),
    evaluatePermission: evaluateTestPermission,
    cfs,
    close: async () => {},
  };
  daemon = await startDaemon({ layout, services, log: silentLogger });
  proxy = await startProxy({ layout, services, log: silentLogger, port: 0, webDir: join(root, "none") });
});

afterAll(async () => {
  release.resolve();
  await proxy.stop();
  await daemon.stop();
  await cfs.close();
  await rm(root, { recursive: true });
});

function ask(
  method: string,
  path: string,
): Promise<{ status: number | undefined; reason: string | undefined; text: string }> {
  const headers = { Cookie: `PVEAuthCookie=${testTicket("nina@pve")}`, CSRFPreventionToken: TEST_CSRF_TOKEN };
  return new Promise((resolve, reject) => {
    const call = request({
      port: proxy.port,
      host: "127.0.0.1",
      method,
      path,
      headers,
      rejectUnauthorized: false,
      agent: false,
    });
    call.on("response", (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode, reason: response.statusMessage, text }));
    });
    call.on("error", reject);
    call.end();
  });
}

function shownFingerprint(): Promise<string> {
  return new Promise((resolve, reject) => {
    const client = connect({ port: proxy.port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(client.getPeerCertificate().fingerprint256);
      client.destroy();
    });
    client.on("error", reject);
  });
}

test("a protected call goes through both daemons", async () => {
  const { status, text } = await ask("POST", "/api2/json/nodes/localhost/touch");
  expect([status, text]).toEqual([200, '{"data":"by nina@pve from ::ffff:127.0.0.1"}']);
});

test("the daemon's socket is for its owner alone where nobody else needs it", async () => {
  expect((await stat(socket)).mode & 0o777).toBe(0o600);
});

test("a node that is no member is an error that names it", async () => {
  const { status, reason } = await ask("POST", "/api2/json/nodes/n7/touch");
  expect([status, reason]).toEqual([500, "hostname lookup 'n7' failed - no such node in the cluster"]);
});

test("a changed certificate is shown to the next client", async () => {
  const fresh = makeTestIdentity();
  await cfs.write("nodes/n1/pveproxy-ssl.pem", String(fresh.cert));
  await cfs.write("nodes/n1/pveproxy-ssl.key", String(fresh.key));
  await expect.poll(shownFingerprint).toBe(new X509Certificate(fresh.cert).fingerprint256);
});

test("a request that runs is finished before the proxy is gone, new ones are not taken", async () => {
  const running = ask("GET", "/api2/json/slow");
  await expect.poll(() => ask("GET", "/api2/json/nope").then(({ status }) => status)).toBe(501);
  const stopped = proxy.stop();
  await expect
    .poll(() =>
      shownFingerprint().then(
        () => "open",
        () => "closed",
      ),
    )
    .toBe("closed");
  release.resolve();
  expect(await running).toMatchObject({ status: 200, text: '{"data":"done"}' });
  await stopped;
});
