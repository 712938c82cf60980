import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { connect as connectTcp, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex, PassThrough, Readable } from "node:stream";
import { connect as connectTls } from "node:tls";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { AuthenticationError } from "../../access/errors.ts";
import { TEST_CSRF_TOKEN, testTicket } from "../../access/port.testing.ts";
import type { Logger } from "../../log/logger.ts";
import { silentLogger } from "../../log/logger.ts";
import { ApiError } from "../errors.ts";
import { defineMethod, type Method, RawResponse } from "../method.ts";
import { startTestServer, type TestServer, testIdentity } from "../rest.testing.ts";
import { AccessLog } from "./access-log.ts";
import { Forwarder } from "./forwarder.ts";
import { StaticFiles } from "./static-files.ts";

const all = { user: "all" } as const;
const big = Object.freeze({ text: "x".repeat(5000) });
let gone: Promise<void> | undefined;
let uploadParams: unknown;
/** Bytes that the flood has produced. */
let flooded = 0;

async function* flood(): AsyncGenerator<Buffer> {
  for (;;) {
    flooded += 65_536;
    yield Buffer.alloc(65_536);
  }
}

const methods: readonly Method[] = [
  defineMethod({
    path: "/version",
    method: "GET",
    name: "v",
    description: "",
    permissions: all,
    parameters: {},
    returns: {},
    handler: () => ({ version: "9" }),
  }),
  defineMethod({
    path: "/big",
    method: "GET",
    name: "b",
    description: "",
    permissions: all,
    parameters: {},
    returns: {},
    handler: () => big,
  }),
  defineMethod({
    path: "/say",
    method: "POST",
    name: "s",
    description: "",
    permissions: all,
    parameters: { text: { type: "string", optional: 1 } },
    returns: {},
    handler: ({ text }) => {
      throw new ApiError(500, text ?? "");
    },
  }),
  defineMethod({
    path: "/root",
    method: "POST",
    name: "r",
    description: "",
    protected: 1,
    permissions: all,
    parameters: { a: { type: "string", optional: 1 } },
    returns: {},
    handler: ({ a }, call) => ({ a, from: call.clientAddress, by: call.authid }),
  }),
  defineMethod({
    path: "/stream",
    method: "GET",
    name: "st",
    description: "",
    permissions: all,
    parameters: {},
    returns: {},
    handler: () => {
      const body = new Readable({ read() {} });
      body.push("data: 1\n\n");
      gone = new Promise((resolve) => body.once("close", resolve));
      return new RawResponse("text/event-stream", body);
    },
  }),
  defineMethod({
    path: "/console",
    method: "GET",
    name: "c",
    description: "",
    permissions: all,
    parameters: { ticket: { type: "string" } },
    returns: {},
    websocket: async ({ ticket }) => {
      if (ticket !== "ok") throw new ApiError(401, "permission denied - invalid PVEVNC ticket");
      const [up, down] = [new PassThrough(), new PassThrough()];
      up.on("data", (chunk) => down.write(`<${chunk}>`));
      return Duplex.from({ writable: up, readable: down });
    },
  }),
  defineMethod({
    path: "/access/ticket",
    method: "POST",
    name: "l",
    description: "",
    protected: 1,
    permissions: { user: "world" },
    parameters: { username: { type: "string" } },
    returns: {},
    handler: () => {
      throw new AuthenticationError("authentication failure");
    },
  }),
  defineMethod({
    path: "/download",
    method: "GET",
    name: "d",
    description: "",
    permissions: all,
    parameters: {},
    returns: {},
    handler: () => {
      const body = Readable.from(flood());
      gone = new Promise((resolve) => body.once("close", resolve));
      return new RawResponse("application/octet-stream", body);
    },
  }),
  defineMethod({
    path: "/flood",
    method: "GET",
    name: "f",
    description: "",
    permissions: all,
    parameters: {},
    returns: {},
    websocket: async () =>
      Duplex.from({
        writable: new PassThrough().resume(),
        readable: Readable.from(flood()),
      }),
  }),
  defineMethod({
    path: "/nodes/{node}/upload",
    method: "POST",
    name: "u",
    description: "",
    protected: 1,
    isUpload: true,
    permissions: { check: ["perm", "/storage", ["Datastore.AllocateTemplate"]] },
    returns: {},
    parameters: {
      node: { type: "string" },
      content: { type: "string", enum: ["iso"] },
      filename: { type: "string" },
      tmpfilename: { type: "string", optional: 1 },
    },
    handler: (params) => {
      uploadParams = params;
      return "UPID";
    },
  }),
];

