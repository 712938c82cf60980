import { mkdtempSync, rmSync, statSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { silentLogger } from "../../log/logger.ts";
import { SingleMemberGroup } from "../group.ts";
import { CfsError, type CfsEvent, FileChangedError } from "../port.ts";
import { Replica } from "../replica.ts";
import type { RequestClusterFs } from "../request-client.ts";
import { RequestHandler } from "../request-handler.ts";
import { memoryStore } from "../store/port.ts";
import { Tree } from "../tree/tree.ts";
import { checkRequest } from "./check-request.ts";
import { connectClusterFs } from "./client.ts";
import { encodeFrame, FrameError, FrameReader } from "./frames.ts";
import { type IpcBackend, IpcServer } from "./server.ts";

let directory = "";
let servers: IpcServer[] = [];
let clients: RequestClusterFs[] = [];
/** Requests that came through to the tree. */
let calls = 0;
let warnings: string[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "quorate-ipc-"));
  warnings = [];
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all(servers.map((server) => server.stop()));
  servers = [];
  clients = [];
  rmSync(directory, { recursive: true, force: true });
});

const path = (): string => join(directory, "sock");

function newReplica(): Replica {
  return new Replica({
    nodeName: "n1",
    tree: new Tree(),
    store: memoryStore,
    group: new SingleMemberGroup("n1"),
    clock: { now: () => 1_700_000_000, monotonic: () => performance.now() / 1000 },
    log: silentLogger,
    pid: 1,
  });
}

async function serve(replica = newReplica(), { isReadOnly = false, mode = 0o600 } = {}): Promise<IpcServer> {
  const handler = new RequestHandler(replica, () => ({ isMounted: false }));
  const server: IpcServer = new IpcServer({
    path: path(),
    mode,
    isReadOnly,
    log: { ...silentLogger, warn: (_fields, text) => void warnings.push(text) },
    onWatching() {},
    backend: {
      nodeName: "n1",
      call: (request, body, readOnly) =>
        new Promise((resolve) => {
          calls += 1;
          handler.handle(request, body, { isReadOnly: readOnly }, (reply, replyBody) =>
            resolve(replyBody === undefined ? { reply } : { reply, body: replyBody }),
          );
          replica.flush();
        }),
    },
  });
  replica.listen({ seen() {}, events: (events) => tellAll(server, events) });
  await server.start();
  servers.push(server);
  return server;
}

async function serveWith(call: IpcBackend["call"]): Promise<void> {
  const backend = { nodeName: "n1", call };
  const server = new IpcServer({
    path: path(),
    mode: 0o600,
    isReadOnly: false,
    log: silentLogger,
    onWatching() {},
    backend,
  });
  servers.push(server);
  await server.start();
}

function tellAll(server: IpcServer, events: readonly CfsEvent[]): void {
  for (const event of events) server.tell(event);
}

function connect(connectTimeoutMs?: number): RequestClusterFs {
  const client = connectClusterFs({
    socketPath: path(),
    nodeName: "n1",
    ...(connectTimeoutMs === undefined ? {} : { connectTimeoutMs }),
  });
  clients.push(client);
  return client;
}

async function errnoOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "ok";
  } catch (error) {
    return error instanceof CfsError ? error.errno : String(error);
  }
}

