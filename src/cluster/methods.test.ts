import { PassThrough, type Readable } from "node:stream";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeWorld, type Reply, type World } from "../access/access-world.testing.ts";
import { CachedFiles } from "../cfs/cached-files.ts";
import { memoryClusterFs } from "../cfs/memory.ts";
import type { ClusterFs } from "../cfs/port.ts";
import { silentLogger } from "../log/logger.ts";
import { parseCorosyncConfig } from "./corosync-config.ts";
import { openEventStream } from "./events.ts";
import { clusterMethods } from "./methods.ts";
import { ClusterResources } from "./resources.ts";

const NOW = 1_800_000_000;
const USERS = `user:nina@pve:1:0:::::
user:otto@pve:1:0:::::
pool:lab::100::
acl:1:/vms/100:nina@pve:PVEVMUser:
acl:1:/storage/local:nina@pve:PVEDatastoreUser:
`;
const NODE_FIELDS = ["5000", "", String(NOW - 5), "0.5", "4", "0.25", "0.01", "8000", "3000", "0", "0", "900", "300"];
const VM_FIELDS = [
  "60",
  "web",
  "running",
  "0",
  String(NOW - 5),
  "2",
  "0.5",
  "2048",
  "1024",
  "4096",
  "0",
  "1",
  "2",
  "3",
  "4",
];

let cfs: ClusterFs;
let world: World;
let resources: ClusterResources;
let warnings: unknown[];
beforeEach(() => {
  warnings = [];
  const files = {
    "qemu-server/100.conf": "name: web\nmemory: 2048\ntags: a;b\n",
    "qemu-server/101.conf": "memory: 1024\ncores: 2\nsockets: 2\n",
  };
  cfs = memoryClusterFs({ nodeName: "n1", files });
  const rrd = async (): Promise<Map<string, string[]>> =>
    new Map([
      ["pve-node-9.0/n1", NODE_FIELDS],
      ["pve-vm-9.0/100", VM_FIELDS],
      ["pve-storage-9.0/n1/local", [String(NOW - 5), "1000", "400"]],
      ["pve-storage-9.0/n1/old", [String(NOW - 500), "1000", "400"]],
    ]);
  cfs.rrd = rrd;
  const storage = { type: "dir", content: new Set(["iso", "backup"]), isShared: false, isEnabled: true };
  resources = new ClusterResources({
    cfs,
    storages: async () => [
      { ...storage, storage: "local" },
      { ...storage, storage: "old" },
      { ...storage, storage: "off", isEnabled: false },
      { ...storage, storage: "elsewhere", nodes: new Set(["n2"]) },
    ],
  });
  const files2 = new CachedFiles(cfs);
  world = makeWorld({
    files: { "user.cfg": USERS },
    otherMethods: clusterMethods({
      cfs,
      files: files2,
      resources,
      now: () => NOW,
      log: { ...silentLogger, warn: (fields) => void warnings.push(fields) },
      address: () => "192.0.2.7",
    }),
  });
});
afterEach(() => world.close());
const get = (path: string, params = {}, as = "root@pam"): Promise<Reply> => world.call("GET", path, params, as);
type Row = Record<string, unknown>;