const rights = { "nina@pve": { "/storage": ["Datastore.AllocateTemplate"] }, "olaf@pve": {} };
const cookie = (user = "nina@pve") => `PVEAuthCookie=${testTicket(user)}`;
const headers = { Cookie: cookie(), CSRFPreventionToken: TEST_CSRF_TOKEN };

let dir: string;
let daemon: TestServer;
let proxy: TestServer;
let accessLog: AccessLog;
const logged: { level: string; fields: object; text: string }[] = [];
const keepingLog: Logger = {
  ...silentLogger,
  error: (fields, text) => logged.push({ level: "error", fields, text }),
  warn: (fields, text) => logged.push({ level: "warn", fields, text }),
  child: () => keepingLog,
};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "quorate-http-"));
  const socket = join(dir, "daemon.sock");
  const uploadDir = join(dir, "uploads");
  await mkdir(uploadDir);
  await mkdir(join(dir, "web/assets"), { recursive: true });
  await writeFile(join(dir, "web/index.html"), "<p>start</p>");
  await writeFile(join(dir, "web/assets/a-123.js"), "//".repeat(2000));
  await utimes(join(dir, "web/index.html"), 1_000_000, 1_000_000);
  accessLog = new AccessLog(join(dir, "access.log"), silentLogger);
  daemon = await startTestServer({
    methods,
    rights,
    socket,
    dispatcher: { role: "daemon" },
    server: { trustsProxy: true, uploadDir },
  });
  proxy = await startTestServer({
    methods,
    rights,
    log: keepingLog,
    server: {
      tls: { identity: testIdentity() },
      uploadDir,
      accessLog,
      staticFiles: new StaticFiles(join(dir, "web")),
      forwarder: new Forwarder({
        daemon: { socket },
        log: silentLogger,
        resolveNode: async (node) => {
          throw new Error(`hostname lookup '${node}' failed - unknown`);
        },
      }),
      limits: { headerMs: 1500, keepAliveMs: 400, maxConnectionsByAddress: 40 },
    },
  });
});

afterAll(async () => {
  await proxy.stop();
  await daemon.stop();
  await accessLog.close();
  await rm(dir, { recursive: true });
});

/** Sends raw bytes over TLS and gives everything that comes back until the connection ends. */
function raw(text: string | Buffer, plain = false, ALPNProtocols?: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket: Socket = plain
      ? connectTcp(proxy.port, "127.0.0.1")
      : connectTls({ port: proxy.port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols });
    socket.on(plain ? "connect" : "secureConnect", () => socket.write(text));
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("latin1")));
    socket.on("error", (error) => ("code" in error && error.code === "ECONNRESET" ? undefined : reject(error)));
  });
}

function ask(method: string, path: string, more: Record<string, string> = {}, body = ""): Promise<string> {
  const all = {
    Host: "n1",
    Connection: "close",
    ...headers,
    ...(body === "" ? {} : { "Content-Length": String(Buffer.byteLength(body)) }),
    ...more,
  };
  const lines = Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
  return raw(`${method} ${path} HTTP/1.1\r\n${lines}\r\n${body}`);
}

const statusLine = (reply: string): string => reply.split("\r\n", 1)[0] ?? "";
const form = { "Content-Type": "application/x-www-form-urlencoded" };