describe("a client of root's socket", () => {
  test("writes, reads, lists, renames, removes, and gets the errors of the mount", async () => {
    await serve();
    const cfs = connect();
    await cfs.mkdir("nodes/n1/qemu-server");
    await cfs.write("qemu-server/100.conf", "name: ü\n");
    expect((await cfs.read("nodes/n1/qemu-server/100.conf"))?.data.toString()).toBe("name: ü\n");
    expect(await cfs.list("qemu-server")).toEqual([{ name: "100.conf", type: "file" }]);
    await cfs.rename("qemu-server/100.conf", "local/a");
    expect(await errnoOf(cfs.remove("nodes/n1/qemu-server/100.conf"))).toBe("ENOENT");
    await expect(cfs.write("local/a", "x", { ifDigest: "0" })).rejects.toBeInstanceOf(FileChangedError);
    expect(await errnoOf(cfs.write("big", Buffer.alloc((1 << 20) + 1)))).toBe("EFBIG");
    await cfs.write("full", Buffer.alloc(1 << 20, 7));
    expect((await cfs.read("full"))?.data.equals(Buffer.alloc(1 << 20, 7))).toBe(true);
  });

  test("the socket is for its owner alone", async () => {
    await serve();
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  test("hears of every change before its own answer comes, another one's as well", async () => {
    await serve();
    const writer = connect();
    const watcher = connect();
    const events: CfsEvent[] = [];
    watcher.watch((event) => events.push(event));
    await watcher.info();
    await writer.write("a", "1");
    await watcher.info();
    expect(events).toEqual([
      { kind: "entry", path: "a" },
      { kind: "file", path: "a" },
    ]);
    await watcher.publish("tasklist", "x");
    expect(events.at(-1)).toEqual({ kind: "status", node: "n1", key: "tasklist" });
  });

  test("waits for a server that is not there yet, but not for ever", async () => {
    const early = connect();
    const reading = early.read("a");
    await serve();
    expect(await reading).toBeUndefined();
    await servers.pop()?.stop();
    expect(await errnoOf(connect(50).read("a"))).toBe("EIO");
  });

  test("is told to drop everything after a lost connection, and goes on", async () => {
    const replica = newReplica();
    const first = await serve(replica);
    const cfs = connect();
    const events: CfsEvent[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    cfs.watch((event) => {
      events.push(event);
      if (event.kind === "resync") resolve();
    });
    await cfs.write("a", "1");
    await first.stop();
    servers = [];
    await serve(replica);
    await promise;
    expect((await cfs.read("a"))?.data.toString()).toBe("1");
    await cfs.write("a", "2");
    expect(events.at(-1)).toEqual({ kind: "file", path: "a" });
  });

  test("a change whose answer was lost is reported as such, a question is asked again", async () => {
    let connections = 0;
    const sockets: Socket[] = [];
    const half: Server = createServer((socket) => {
      connections += 1;
      sockets.push(socket);
      const reader = new FrameReader(1 << 20);
      socket.on("data", (chunk: Buffer) => {
        for (const { header } of reader.push(chunk)) {
          const message = JSON.stringify(header);
          if (message.includes('"hello"'))
            socket.write(encodeFrame({ kind: "hello", version: 1, nodeName: "n1", isReadOnly: false }));
          else if (connections === 1) socket.destroy();
          else socket.write(encodeFrame({ kind: "reply", id: Number(/"id":(\d+)/.exec(message)?.[1]), reply: {} }));
        }
      });
    });
    await new Promise<void>((resolve) => half.listen(path(), resolve));
    const cfs = connect();
    await expect(cfs.write("a", "1")).rejects.toThrow("cannot tell whether write a was done");
    connections = 0;
    await Promise.all(
      sockets.map(
        (socket) =>
          new Promise<void>((resolve) =>
            socket.destroyed ? resolve() : socket.destroy().once("close", () => resolve()),
          ),
      ),
    );
    expect(await cfs.read("a")).toBeUndefined();
    expect(connections).toBe(2);
    await cfs.close();
    await new Promise<void>((resolve) => half.close(() => resolve()));
  });
});

describe("a client of everyone's socket", () => {
  test("may read, list, watch and check tokens, and nothing else", async () => {
    const replica = newReplica();
    await serve(replica, { isReadOnly: true, mode: 0o660 });
    replica.submit(
      {
        operations: [
          { kind: "mkdir", path: "priv" },
          { kind: "create", path: "priv/token.cfg" },
          { kind: "write", path: "priv/token.cfg", offset: 0, data: Buffer.from("u!t s\n"), truncate: true },
        ],
      },
      () => {},
    );
    replica.flush();
    const cfs = connect();
    expect(statSync(path()).mode & 0o777).toBe(0o660);
    expect(await errnoOf(cfs.read("priv/token.cfg"))).toBe("EACCES");
    expect(await errnoOf(cfs.list("priv"))).toBe("EACCES");
    expect(await errnoOf(cfs.read("/priv//token.cfg"))).toBe("EACCES");
    expect(await cfs.verifyToken("u!t", "s")).toBe(true);
    expect((await cfs.read(".version"))?.data.toString()).toContain("starttime");
    expect((await cfs.health())?.isWritable).toBe(true);
    const changes: Promise<unknown>[] = [
      cfs.write("a", "1"),
      cfs.remove("priv/token.cfg"),
      cfs.rename("priv/token.cfg", "x"),
      cfs.mkdir("d"),
      cfs.publish("k", "v"),
      cfs.log({ priority: 6, ident: "x", tag: "x", message: "x" }),
    ];
    expect(await Promise.all(changes.map(errnoOf))).toEqual(changes.map(() => "EPERM"));
  });

  test("hears nothing of private names, but for those that .version counts", async () => {
    const replica = newReplica();
    await serve(replica, { isReadOnly: true });
    const cfs = connect();
    const events: CfsEvent[] = [];
    cfs.watch((event) => events.push(event));
    await cfs.info();
    replica.submit(
      { operations: ["priv", "priv/secret"].map((name) => ({ kind: "mkdir", path: name }) as const) },
      () => {},
    );
    replica.submit({ operations: [{ kind: "create", path: "priv/token.cfg" }] }, () => {});
    replica.submit({ operations: [{ kind: "create", path: "user.cfg" }] }, () => {});
    replica.flush();
    await cfs.info();
    expect(events).toEqual([
      { kind: "entry", path: "priv/token.cfg" },
      { kind: "entry", path: "user.cfg" },
    ]);
  });
});

/** Speaks the protocol by hand, until there are so many answers or the connection is closed. */
async function talk(count: number, ...messages: (object | Buffer)[]): Promise<unknown[]> {
  const socket = createConnection(path());
  const reader = new FrameReader(1 << 22);
  const answers: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on("data", (chunk: Buffer) => {
    for (const { header } of reader.push(chunk)) answers.push(header);
    if (answers.length >= count) resolve();
  });
  socket.on("close", () => resolve());
  for (const message of messages) socket.write(Buffer.isBuffer(message) ? message : encodeFrame(message));
  await promise;
  socket.destroy();
  return answers;
}

const idOf = (answer: unknown): number => Number(/"id":(\d+)/.exec(JSON.stringify(answer))?.[1] ?? -1);

async function open(): Promise<{ socket: Socket; isClosed: Promise<void> }> {
  const socket = createConnection(path());
  // What is written behind the server's end is lost.
  socket.on("error", () => {});
  const isClosed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
  return { socket, isClosed };
}

const hello = { kind: "hello", oldest: 1, newest: 1, client: "test" };

describe("old and new versions together", () => {
  test("a newer client's hello, fields and operations do not disturb an older server", async () => {
    await serve();
    const answers = await talk(
      3,
      { ...hello, newest: 7, features: ["shiny"] },
      { kind: "request", id: 1, trace: "x", request: { op: "mkdir", path: "d", acl: { a: 1 } } },
      { kind: "request", id: 2, request: { op: "compact", path: "d" } },
    );
    expect(answers.sort((a, b) => idOf(a) - idOf(b))).toEqual([
      { kind: "hello", version: 1, nodeName: "n1", isReadOnly: false },
      { kind: "reply", id: 1, reply: {} },
      { kind: "reply", id: 2, reply: { error: expect.objectContaining({ code: "unsupported" }) } },
    ]);
  });

  test("a message of a kind that is not known yet is ignored", async () => {
    await serve();
    const info = { kind: "request", id: 1, request: { op: "info" } };
    const answers = await talk(2, hello, { kind: "subscribe", filter: "x" }, info);
    expect(answers).toEqual([
      expect.objectContaining({ kind: "hello" }),
      expect.objectContaining({ kind: "reply", id: 1 }),
    ]);
  });

  test("a newer server's fields and messages do not disturb an older client", async () => {
    const newer = createServer((socket) => {
      const reader = new FrameReader(1 << 20);
      socket.on("data", (chunk: Buffer) => {
        for (const { header } of reader.push(chunk)) {
          const text = JSON.stringify(header);
          if (text.includes('"hello"')) {
            socket.write(encodeFrame({ kind: "hello", version: 1, nodeName: "n1", isReadOnly: false, build: "2.0" }));
            socket.write(encodeFrame({ kind: "weather", mood: "sunny" }));
          } else {
            const reply = { entries: [{ name: "a", type: "file", color: "red" }], quota: 5 };
            socket.write(encodeFrame({ kind: "reply", id: Number(/"id":(\d+)/.exec(text)?.[1]), reply, cost: 3 }));
          }
        }
      });
    });
    await new Promise<void>((resolve) => newer.listen(path(), resolve));
    const cfs = connect();
    expect((await cfs.list("x"))?.map(({ name, type }) => `${name} ${type}`)).toEqual(["a file"]);
    await cfs.close();
    await new Promise<void>((resolve) => newer.close(() => resolve()));
  });

  test("without a common version both say so", async () => {
    await serve();
    expect(await talk(2, { ...hello, oldest: 9, newest: 12 })).toEqual([
      { kind: "goodbye", reason: "pmxcfs speaks protocol 1 to 1, the client 9 to 12" },
    ]);
  });
});

describe("bad input", () => {
  test.each([
    ["no hello", [{ kind: "request", id: 1, request: { op: "info" } }]],
    ["a frame that is too long", [Buffer.from([0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0])]],
    ["a header that is longer than its frame", [Buffer.from([8, 0, 0, 0, 0xff, 0, 0, 0, 1, 2, 3, 4])]],
    ["a header that is not JSON", [Buffer.concat([Buffer.from([6, 0, 0, 0, 2, 0, 0, 0]), Buffer.from("{x")])]],
  ])("%s ends the connection, and only that one", async (_name, messages) => {
    await serve();
    const answers = await talk(2, ...messages);
    expect(answers).toEqual([expect.objectContaining({ kind: "goodbye" })]);
    expect(await connect().list("")).toBeDefined();
  });

  test("behind what ends a connection nothing is done any more", async () => {
    const replica = newReplica();
    const server = await serve(replica);
    const { socket, isClosed } = await open();
    const write = encodeFrame({ kind: "request", id: 1, request: { op: "write", path: "a" } }, Buffer.from("1"));
    socket.write(Buffer.concat([encodeFrame({ kind: "request", id: 0, request: {} }), encodeFrame(hello), write]));
    socket.write(write);
    socket.resume();
    await isClosed;
    expect(replica.head.lookup("a")).toBeUndefined();
    await server.stop();
    servers = [];
  });

  test("a client that asks and never reads is not served on, and does not keep the server from stopping", async () => {
    const replica = newReplica();
    const server = await serve(replica);
    const cfs = connect();
    await cfs.write("big", Buffer.alloc(1 << 20));
    const before = calls;
    const { socket, isClosed } = await open();
    socket.pause();
    socket.write(encodeFrame(hello));
    const question = encodeFrame({ kind: "request", id: 1, request: { op: "read", path: "big" } });
    socket.write(Buffer.concat(Array.from({ length: 2000 }, () => question)));
    // Others are served all the while; by then the server has read what it will.
    for (let i = 0; i < 200; i += 1) await cfs.info();
    expect(calls - before - 200).toBeLessThan(100);
    const start = performance.now();
    await server.stop();
    servers = [];
    expect(performance.now() - start).toBeLessThan(2000);
    socket.destroy();
    await isClosed;
  });

  test("clients that do not read together cost no more than the server's share, and those that do are served", async () => {
    const replica = newReplica();
    await serve(replica);
    const cfs = connect();
    await cfs.write("big", Buffer.alloc(1 << 20));
    const before = calls;
    const question = encodeFrame({ kind: "request", id: 1, request: { op: "read", path: "big" } });
    const silent = await Promise.all(Array.from({ length: 30 }, () => open()));
    for (const { socket } of silent) {
      socket.pause();
      socket.write(Buffer.concat([encodeFrame(hello), ...Array.from({ length: 40 }, () => question)]));
    }
    // 128 MiB may wait for them; whoever waits longer for more is cut off.
    await expect.poll(() => warnings, { timeout: 10_000 }).toContain("clients read too slowly: the slowest is cut off");
    expect(calls - before).toBeLessThan(30 * 20);
    expect((await cfs.read("big"))?.data.length).toBe(1 << 20);
    for (const { socket } of silent) socket.destroy();
  });

  test("only so many questions of all clients are under way, and the rest follow", async () => {
    const answers: (() => void)[] = [];
    await serveWith(() => new Promise((resolve) => answers.push(() => resolve({ reply: {} }))));
    const asking = Array.from({ length: 20 }, () => connect()).flatMap((cfs) =>
      Array.from({ length: 20 }, () => cfs.info()),
    );
    await expect.poll(() => answers.length).toBe(128);
    while (answers.length > 0) {
      expect(answers.length).toBeLessThanOrEqual(128);
      answers.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await Promise.all(asking)).toHaveLength(400);
  });

  test("questions do not wait for changes that wait for the disk", async () => {
    await serveWith((request) => (request.op === "info" ? Promise.resolve({ reply: {} }) : new Promise(() => {})));
    const cfs = connect();
    for (let i = 0; i < 200; i += 1) cfs.write(`f${i}`, "x").catch(() => {});
    expect((await cfs.info()).isQuorate).toBe(false);
  });

  test("only so many changes of a client are under way, and the rest follow", async () => {
    const answers: (() => void)[] = [];
    await serveWith(() => new Promise((resolve) => answers.push(() => resolve({ reply: {} }))));
    const cfs = connect();
    const changes = Array.from({ length: 400 }, (_, index) => cfs.write(`f${index}`, "x"));
    await expect.poll(() => answers.length).toBe(256);
    while (answers.length > 0) {
      expect(answers.length).toBeLessThanOrEqual(256);
      answers.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await Promise.all(changes)).toHaveLength(400);
  });

  test("a client that reads late gets every answer", async () => {
    const replica = newReplica();
    await serve(replica);
    await connect().write("big", Buffer.alloc(1 << 18, 7));
    const { socket } = await open();
    socket.pause();
    socket.write(encodeFrame(hello));
    const ids = Array.from({ length: 300 }, (_, id) => id);
    socket.write(
      Buffer.concat(ids.map((id) => encodeFrame({ kind: "request", id, request: { op: "read", path: "big" } }))),
    );
    await connect().info();
    const reader = new FrameReader(64 << 20);
    const { promise, resolve } = Promise.withResolvers<void>();
    const got: number[] = [];
    socket.on("data", (chunk: Buffer) => {
      for (const { header, body } of reader.push(chunk)) if (body !== undefined) got.push(idOf(header));
      if (got.length === ids.length) resolve();
    });
    socket.resume();
    await promise;
    expect(got).toEqual(ids);
    socket.destroy();
  });

  test("requests that lack something are refused by name", async () => {
    await serve();
    const requests: object[] = [
      { op: "read" },
      { op: "utime", path: "a", mtime: -1 },
      { op: "guestProperties", names: "name" },
      {},
      { op: "toString" },
    ];
    const answers = await talk(6, hello, ...requests.map((request, id) => ({ kind: "request", id, request })));
    expect(
      answers
        .sort((a, b) => idOf(a) - idOf(b))
        .slice(1)
        .map((answer) => JSON.stringify(answer).match(/"code":"([a-z]+)"/)?.[1]),
    ).toEqual(["malformed", "malformed", "malformed", "malformed", "unsupported"]);
  });

  test("whatever JSON comes, a request is checked completely or refused", () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const checked = checkRequest(value);
        expect("problem" in checked || typeof checked.op === "string").toBe(true);
      }),
    );
  });

  test("frames survive any way of being cut", () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
    fc.assert(
      fc.property(bodies, fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (sent, cuts) => {
        const stream = Buffer.concat(sent.map((body, id) => encodeFrame({ id }, body)));
        const reader = new FrameReader(1 << 20);
        const got: Buffer[] = [];
        for (let at = 0, i = 0; at < stream.length; i += 1) {
          const size = cuts[i % cuts.length] ?? 1;
          for (const { body } of reader.push(Buffer.from(stream.subarray(at, at + size))))
            got.push(Buffer.from(body ?? []));
          at += size;
        }
        expect(got).toEqual(sent.map((body) => Buffer.from(body)));
      }),
    );
  });

  test("a frame's limit counts its prefix", () => {
    expect(() => new FrameReader(16).push(encodeFrame({ a: "0123456789" }))).toThrow(FrameError);
  });
});
