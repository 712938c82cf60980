import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeWorld, type World } from "../access/access-world.testing.ts";
import { CachedFiles } from "../cfs/cached-files.ts";
import { memoryClusterFs } from "../cfs/memory.ts";
import type { ClusterFs } from "../cfs/port.ts";
import { makeLayout } from "../os/layout.ts";
import { nodeMethods, versionMethods } from "./methods.ts";

const RELEASE = { version: "9.2.1", release: "9.2", repoid: "0123456789abcdef" };
const ROW = { id: "node/n1", node: "n1", type: "node", status: "online", cpu: 0.5, mem: 7 };
let root: string;
let cfs: ClusterFs;
let world: World;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "quorate-node-"));
  cfs = memoryClusterFs({ nodeName: "n1" });
  const files = new CachedFiles(cfs);
  const layout = { ...makeLayout({ root, nodeName: "n1", isRootUser: false }), hostEtcHosts: join(root, "hosts") };
  writeFileSync(layout.hostEtcHosts, "192.0.2.1 here\n");
  world = makeWorld({
    files: { "user.cfg": "user:nina@pve:1:0:::::\nuser:otto@pve:1:0:::::\nacl:1:/nodes/n1:nina@pve:PVEAuditor:\n" },
    otherMethods: [
      ...versionMethods({ files, release: RELEASE }),
      ...nodeMethods({
        layout,
        cfs,
        files,
        release: RELEASE,
        nodeRows: async () => [ROW],
        fingerprint: async () => "AB:CD",
      }),
    ],
  });
});
afterEach(() => {
  world.close();
  rmSync(root, { recursive: true, force: true });
});

test("everybody sees the nodes, their figures only who may audit them", async () => {
  const list = async (as: string) => (await world.call("GET", "/nodes", {}, as)).data;
  const shown = { id: "node/n1", node: "n1", type: "node", status: "online", ssl_fingerprint: "AB:CD" };
  expect(await list("nina@pve")).toEqual([{ ...shown, cpu: 0.5, mem: 7 }]);
  expect(await list("otto@pve")).toEqual([shown]);
});

test("the hosts file is read where it is written", async () => {
  const digest = createHash("sha1").update("192.0.2.1 here\n").digest("hex");
  expect((await world.call("GET", "/nodes/n1/hosts")).data).toEqual({ data: "192.0.2.1 here\n", digest });
});

describe("/version", () => {
  const version = async (): Promise<unknown> => (await world.call("GET", "/version", {}, "otto@pve")).data;

  test("tells the datacenter's console where there is one that exists", async () => {
    expect(await version()).toEqual(RELEASE);
    await cfs.write("datacenter.cfg", "console: html5\n");
    expect(await version()).toEqual({ ...RELEASE, console: "html5" });
    await cfs.write("datacenter.cfg", "console: teletype\n");
    expect(await version()).toEqual(RELEASE);
  });
});