describe("transport rules", () => {
  test("what follows a refused request gets no answer of its own", async () => {
    const reply = await raw(
      `POST /api2/json/say HTTP/1.1\r\nHost: n1\r\nCookie: ${headers.Cookie}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
    );
    expect(reply.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 501"]);
  });

  test.each([
    {
      name: "chunked",
      send: () => ask("POST", "/api2/json/say", { "Transfer-Encoding": "chunked" }),
      want: "501 chunked transfer encoding not supported",
    },
    {
      name: "a body on DELETE",
      send: () => ask("DELETE", "/api2/json/say", {}, "a=1"),
      want: "501 Unexpected content for method 'DELETE'",
    },
    {
      name: "a large body",
      send: () => ask("POST", "/api2/json/say", { ...form, "Content-Length": "600000" }),
      want: "501 for data too large",
    },
    { name: "no login", send: () => ask("GET", "/api2/json/version", { Cookie: "" }), want: "401 No ticket" },
    { name: "PATCH", send: () => ask("PATCH", "/api2/json/version"), want: "501 method 'PATCH' not available" },
    { name: "a malformed request line", send: () => raw("GET / FTP/1.1\r\n\r\n"), want: "400 bad request" },
    {
      name: "a malformed header",
      send: () => raw("GET / HTTP/1.1\r\nA B: c\r\n\r\n"),
      want: "506 unable to parse http header",
    },
    {
      name: "65 header lines",
      send: () =>
        ask("GET", "/api2/json/version", Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`X-${i}`, "1"]))),
      want: /^HTTP\/1\.1 400 /,
    },
    {
      name: "a header of 9 KiB",
      send: () => ask("GET", "/api2/json/version", { X: "x".repeat(9000) }),
      want: "400 http header too large",
    },
    {
      name: "plain HTTP, GET",
      send: () => raw("GET /a?b HTTP/1.1\r\nHost: n1:8006\r\n\r\n", true),
      want: "301 Moved Permanently",
    },
    {
      name: "plain HTTP, POST",
      send: () => raw("POST /a HTTP/1.1\r\nHost: n1:8006\r\n\r\n", true),
      want: "308 Permanent Redirect",
    },
  ])("$name", async ({ send, want }) => {
    const line = statusLine(await send());
    if (typeof want === "string") expect(line).toBe(`HTTP/1.1 ${want}`);
    else expect(line).toMatch(want);
  });

  test("a client that speaks only HTTP/1.0, and says so in the handshake, is served", async () => {
    const answer = await raw("GET /api2/json/version HTTP/1.0\r\nAuthorization: PVEAPIToken=x\r\n\r\n", false, [
      "http/1.0",
    ]);
    expect(statusLine(answer)).toMatch(/^HTTP\/1\.1 401 /);
  });

  test("plain HTTP is sent to the same place by TLS", async () => {
    expect(await raw("GET /a?b HTTP/1.1\r\nHost: n1:8006\r\n\r\n", true)).toContain(
      "\r\nLocation: https://n1:8006/a?b\r\n",
    );
  });

  test("the reason is one line of Latin-1 whatever the message holds", async () => {
    const reply = await ask("POST", "/api2/json/say", form, `text=${encodeURIComponent("größer\u0007\nX-Evil: 1")}`);
    expect(statusLine(reply)).toBe(`HTTP/1.1 500 ${Buffer.from("größer").toString("latin1")} `);
    expect(reply.split("\r\n\r\n")[0]).not.toMatch(/evil/i);
  });

  test("an answer has the dialect's headers, an error closes", async () => {
    const ok = await ask("GET", "/api2/json/version", { Connection: "keep-alive" }).catch(() => "");
    expect(ok).toMatch(
      /Server: pve-api-daemon\/3\.0\r\nCache-Control: max-age=0\r\nExpires: .* GMT\r\nPragma: no-cache\r\nContent-Type: application\/json;charset=UTF-8\r\n/,
    );
    expect(await ask("GET", "/api2/json/nope", { Connection: "keep-alive" })).toContain("Connection: close");
  });

  test("a large result is compressed for whom asks", async () => {
    for (let i = 0; i < 2; i++) {
      const response = await new Promise<Buffer>((resolve) => {
        const socket = connectTls({ port: proxy.port, host: "127.0.0.1", rejectUnauthorized: false });
        const chunks: Buffer[] = [];
        socket.on("data", (chunk) => chunks.push(chunk));
        socket.on("close", () => resolve(Buffer.concat(chunks)));
        socket.write(
          `GET /api2/json/big HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: gzip\r\nCookie: ${cookie()}\r\n\r\n`,
        );
      });
      const at = response.indexOf("\r\n\r\n");
      expect(response.subarray(0, at).toString()).toContain("Content-Encoding: gzip");
      expect(JSON.parse(gunzipSync(response.subarray(at + 4)).toString())).toEqual({ data: big });
    }
  });
});

describe("hostile clients", () => {
  test("one that sends its header byte by byte is cut off, others are served meanwhile", async () => {
    const started = performance.now();
    const slow = connectTls({ port: proxy.port, host: "127.0.0.1", rejectUnauthorized: false });
    const ended = new Promise((resolve) => slow.on("close", resolve));
    slow.on("error", () => {});
    slow.write("GET /api2/json/version HTTP/1.1\r\nX: ");
    const drip = setInterval(() => slow.write("x"), 50);
    expect(statusLine(await ask("GET", "/api2/json/version"))).toBe("HTTP/1.1 200 OK");
    await ended;
    clearInterval(drip);
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  test("one that says nothing at all is cut off, before TLS and instead of it", async () => {
    expect(await raw("", true)).toBe("");
    expect(await raw("GET / HTTP/1.1\r\n", true)).toBe("");
  });

  test("one that does not read its download is cut off, and the download's source with it", async () => {
    const own = await startTestServer({ methods, rights, server: { limits: { stallMs: 500 } } });
    const socket = connectTcp(own.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.pause();
    flooded = 0;
    socket.write(`GET /api2/json/download HTTP/1.1\r\nHost: x\r\nCookie: ${cookie()}\r\n\r\n`);
    await expect.poll(() => flooded, { timeout: 5_000 }).toBeGreaterThan(0);
    await gone;
    expect(flooded).toBeLessThan(64 * 1024 * 1024);
    socket.destroy();
    await own.stop();
  });

  test("one that opens many connections gets no more than its share", async () => {
    const sockets = Array.from({ length: 60 }, () => connectTcp(proxy.port, "127.0.0.1"));
    let refused = 0;
    await new Promise<void>((resolve) => {
      for (const socket of sockets) {
        socket.on("error", () => {});
        socket.on("close", () => {
          refused += 1;
          if (refused === 20) resolve();
        });
      }
    });
    for (const socket of sockets) socket.destroy();
    expect(refused).toBeGreaterThanOrEqual(20);
  });

  test("400 malformed requests get a documented answer each, and the server lives", async () => {
    const verbs = fc.constantFrom("GET", "POST", "PUT", "DELETE", "HEAD", "BREW", "get");
    const paths = fc.oneof(
      fc.constantFrom(
        "/api2/json/version",
        "/api2/json/say",
        "/api2/extjs/root",
        "/api2/json/nodes/n1/upload",
        "/api2",
        "*",
        "//",
        "/api2/json/%ff",
      ),
      fc.webPath(),
      fc.string({ unit: "binary-ascii" }),
    );
    const name = fc.constantFrom(
      "Content-Length",
      "Content-Type",
      "Cookie",
      "Authorization",
      "Expect",
      "Upgrade",
      "Connection",
      "Accept-Encoding",
      "X",
    );
    const value = fc.oneof(
      fc.constantFrom(
        "0",
        "-1",
        "3",
        "99999999",
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        cookie(),
        "PVEAPIToken=a!b=c",
        "websocket",
        "gzip;q=0",
      ),
      fc.string({ unit: "binary-ascii" }),
    );
    const body = fc.oneof(fc.string(), fc.constantFrom("{", "[]", "a=%", "--x\r\n\r\n", "--x--", '{"text":{"a":[1]}}'));
    const seen = new Map<string, number>();
    logged.length = 0;
    await fc.assert(
      fc.asyncProperty(
        verbs,
        paths,
        fc.array(fc.tuple(name, value), { maxLength: 5 }),
        body,
        async (verb, path, lines, text) => {
          const head = lines.map(([key, item]) => `${key}: ${item}\r\n`).join("");
          const line = statusLine(
            await raw(`${verb} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${head}\r\n${text}`),
          );
          const status = line.split(" ")[1] ?? "none";
          seen.set(status, (seen.get(status) ?? 0) + 1);
          expect(["200", "400", "401", "403", "404", "408", "417", "426", "501", "506", "none"], line).toContain(
            status,
          );
        },
      ),
      { numRuns: 400 },
    );
    expect(logged.filter(({ level }) => level === "error")).toEqual([]);
    expect(seen.size).toBeGreaterThan(3);
    expect(statusLine(await ask("GET", "/api2/json/version"))).toBe("HTTP/1.1 200 OK");
  }, 120_000);
});

describe("forwarding", () => {
  test("root's work reaches the daemon with the caller's name and address", async () => {
    const reply = await ask("POST", "/api2/json/root", form, "a=1+2");
    expect(statusLine(reply)).toBe("HTTP/1.1 200 OK");
    expect(reply).toContain('{"data":{"a":"1 2","from":"127.0.0.1","by":"nina@pve"}}');
  });

  test("its errors come back with their reason", async () => {
    expect(statusLine(await ask("POST", "/api2/json/root", form, "b=1"))).toBe(
      "HTTP/1.1 400 Parameter verification failed.",
    );
  });

  test("a node that nobody knows", async () => {
    const reply = await ask("POST", "/api2/json/nodes/n9/upload?content=iso", form, "filename=a");
    expect(statusLine(reply)).toMatch(/^HTTP\/1\.1 200 OK/);
  });

  test("a daemon that is not there is 595", async () => {
    const alone = await startTestServer({
      methods,
      rights,
      server: {
        forwarder: new Forwarder({
          daemon: { socket: join(dir, "none.sock") },
          log: silentLogger,
          resolveNode: async () => {
            throw new Error("x");
          },
        }),
      },
    });
    const response = await fetch(`http://127.0.0.1:${alone.port}/api2/json/root`, { method: "POST", headers });
    expect([response.status, response.statusText]).toEqual([595, "Connection refused"]);
    // Clients parse the body before they look at anything else.
    const message = "Connection refused\n";
    expect(await response.json()).toEqual({ data: null, message });
    const extjs = await fetch(`http://127.0.0.1:${alone.port}/api2/extjs/root`, { method: "POST", headers });
    expect([extjs.status, await extjs.json()]).toEqual([200, { success: 0, data: null, status: 595, message }]);
    await alone.stop();
  });
});

describe("a daemon that restarts", () => {
  test("is waited for", async () => {
    const socket = join(dir, "late.sock");
    const near = await startTestServer({
      methods,
      rights,
      server: {
        forwarder: new Forwarder({
          daemon: { socket },
          log: silentLogger,
          resolveNode: async () => {
            throw new Error("x");
          },
        }),
      },
    });
    const answer = fetch(`http://127.0.0.1:${near.port}/api2/json/root`, { method: "POST", headers });
    const early = await Promise.race([answer, new Promise((resolve) => setTimeout(() => resolve("waits"), 200))]);
    expect(early).toBe("waits");
    const back = await startTestServer({
      methods,
      rights,
      socket,
      dispatcher: { role: "daemon" },
      server: { trustsProxy: true },
    });
    expect((await answer).status).toBe(200);
    await near.stop();
    await back.stop();
  });
});

describe("refused logins", () => {
  test("are answered late, by whichever daemon they are refused; others are not held up", async () => {
    const near = await startTestServer({
      methods,
      rights,
      server: {
        refusedLoginMs: 700,
        forwarder: new Forwarder({
          daemon: { socket: join(dir, "daemon.sock") },
          log: silentLogger,
          resolveNode: async () => {
            throw new Error("x");
          },
        }),
      },
    });
    const base = `http://127.0.0.1:${near.port}/api2/json`;
    const settled: string[] = [];
    const note = (name: string, answer: Promise<Response>) =>
      answer.then(({ status, statusText }) => settled.push(`${name} ${status} ${statusText}`));
    const bad = note("ticket", fetch(`${base}/version`, { headers: { Cookie: "PVEAuthCookie=x" } }));
    const body = new URLSearchParams({ username: "x" });
    const wrong = note("password", fetch(`${base}/access/ticket`, { method: "POST", body }));
    for (let i = 0; i < 5; i++) await note("good", fetch(`${base}/version`, { headers }));
    expect(settled).toEqual(Array(5).fill("good 200 OK"));
    await Promise.all([bad, wrong]);
    expect(settled.slice(5).sort()).toEqual([
      "password 401 authentication failure",
      "ticket 401 Authentication failed!",
    ]);
    await near.stop();
  });
});

describe("another node", () => {
  test("is spoken to only when its certificate is the known one", async () => {
    const remote = defineMethod({
      path: "/nodes/{node}/hi",
      method: "GET",
      name: "h",
      description: "",
      proxyto: "node",
      permissions: all,
      parameters: { node: { type: "string" } },
      returns: {},
      handler: ({ node }) => `hi from ${node}`,
    });
    const far = await startTestServer({
      methods: [remote],
      rights,
      dispatcher: { nodeName: "n2" },
      server: { tls: { identity: testIdentity() } },
    });
    const { X509Certificate } = await import("node:crypto");
    const { fingerprint256 } = new X509Certificate(testIdentity().cert);
    for (const { fingerprint, want } of [
      { fingerprint: fingerprint256, want: 200 },
      { fingerprint: fingerprint256.replace(/^../, "00"), want: 599 },
    ]) {
      const near = await startTestServer({
        methods: [remote],
        rights,
        server: {
          forwarder: new Forwarder({
            daemon: { port: 1 },
            log: silentLogger,
            resolveNode: async () => ({ host: "127.0.0.1", port: far.port, fingerprint }),
          }),
        },
      });
      const response = await fetch(`http://127.0.0.1:${near.port}/api2/json/nodes/n2/hi`, { headers });
      expect(response.status).toBe(want);
      if (want === 200) expect(await response.json()).toEqual({ data: "hi from n2" });
      else expect(response.statusText).toContain("another fingerprint");
      await near.stop();
    }
    await far.stop();
  });
});

describe("streams", () => {
  test("another upgrade than to WebSocket is an ordinary request", async () => {
    expect(statusLine(await ask("GET", "/api2/json/version", { Connection: "close, Upgrade", Upgrade: "h2c" }))).toBe(
      "HTTP/1.1 200 OK",
    );
  });

  test("a stop does not wait for them", async () => {
    const own = await startTestServer({ methods, rights });
    const response = await fetch(`http://127.0.0.1:${own.port}/api2/json/stream`, { headers });
    const ended = response.text().catch(() => "cut off");
    await own.stop();
    expect(await ended).toBe("cut off");
  });

  test("an event stream flows, and its source ends with the client", async () => {
    const abort = new AbortController();
    const socket = connectTls({ port: proxy.port, host: "127.0.0.1", rejectUnauthorized: false });
    const first = new Promise<string>((resolve) => {
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk;
        if (text.includes("data: 1")) resolve(text);
      });
    });
    socket.write(`GET /api2/json/stream HTTP/1.1\r\nHost: x\r\nCookie: ${cookie()}\r\n\r\n`);
    expect(await first).toContain("Content-Type: text/event-stream");
    abort.abort();
    socket.destroy();
    await gone;
  });
});