describe("/cluster/resources", () => {
  const rows = async (params = {}, as = "root@pam"): Promise<Map<string, Row>> =>
    new Map(((await get("/cluster/resources", params, as)).data as Row[]).map((row) => [String(row.id), row]));

  test("a measured guest, one that is not measured yet, the node and its storages", async () => {
    const all = await rows();
    expect([...all.keys()].sort()).toEqual(["node/n1", "qemu/100", "qemu/101", "storage/n1/local", "storage/n1/old"]);
    expect(all.get("qemu/100")).toEqual({
      ...{ id: "qemu/100", type: "qemu", vmid: 100, node: "n1", name: "web", template: 0, tags: "a;b", pool: "lab" },
      ...{ status: "running", uptime: 60, maxcpu: 2, cpu: 0.5, maxmem: 2048, mem: 1024, maxdisk: 4096, disk: 0 },
      ...{ netin: 1, netout: 2, diskread: 3, diskwrite: 4 },
    });
    expect(all.get("qemu/101")).toMatchObject({
      name: "VM 101",
      status: "stopped",
      maxcpu: 4,
      maxmem: 1024 << 20,
      uptime: 0,
    });
    expect(all.get("node/n1")).toEqual({
      ...{ id: "node/n1", type: "node", node: "n1", status: "online", level: "", uptime: 5000, maxcpu: 4, cpu: 0.25 },
      ...{ maxmem: 8000, mem: 3000, maxdisk: 900, disk: 300 },
    });
    expect(all.get("storage/n1/local")).toMatchObject({
      status: "available",
      maxdisk: 1000,
      disk: 400,
      content: "backup,iso",
      shared: 0,
    });
    expect(all.get("storage/n1/old")).toMatchObject({ status: "unknown" });
    expect(all.get("storage/n1/old")).not.toHaveProperty("disk");
  });

  test("by kind, and only what the caller may see", async () => {
    expect([...(await rows({ type: "vm" })).keys()]).toEqual(["qemu/100", "qemu/101"]);
    expect([...(await rows({}, "nina@pve")).keys()].sort()).toEqual(["qemu/100", "storage/n1/local"]);
    expect((await rows({}, "otto@pve")).size).toBe(0);
    expect((await get("/cluster/resources", { type: "moon" })).status).toBe(400);
  });
});

test("containers are listed from their configs, for whom may see them", async () => {
  await cfs.write("nodes/n1/lxc/103.conf", "hostname: ct\nmemory: 256\ncores: 2\ntags: old\n");
  const list = await get("/nodes/n1/lxc");
  expect(list.data).toEqual([
    {
      ...{ vmid: 103, name: "ct", status: "stopped", template: 0, tags: "old", cpus: 2, cpu: 0 },
      ...{ maxmem: 256 << 20, mem: 0, maxdisk: 0, disk: 0, uptime: 0 },
    },
  ]);
  expect((await get("/nodes/n1/lxc", {}, "nina@pve")).data).toEqual([]);
});

describe("/cluster/nextid", () => {
  test("gives the lowest free id within the range that is set, and tells whether one is free", async () => {
    expect((await get("/cluster/nextid")).data).toBe("102");
    expect((await get("/cluster/nextid", { vmid: 200 })).data).toBe("200");
    expect((await get("/cluster/nextid", { vmid: 100 })).errors).toEqual({ vmid: "VM 100 already exists" });
    expect((await get("/cluster/nextid", { vmid: 99 })).status).toBe(400);
    await cfs.write("datacenter.cfg", "next-id: lower=500,upper=501\n");
    expect((await get("/cluster/nextid")).data).toBe("500");
    await cfs.write("qemu-server/500.conf", "");
    expect(await get("/cluster/nextid")).toMatchObject({
      status: 500,
      reason: "unable to get any free VMID in range [500, 501]",
    });
  });
});

describe("/cluster/options", () => {
  const set = (params: object, as = "root@pam"): Promise<Reply> =>
    world.call("PUT", "/cluster/options", { ...params }, as);

  test("are set, shown taken apart, and reset", async () => {
    expect(
      (await set({ keyboard: "de", migration: "secure,network=192.0.2.0/24", max_workers: 3, description: "a\nb" }))
        .status,
    ).toBe(200);
    expect((await cfs.read("datacenter.cfg"))?.data.toString()).toBe(
      "#a\n#b\nkeyboard: de\nmax_workers: 3\nmigration: secure,network=192.0.2.0/24\n",
    );
    expect((await get("/cluster/options")).data).toEqual({
      keyboard: "de",
      max_workers: 3,
      description: "a\nb",
      migration: { type: "secure", network: "192.0.2.0/24" },
      mac_prefix: "BC:24:11",
      "allowed-tags": [],
    });
    await set({ delete: "keyboard,description" });
    expect((await cfs.read("datacenter.cfg"))?.data.toString()).not.toContain("keyboard");
  });

  test("a change says which lines of the file it leaves out", async () => {
    await cfs.write("datacenter.cfg", "keyboard: de\nnonsense: 1\n");
    await set({ console: "vv" });
    expect((await cfs.read("datacenter.cfg"))?.data.toString()).toBe("console: vv\nkeyboard: de\n");
    expect(warnings).toEqual([{ warning: "file datacenter.cfg line 2 - unknown option 'nonsense'" }]);
  });

  test("no value breaks the file's lines, an empty one resets its option", async () => {
    await set({ keyboard: "de", email_from: "a@example.net" });
    expect((await set({ "consent-text": "yes\nkeyboard: fr" })).errors).toEqual({
      "consent-text": "value contains a line feed",
    });
    expect((await set({ email_from: "" })).status).toBe(200);
    expect((await cfs.read("datacenter.cfg"))?.data.toString()).toBe("keyboard: de\n");
  });

  test("flags in words are shown as numbers", async () => {
    await cfs.write("datacenter.cfg", "migration_unsecure: yes\ncrs: ha=static,ha-rebalance-on-start=on\n");
    expect((await get("/cluster/options")).data).toMatchObject({
      migration_unsecure: 1,
      crs: { ha: "static", "ha-rebalance-on-start": 1 },
    });
  });

  test("wrong ones are refused by name, strangers altogether", async () => {
    expect((await set({ keyboard: "xx" })).errors).toHaveProperty("keyboard");
    expect((await set({ delete: "nothing" })).errors).toHaveProperty("delete");
    expect((await set({ keyboard: "de", delete: "keyboard" })).status).toBe(400);
    expect((await set({ keyboard: "de" }, "nina@pve")).status).toBe(403);
    await set({ keyboard: "de", console: "html5" });
    expect((await get("/cluster/options", {}, "nina@pve")).data).toEqual({
      console: "html5",
      mac_prefix: "BC:24:11",
      "allowed-tags": [],
    });
  });
});

