/** Whatever a client sends, the storage methods answer in order: no handler breaks, and nothing on disk changes hands. */
import { readdirSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLogger } from "../../log/logger.ts";
import { makeLayout } from "../../os/layout.ts";
import { startTestServer, type TestServer } from "../../rest/rest.testing.ts";
import { storageMethods } from "../index.ts";
import { makeStorageRoom, type StorageRoom } from "../storage-room.testing.ts";

let room: StorageRoom;
let server: TestServer;
const broken: unknown[] = [];

beforeAll(async () => {
  room = makeStorageRoom();
  await room.configure("dir: local\n\tpath /var/lib/vz\n\tcontent images,iso,backup\n\nlvm: vg\n\tvgname vg0\n");
  await room.storages.activate(["local"]);
  server = await startTestServer({
    methods: METHODS(),
    dispatcher: { role: "daemon" },
    log: { ...silentLogger, error: (fields) => void broken.push(fields) },
  });
});
afterAll(async () => {
  await server.stop();
  room.close();
});

const METHODS = () =>
  storageMethods({
    storages: room.storages,
    cfs: room.cfs,
    tasks: { start: async () => "UPID:n1" },
    layout: makeLayout({ root: room.root, nodeName: "n1", isRootUser: false }),
    log: silentLogger,
  });

const text = fc.oneof(
  fc.constantFrom(
    "local",
    "vg",
    "none",
    "..",
    "local:iso/a.iso",
    "100/vm-100-disk-0.raw",
    "local:../x",
    "iso/%2e%2e/a.iso",
  ),
  fc.constantFrom(
    "0",
    "-1",
    "99999999999999999999",
    "1e9",
    "8G",
    "keep-last=1",
    "qcow2",
    "images",
    "dir",
    "\0",
    "a\nb",
    "ü",
  ),
  fc.string({ maxLength: 40, unit: "binary" }),
);

test("400 malformed requests", async () => {
  const methods = METHODS().filter(({ path }) => !path.includes("url"));
  const request = fc.constantFrom(...methods).chain((method) =>
    fc.record({
      method: fc.constant(method),
      path: fc.record({ storage: fc.oneof(fc.constantFrom("local", "vg", "none"), text), volume: text }),
      given: fc.dictionary(fc.constantFrom(...Object.keys(method.parameters), "bogus"), text, { maxKeys: 6 }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(request, async ({ method, path, given }) => {
      const url = method.path.replace(/\{(\w+)\}/g, (_, name: string) =>
        name === "node"
          ? "n1"
          : encodeURIComponent(name === "volume" ? path.volume : path.storage).replaceAll(".", "%2E"),
      );
      const query = new URLSearchParams(given).toString();
      const hasBody = method.method === "POST" || method.method === "PUT";
      const response = await fetch(`http://127.0.0.1:${server.port}/api2/json${url}${hasBody ? "" : `?${query}`}`, {
        method: method.method,
        headers: {
          cookie: "PVEAuthCookie=TEST:root@pam",
          ...(hasBody ? { "content-type": "application/x-www-form-urlencoded" } : {}),
        },
        ...(hasBody ? { body: query } : {}),
      });
      await response.arrayBuffer();
      expect([200, 400, 403, 500, 501]).toContain(response.status);
      // An error that no room has foreseen is logged as a broken method.
      expect(broken).toEqual([]);
    }),
    { numRuns: 400 },
  );
  expect(readdirSync(room.root).sort()).toEqual(["var"]);
});