describe("WebSockets", () => {
  const open = (ticket: string) =>
    new WebSocket(`wss://127.0.0.1:${proxy.port}/api2/json/console?ticket=${ticket}`, "binary", {
      rejectUnauthorized: false,
      headers,
    });

  test("join the method's stream and end with it", async () => {
    const socket = open("ok");
    const got = new Promise<string>((resolve) => socket.once("message", (data) => resolve(String(data))));
    await new Promise((resolve) => socket.once("open", resolve));
    expect(socket.protocol).toBe("binary");
    socket.send("abc");
    expect(await got).toBe("<abc>");
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.close();
    await closed;
  });

  test.each([
    { name: "a bad console ticket", start: () => open("no"), want: 401 },
    {
      name: "a path without one",
      start: () =>
        new WebSocket(`wss://127.0.0.1:${proxy.port}/api2/json/version`, { rejectUnauthorized: false, headers }),
      want: 501,
    },
    {
      name: "no login",
      start: () =>
        new WebSocket(`wss://127.0.0.1:${proxy.port}/api2/json/console?ticket=ok`, { rejectUnauthorized: false }),
      want: 401,
    },
  ])("$name is refused", async ({ start, want }) => {
    const socket = start();
    const status = await new Promise((resolve) =>
      socket.once("unexpected-response", (_, response) => resolve(response.statusCode)),
    );
    socket.on("error", () => {});
    socket.terminate();
    expect(status).toBe(want);
  });

  test("a client that does not read holds the stream back", async () => {
    const socket = new WebSocket(`wss://127.0.0.1:${proxy.port}/api2/json/flood`, {
      rejectUnauthorized: false,
      headers,
    });
    await new Promise((resolve) => socket.once("open", resolve));
    socket.pause();
    let before = -1;
    // It settles where every buffer on the way is full.
    await expect
      .poll(
        () => {
          const isSettled = before === flooded;
          before = flooded;
          return isSettled;
        },
        { interval: 200, timeout: 15_000 },
      )
      .toBe(true);
    expect(flooded).toBeGreaterThan(0);
    expect(flooded).toBeLessThan(32 * 1024 * 1024);
    socket.resume();
    const held = flooded;
    await expect.poll(() => flooded).toBeGreaterThan(held);
    socket.terminate();
  });

  test("a plain GET of one says what to do", async () => {
    expect(statusLine(await ask("GET", "/api2/json/console?ticket=ok"))).toBe("HTTP/1.1 426 Upgrade Required");
  });
});