describe("/cluster/status, tasks, log", () => {
  test("a node alone is a cluster of one row", async () => {
    expect((await get("/cluster/status")).data).toEqual([
      { type: "node", id: "node/n1", name: "n1", local: 1, nodeid: 0, online: 1, level: "", ip: "192.0.2.7" },
    ]);
    expect((await get("/cluster/status", {}, "nina@pve")).status).toBe(403);
  });

  test("tasks are shown to their owners and to auditors", async () => {
    const task = (user: string, starttime: number): object => ({
      upid: `u${starttime}`,
      user,
      starttime,
      endtime: 9,
      status: "OK",
    });
    await cfs.publish("tasklist", JSON.stringify([task("root@pam", 1), task("nina@pve", 2)]));
    const shown = async (as: string): Promise<unknown> =>
      ((await get("/cluster/tasks", {}, as)).data as Row[]).map(({ upid }) => upid);
    expect(await shown("root@pam")).toEqual(["u2", "u1"]);
    expect(await shown("nina@pve")).toEqual(["u2"]);
    expect(await shown("otto@pve")).toEqual([]);
  });

  test("a task list that is damaged hides no other node's", async () => {
    await cfs.publish("tasklist", "[{");
    expect(await get("/cluster/tasks")).toMatchObject({ status: 200, data: [] });
  });

  test("the log is shown whole with Sys.Syslog, else as far as it is one's own", async () => {
    await cfs.log({ priority: 6, ident: "root@pam", tag: "x", message: "by root" });
    await cfs.log({ priority: 6, ident: "nina@pve", tag: "x", message: "by nina" });
    const shown = async (params: object, as: string): Promise<unknown> =>
      ((await get("/cluster/log", params, as)).data as Row[])
        .map(({ msg }) => msg)
        .filter((msg) => String(msg).startsWith("by"));
    expect(await shown({}, "root@pam")).toEqual(["by nina", "by root"]);
    expect(await shown({ max: 1 }, "root@pam")).toEqual(["by nina"]);
    expect(await shown({}, "nina@pve")).toEqual(["by nina"]);
  });
});

