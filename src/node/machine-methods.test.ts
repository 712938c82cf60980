/** The machine's files in a directory of the test's: a layout says where they are. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeWorld, type Reply, type World } from "../access/access-world.testing.ts";
import { memoryClusterFs } from "../cfs/memory.ts";
import type { ClusterFs } from "../cfs/port.ts";
import { type Layout, makeLayout } from "../os/layout.ts";
import { magicPacket } from "../os/wake-on-lan.ts";
import { nodeConfigMethods } from "./config-methods.ts";
import { machineTimezone, printResolver, utcOffsetSeconds } from "./machine-files.ts";
import { guestTraffic, machineMethods } from "./machine-methods.ts";
import { parseResolver } from "./methods.ts";
import { parseNodeConfig, printNodeConfig } from "./node-config.ts";

let root: string;
let cfs: ClusterFs;
let machine: Layout;
const worlds: World[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "quorate-machine-"));
  cfs = memoryClusterFs({ nodeName: "n1" });
  for (const directory of ["zoneinfo/Europe", "lock"]) mkdirSync(join(root, directory), { recursive: true });
  for (const zone of ["UTC", "Europe/Vienna"]) writeFileSync(join(root, "zoneinfo", zone), "");
  symlinkSync(join(root, "zoneinfo/UTC"), join(root, "localtime"));
  writeFileSync(join(root, "hosts"), "127.0.0.1 localhost\n");
  writeFileSync(join(root, "resolv.conf"), "domain old.example\nnameserver 192.0.2.1\noptions timeout:1\n");
  machine = {
    ...makeLayout({ root: "/", nodeName: "n1", isRootUser: false }),
    hostEtcHosts: join(root, "hosts"),
    hostResolvConf: join(root, "resolv.conf"),
    hostLocaltime: join(root, "localtime"),
    hostTimezone: join(root, "timezone"),
    hostZoneinfo: join(root, "zoneinfo"),
    etcHostsLock: join(root, "lock/hosts.lck"),
  };
});
afterEach(() => {
  for (const world of worlds.splice(0)) world.close();
  rmSync(root, { recursive: true, force: true });
});

function worldOf(layout: Layout): World {
  const world = makeWorld({ otherMethods: [...machineMethods({ layout }), ...nodeConfigMethods({ cfs })] });
  worlds.push(world);
  return world;
}
const call = (verb: string, path: string, params = {}, as = "root@pam"): Promise<Reply> =>
  worldOf(machine).call(verb, `/nodes/n1/${path}`, params, as);

describe("hosts", () => {
  test("are replaced as a whole", async () => {
    expect(await call("POST", "hosts", { data: "::1 six\n" })).toMatchObject({ status: 200 });
    expect(readFileSync(machine.hostEtcHosts, "utf8")).toBe("::1 six\n");
  });

  test("stay as they are on a full disk, which is named", async () => {
    const temporary = `${machine.hostEtcHosts}.tmp.${process.pid}`;
    symlinkSync("/dev/full", temporary);
    const reply = await call("POST", "hosts", { data: "::1 six\n" });
    expect(reply).toMatchObject({
      status: 500,
      reason: expect.stringContaining(`cannot write ${machine.hostEtcHosts}: `),
    });
    expect(readFileSync(machine.hostEtcHosts, "utf8")).toBe("127.0.0.1 localhost\n");
    expect(existsSync(temporary)).toBe(false);
  });

  test("that changed since they were read are left alone", async () => {
    const reply = await call("POST", "hosts", { data: "x\n", digest: "0".repeat(40) });
    expect(reply).toMatchObject({ status: 500, reason: expect.stringContaining("detected modified configuration") });
    expect(readFileSync(machine.hostEtcHosts, "utf8")).toBe("127.0.0.1 localhost\n");
  });
});

describe("name servers", () => {
  test("are replaced, and other settings stay", async () => {
    const reply = await call("PUT", "dns", { search: "new.example", dns1: "192.0.2.53", dns2: "2001:db8::53" });
    expect(reply).toMatchObject({ status: 200 });
    expect(readFileSync(machine.hostResolvConf, "utf8")).toBe(
      "search new.example\nnameserver 192.0.2.53\nnameserver 2001:db8::53\noptions timeout:1\n",
    );
  });

  test("cannot bring other settings with them", async () => {
    const reply = await call("PUT", "dns", { search: "a\nnameserver 203.0.113.66" });
    expect(reply).toMatchObject({ status: 400, errors: { search: expect.any(String) } });
    expect(readFileSync(machine.hostResolvConf, "utf8")).toContain("192.0.2.1");
  });

  test("are read back as they were set", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9.-]{0,20}$/);
    fc.assert(
      fc.property(name, fc.array(fc.ipV4(), { maxLength: 3 }), fc.string(), (search, servers, before) => {
        const read = parseResolver(printResolver(before, { search, servers }));
        expect(read).toEqual({ search, ...Object.fromEntries(servers.map((ip, index) => [`dns${index + 1}`, ip])) });
      }),
    );
  });
});

describe("the time zone", () => {
  test("is a link and a name", async () => {
    expect(await call("PUT", "time", { timezone: "Europe/Vienna" })).toMatchObject({ status: 200 });
    expect(readlinkSync(machine.hostLocaltime)).toBe(join(root, "zoneinfo/Europe/Vienna"));
    expect(readFileSync(machine.hostTimezone, "utf8")).toBe("Europe/Vienna\n");
    expect(machineTimezone(machine)).toBe("Europe/Vienna");
  });

  test.each(["Europe/Nowhere", "../hosts", "/etc/passwd", "", "."])("'%s' is refused", async (timezone) => {
    expect(await call("PUT", "time", { timezone })).toMatchObject({ status: 400 });
    expect(readlinkSync(machine.hostLocaltime)).toBe(join(root, "zoneinfo/UTC"));
  });

  test("is what the zone file says where there is no link into the zones", () => {
    rmSync(machine.hostLocaltime);
    writeFileSync(machine.hostTimezone, "Asia/Kolkata\n");
    expect(machineTimezone(machine)).toBe("Asia/Kolkata");
    writeFileSync(machine.hostTimezone, "nonsense\n");
    expect(machineTimezone(machine)).toBe("UTC");
  });

  const offsets = [
    ["UTC", 1_795_000_000, 0],
    ["Europe/Vienna", Date.UTC(2026, 0, 1) / 1000, 3600],
    ["Europe/Vienna", Date.UTC(2026, 6, 1) / 1000, 7200],
    ["Asia/Kolkata", 1_795_000_000, 19_800],
    ["America/St_Johns", Date.UTC(2026, 0, 1) / 1000, -12_600],
  ] as const;
  test.each(offsets)("%s at %i is %i s ahead of UTC", (zone, time, want) => {
    expect(utcOffsetSeconds(zone, time)).toBe(want);
  });
});

describe("a node below a directory", () => {
  const changes: [string, string, object][] = [
    ["POST", "hosts", { data: "x" }],
    ["PUT", "dns", { search: "x.example" }],
    ["PUT", "time", { timezone: "Europe/Vienna" }],
    ["POST", "status", { command: "reboot" }],
  ];
  test.each(changes)("leaves its machine alone: %s %s", async (verb, path, params) => {
    const { isSystem: _, ...paths } = machine;
    const world = worldOf({ ...paths, isSystem: false, root: "/srv/node" });
    const reply = await world.call(verb, `/nodes/n1/${path}`, { ...params });
    expect(reply).toMatchObject({ status: 501, reason: expect.stringContaining("leaves its machine alone") });
    expect(readFileSync(machine.hostEtcHosts, "utf8")).toBe("127.0.0.1 localhost\n");
    expect(lstatSync(machine.hostLocaltime).isSymbolicLink()).toBe(true);
  });
});

test("only who may modify the node changes its machine", async () => {
  const world = makeWorld({
    files: { "user.cfg": "user:nina@pve:1:0:::::\nacl:1:/:nina@pve:PVEAuditor:\n" },
    otherMethods: machineMethods({ layout: machine }),
  });
  worlds.push(world);
  const reply = await world.call("POST", "/nodes/n1/hosts", { data: "x" }, "nina@pve");
  expect(reply).toMatchObject({ status: 403, reason: "Permission check failed (/nodes/n1, Sys.Modify)" });
});

test("a guest's traffic is counted from the guest's side", () => {
  const counters = new Map([
    ["lo", { receivedBytes: 1, sentBytes: 1 }],
    ["tap100i0", { receivedBytes: 10, sentBytes: 20 }],
    ["veth101i3", { receivedBytes: 30, sentBytes: 40 }],
    ["tap100i0p", { receivedBytes: 5, sentBytes: 5 }],
  ]);
  expect(guestTraffic(counters)).toEqual([
    { vmid: "100", dev: "net0", in: 20, out: 10 },
    { vmid: "101", dev: "net3", in: 40, out: 30 },
  ]);
});

describe("a node's options", () => {
  test("are set, shown and reset, with their digest", async () => {
    await call("PUT", "config", {
      "ballooning-target": 70,
      description: "first\nsecond: ä",
      wakeonlan: "02:00:00:00:00:01",
    });
    const text = (await cfs.read("nodes/n1/config"))?.data.toString("utf8");
    expect(text).toBe("#first\n#second%3A %C3%A4\nballooning-target: 70\nwakeonlan: 02:00:00:00:00:01\n");
    const { data } = await call("GET", "config");
    expect(data).toEqual({
      "ballooning-target": 70,
      description: "first\nsecond: ä",
      wakeonlan: "02:00:00:00:00:01",
      digest: (await cfs.read("nodes/n1/config"))?.digest,
    });
    await call("PUT", "config", { delete: "description,wakeonlan" });
    expect((await cfs.read("nodes/n1/config"))?.data.toString("utf8")).toBe("ballooning-target: 70\n");
  });

  test("one alone is shown with the digest", async () => {
    await cfs.write("nodes/n1/config", "ballooning-target: 70\nlocation: latitude=1,longitude=2\n");
    expect((await call("GET", "config", { property: "ballooning-target" })).data).toMatchObject({
      "ballooning-target": 70,
    });
    expect((await call("GET", "config", { property: "ballooning-target" })).data).not.toHaveProperty("location");
  });

  const refused: [string, object, string][] = [
    ["an unknown one to reset", { delete: "nonsense" }, "delete"],
    ["one to set and reset", { delete: "description", description: "x" }, "description"],
    ["a share above all", { "ballooning-target": 101 }, "ballooning-target"],
    ["no address to wake", { wakeonlan: "tomorrow" }, "wakeonlan"],
  ];
  test.each(refused)("refused: %s", async (_, params, name) => {
    const reply = await call("PUT", "config", { ...params });
    expect(reply.status).toBe(400);
    expect(Object.keys(reply.errors ?? {})).toEqual([name]);
    expect(await cfs.read("nodes/n1/config")).toBeUndefined();
  });

  test("an outdated digest changes nothing", async () => {
    await cfs.write("nodes/n1/config", "ballooning-target: 70\n");
    const reply = await call("PUT", "config", { "ballooning-target": 10, digest: "0".repeat(40) });
    expect(reply).toMatchObject({ status: 500, reason: expect.stringContaining("detected modified configuration") });
    expect((await cfs.read("nodes/n1/config"))?.data.toString()).toBe("ballooning-target: 70\n");
  });

  test("what is printed is read back, whatever the notes say", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.integer({ min: 0, max: 100 }), (description, target) => {
        const config = { description, "ballooning-target": String(target) };
        const data = Buffer.from(printNodeConfig(config));
        expect(parseNodeConfig({ data, digest: "", mtime: 0, version: 0n })).toEqual(config);
      }),
    );
  });
});

describe("waking a node", () => {
  test("is refused for the node itself and for one without an address", async () => {
    expect(await call("POST", "wakeonlan")).toMatchObject({
      status: 500,
      reason: expect.stringContaining("cannot wake"),
    });
    const reply = await worldOf(machine).call("POST", "/nodes/n2/wakeonlan");
    expect(reply).toMatchObject({ status: 500, reason: expect.stringContaining("No wake on LAN MAC address") });
  });

  test("says its address sixteen times", () => {
    const packet = magicPacket("02:00:00:00:00:0a");
    expect(packet.toString("hex")).toBe(`ffffffffffff${"02000000000a".repeat(16)}`);
  });
});