describe("uploads", () => {
  const bytes = randomBytes(3 * 1024 * 1024);
  const part = (name: string, value: string | Buffer, file?: string): Buffer =>
    Buffer.concat([
      Buffer.from(
        `--b\r\nContent-Disposition: form-data; name="${name}"${file === undefined ? "" : `; filename="${file}"`}\r\n\r\n`,
      ),
      Buffer.from(value),
      Buffer.from("\r\n"),
    ]);
  const end = Buffer.from("--b--\r\n");
  const send = (body: Buffer, { user = "nina@pve", length = body.length, format = "json" } = {}): Promise<string> =>
    raw(
      Buffer.concat([
        Buffer.from(
          `POST /api2/${format}/nodes/n1/upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: ${cookie(user)}\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: ${length}\r\n\r\n`,
        ),
        body,
      ]),
    );
  const left = () => readdir(join(dir, "uploads"));

  test("the file is on disk when the method runs, under a name of ours", async () => {
    const reply = await send(Buffer.concat([part("content", "iso"), part("filename", bytes, "../my disk.iso"), end]));
    expect(reply).toContain('{"data":"UPID"}');
    const { tmpfilename, filename } = uploadParams as { tmpfilename: string; filename: string };
    expect(filename).toBe("my_disk.iso");
    expect(tmpfilename).toMatch(/^\/var\/tmp\/pveupload-[0-9a-f]{32}$/);
    const stored = await readFile(join(dir, "uploads", tmpfilename.slice("/var/tmp/".length)));
    expect(createHash("sha256").update(stored).digest("hex")).toBe(createHash("sha256").update(bytes).digest("hex"));
    for (const name of await left()) await rm(join(dir, "uploads", name));
  });

  test.each([
    {
      name: "without the right",
      body: [part("content", "iso"), part("filename", "x", "a.iso"), end],
      user: "olaf@pve",
      want: /^HTTP\/1\.1 403 /,
    },
    {
      name: "that the method refuses",
      body: [part("content", "zip"), part("filename", "x", "a.iso"), end],
      want: /^HTTP\/1\.1 400 .*content/s,
    },
    {
      name: "with a place of the client's choice",
      body: [part("content", "iso"), part("tmpfilename", "/var/tmp/pveupload-0"), part("filename", "x", "a.iso"), end],
      want: /^HTTP\/1\.1 400 .*tmpfilename/s,
    },
    {
      name: "under another field",
      body: [part("content", "iso"), part("file", "x", "a.iso"), end],
      want: /^HTTP\/1\.1 400 .*must be named/s,
    },
    { name: "without a file", body: [part("content", "iso"), end], want: /^HTTP\/1\.1 400 .*no file was sent/s },
  ])("a file $name leaves nothing behind", async ({ body, user = "nina@pve", want }) => {
    expect(await send(Buffer.concat(body), { user })).toMatch(want);
    expect(await left()).toEqual([]);
  });

  test("nobody names another one's file: neither without a form nor beside one", async () => {
    const place = "tmpfilename=/var/tmp/pveupload-0123456789abcdef";
    const refused = /^HTTP\/1\.1 400 .*tmpfilename/s;
    uploadParams = undefined;
    expect(await ask("POST", "/api2/json/nodes/n1/upload", form, `content=iso&filename=a.iso&${place}`)).toMatch(
      refused,
    );
    const multipart = Buffer.concat([part("content", "iso"), part("filename", "x", "a.iso"), end]).toString();
    const type = { "Content-Type": "multipart/form-data; boundary=b" };
    expect(await ask("POST", `/api2/json/nodes/n1/upload?${place}`, type, multipart)).toMatch(refused);
    expect(uploadParams).toBeUndefined();
    expect(await left()).toEqual([]);
  });

  test("a refusal reaches a client that is still sending", async () => {
    const body = Buffer.concat([part("file", Buffer.alloc(16 << 20), "a.iso"), end]);
    expect(await send(body)).toMatch(/^HTTP\/1\.1 400 .*must be named/s);
    expect(await left()).toEqual([]);
  });

  test("a form without a boundary is the client's mistake", async () => {
    const reply = await raw(
      `POST /api2/json/nodes/n1/upload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: ${cookie()}\r\nContent-Type: multipart/form-data\r\nContent-Length: 2\r\n\r\nxx`,
    );
    expect(reply).toMatch(/^HTTP\/1\.1 400 .*Boundary not found/s);
  });

  test.each(["extjs", "htmljs"])("a refusal in the format %s leaves nothing behind", async (format) => {
    const body = Buffer.concat([part("content", "zip"), part("filename", "x", "a.iso"), end]);
    expect(await send(body, { format })).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*success.{1,6}:0/);
    await expect.poll(left).toEqual([]);
  });

  test("one that breaks off leaves nothing behind", async () => {
    const socket = connectTls({ port: proxy.port, host: "127.0.0.1", rejectUnauthorized: false });
    socket.on("error", () => {});
    const body = Buffer.concat([part("content", "iso"), part("filename", bytes, "a.iso")]);
    socket.write(
      `POST /api2/json/nodes/n1/upload HTTP/1.1\r\nHost: x\r\nCookie: ${cookie()}\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: ${body.length * 2}\r\n\r\n`,
    );
    socket.write(body);
    await expect.poll(left, { timeout: 10_000 }).toHaveLength(1);
    socket.destroy();
    await expect.poll(left, { timeout: 10_000 }).toEqual([]);
  });
});