describe("/cluster/config", () => {
  test("a node alone has no cluster to describe, and says so to who wants to join", async () => {
    expect((await get("/cluster/config/nodes")).data).toEqual([]);
    expect((await get("/cluster/config/totem")).data).toEqual({});
    expect((await get("/cluster/config/apiversion")).data).toBe(1);
    const reason = "node is not in a cluster, no join info available!";
    expect(await get("/cluster/config/join")).toMatchObject({ status: 424, reason });
    expect((await get("/cluster/config/nodes", {}, "nina@pve")).status).toBe(403);
  });

  test("what corosync.conf says is shown", async () => {
    await cfs.write(
      "corosync.conf",
      "# comment\nlogging {\n  debug: off\n}\n\nnodelist {\n  node {\n    name: n1\n    nodeid: 1\n    ring0_addr: 192.0.2.7\n  }\n  node {\n    name: n2\n    nodeid: 2\n  }\n}\n\n" +
        "totem {\n  cluster_name: lab\n  interface {\n    linknumber: 0\n    knet_link_priority: 5\n  }\n  version: 2\n}\n",
    );
    expect((await get("/cluster/config/nodes")).data).toEqual([
      { node: "n1", name: "n1", nodeid: "1", ring0_addr: "192.0.2.7" },
      { node: "n2", name: "n2", nodeid: "2" },
    ]);
    expect((await get("/cluster/config/totem")).data).toEqual({
      cluster_name: "lab",
      version: "2",
      interface: { 0: { linknumber: "0", knet_link_priority: "5" } },
    });
    expect((await get("/cluster/config/join")).status).toBe(501);
  });

  test("no text makes its reader throw", () => {
    fc.assert(fc.property(fc.string(), (text) => parseCorosyncConfig(text).nodes.length >= 0));
    expect(parseCorosyncConfig("}\n}\nnode {").nodes).toEqual([]);
  });
});

describe("the event stream", () => {
  interface Event {
    readonly event: string;
    readonly data: Row[];
  }
  let table: { resources: (Row & { id: string })[]; tasks: Row[]; log: Row[] };
  const abort = (): AbortController => new AbortController();
  function openStream(signal: AbortSignal): Readable {
    const sources = {
      resources: async () => table.resources,
      tasks: async () => table.tasks,
      log: async () => table.log,
    };
    return openEventStream({ cfs, log: silentLogger, signal, sources });
  }
  async function read(stream: Readable, count: number): Promise<Event[]> {
    const events: Event[] = [];
    let text = "";
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
      text += String(chunk);
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const fields = /^id: \d+\nevent: (.*)\ndata: (.*)$/.exec(text.slice(0, end));
        text = text.slice(end + 2);
        if (fields?.[1] !== undefined) events.push({ event: fields[1], data: JSON.parse(fields[2] ?? "") as Row[] });
      }
      if (events.length >= count) break;
    }
    return events;
  }
  beforeEach(() => {
    table = {
      resources: [
        { id: "a", n: 1 },
        { id: "b", n: 1 },
      ],
      tasks: [],
      log: [],
    };
  });

  test("tells everything first, then only what changed and what is gone", async () => {
    const stop = abort();
    const stream = openStream(stop.signal);
    expect(await read(stream, 3)).toEqual([
      {
        event: "resources",
        data: [
          { id: "a", n: 1 },
          { id: "b", n: 1 },
        ],
      },
      { event: "tasks", data: [] },
      { event: "log", data: [] },
    ]);
    table.resources = [{ id: "a", n: 2 }];
    await cfs.publish("anything", "1");
    expect(await read(stream, 2)).toEqual([
      { event: "resources", data: [{ id: "a", n: 2 }] },
      { event: "removed", data: ["b"] },
    ]);
    table.tasks = [{ upid: "u" }];
    await cfs.publish("tasklist", "1");
    expect(await read(stream, 1)).toEqual([{ event: "tasks", data: [{ upid: "u" }] }]);
    stop.abort();
    expect(stream.destroyed).toBe(true);
  });

  test("ends when rights change, so that the caller is checked again", async () => {
    const stream = openStream(abort().signal);
    await read(stream, 3);
    await cfs.write("user.cfg", "user:nina@pve:0:0:::::\n");
    expect(await read(stream, 1)).toEqual([]);
    expect(stream.readableEnded).toBe(true);
  });

  test("of a client that has gone already is closed at once and watches nothing", async () => {
    let watchers = 0;
    const counting: Pick<ClusterFs, "watch"> = {
      watch: (listener) => {
        watchers += 1;
        const unwatch = cfs.watch(listener);
        return () => {
          watchers -= 1;
          unwatch();
        };
      },
    };
    const stop = abort();
    stop.abort();
    const sources = { resources: async () => [], tasks: async () => [], log: async () => [] };
    const stream = openEventStream({ cfs: counting, log: silentLogger, signal: stop.signal, sources });
    expect(stream.destroyed).toBe(true);
    expect(watchers).toBe(0);
    expect(stream).toBeInstanceOf(PassThrough);
  });
});