describe("the web interface", () => {
  test("any path gives the start page, which must be asked for anew", async () => {
    const reply = await ask("GET", "/nodes/n1/summary", { Cookie: "" });
    expect(reply).toMatch(
      /^HTTP\/1\.1 200 OK\r\n[\s\S]*Cache-Control: no-cache\r\n[\s\S]*Content-Security-Policy: default-src 'self'[\s\S]*<p>start<\/p>$/,
    );
  });

  test("files named by their content are kept for ever, missing ones are missing", async () => {
    expect(await ask("GET", "/assets/a-123.js")).toContain("Cache-Control: public, max-age=31536000, immutable");
    expect(await ask("GET", "/assets/a-123.js", { "Accept-Encoding": "gzip" })).toContain("Content-Encoding: gzip");
    expect(statusLine(await ask("GET", "/assets/b.js"))).toBe("HTTP/1.1 404 Not Found");
    expect(statusLine(await ask("GET", "/assets/../../access.log"))).toBe("HTTP/1.1 404 Not Found");
  });

  test("what has not changed is not sent", async () => {
    const since = { "If-Modified-Since": new Date(1_000_000_000).toUTCString() };
    expect(statusLine(await ask("GET", "/", since))).toBe("HTTP/1.1 304 NOT MODIFIED");
  });
});

test("the access log has a line for each request, without secrets", async () => {
  await ask("GET", "/api2/json/console?ticket=ok&vncticket=s3cret");
  await ask("GET", '/api2/json/version?_dc="');
  await accessLog.close();
  const lines = (await readFile(join(dir, "access.log"), "utf8")).split("\n");
  expect(lines.join("\n")).toContain("console?ticket=...&vncticket=... HTTP");
  const line = lines.findLast((text) => text.includes("version?_dc="));
  expect(line).toMatch(
    /^127\.0\.0\.1 - nina@pve \[\d\d\/\d\d\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET \/api2\/json\/version\?_dc=%22 HTTP\/1\.1" 200 24$/,
  );
});
