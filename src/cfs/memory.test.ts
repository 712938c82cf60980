import { describe, expect, test } from "vitest";
import { memoryClusterFs } from "./memory.ts";
import { CfsError, type CfsEvent, FileChangedError } from "./port.ts";

const errnoOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "ok",
    (error: unknown) => (error instanceof CfsError ? error.errno : String(error)),
  );

describe("ClusterFs on a tree in memory", () => {
  test("reads back what was written, with its digest and a new version each time", async () => {
    const cfs = memoryClusterFs({ nodeName: "n1" });
    await cfs.write("storage.cfg", "a");
    const first = await cfs.read("storage.cfg");
    expect(first?.data.toString()).toBe("a");
    expect(first?.digest).toBe("86f7e437faa5a7fce15d1ddcb9eaeaea377667b8");
    await cfs.write("storage.cfg", "a");
    expect((await cfs.read("storage.cfg"))?.version).not.toBe(first?.version);
  });

  test("a missing file reads as undefined, a missing directory as well", async () => {
    const cfs = memoryClusterFs({ nodeName: "n1" });
    expect(await cfs.read("nope")).toBeUndefined();
    expect(await cfs.list("nope")).toBeUndefined();
    expect(await errnoOf(cfs.remove("nope"))).toBe("ENOENT");
    expect(await errnoOf(cfs.write("nope/x", "1"))).toBe("ENOENT");
  });

  test("compare and swap refuses another digest and an existing file", async () => {
    const cfs = memoryClusterFs({ nodeName: "n1", files: { "user.cfg": "one" } });
    const { digest = "" } = (await cfs.read("user.cfg")) ?? {};
    await cfs.write("user.cfg", "two", { ifDigest: digest });
    await expect(cfs.write("user.cfg", "three", { ifDigest: digest })).rejects.toBeInstanceOf(FileChangedError);
    await expect(cfs.write("user.cfg", "three", { ifDigest: null })).rejects.toBeInstanceOf(FileChangedError);
    await cfs.write("new.cfg", "x", { ifDigest: null });
    expect((await cfs.read("user.cfg"))?.data.toString()).toBe("two");
    expect((await cfs.read("new.cfg"))?.data.toString()).toBe("x");
  });

  test("links are followed and events name the real path before the write is answered", async () => {
    const cfs = memoryClusterFs({ nodeName: "n1" });
    const events: CfsEvent[] = [];
    cfs.watch((event) => events.push(event));
    await cfs.write("qemu-server/100.conf", "memory: 512\n");
    expect(events).toEqual([
      { kind: "entry", path: "nodes/n1/qemu-server/100.conf" },
      { kind: "file", path: "nodes/n1/qemu-server/100.conf" },
    ]);
    expect((await cfs.read("local/qemu-server/100.conf"))?.data.toString()).toBe("memory: 512\n");
    expect((await cfs.guests()).get(100)).toEqual({ vmid: 100, node: "n1", type: "qemu", version: 2 });
    expect(await cfs.guestProperties(["memory", "name"])).toEqual(new Map([[100, { memory: "512" }]]));
  });

  test("a VMID belongs to one node; a rename moves it", async () => {
    const cfs = memoryClusterFs({ nodeName: "n1", files: { "qemu-server/100.conf": "name: a\n" } });
    await cfs.mkdir("nodes/n2/qemu-server");
    await expect(cfs.write("nodes/n2/qemu-server/100.conf", "")).rejects.toThrow("VM 100 already exists on node 'n1'");
    await cfs.rename("qemu-server/100.conf", "nodes/n2/qemu-server/100.conf");
    expect((await cfs.guests()).get(100)?.node).toBe("n2");
  });

  test("a name that its bytes would not give back is refused: stored, it would be another one's", async () => {
    const cfs = memoryClusterFs({ nodeName: "n1" });
    for (const name of ["\ud800", "a\udc00", "\udcc3\udca9", "\ud83d\ude00\ude00"]) {
      expect(await errnoOf(cfs.write(name, "1")), JSON.stringify(name)).toBe("EINVAL");
      expect(await errnoOf(cfs.mkdir(`d/${name}`))).toBe("EINVAL");
      await cfs.write("a", "1");
      expect(await errnoOf(cfs.rename("a", name))).toBe("EINVAL");
    }
    for (const name of ["\udcff", "\udcc3", "\ud83d\ude00", "\ufffd"]) await cfs.write(name, "1");
  });

  test("a path that nobody could name to the kernel is refused, before any of it is made", async () => {
    const cfs = memoryClusterFs({ nodeName: "n1" });
    expect(await errnoOf(cfs.mkdir("a/".repeat(20_000)))).toBe("ENAMETOOLONG");
    expect(await cfs.list("a")).toBeUndefined();
    const deep = "a/".repeat(2047);
    await cfs.mkdir(deep);
    await cfs.write(`${deep}f`, "1");
    expect(await errnoOf(cfs.write(`${deep}ff`, "1"))).toBe("ENAMETOOLONG");
  });

  test("private files are refused on a read-only connection, tokens can be checked", async () => {
    const cfs = memoryClusterFs({
      nodeName: "n1",
      files: { "priv/token.cfg": "root@pam!t secret\n" },
      isReadOnly: true,
    });
    expect(await errnoOf(cfs.read("priv/token.cfg"))).toBe("EACCES");
    expect(await errnoOf(cfs.list("priv"))).toBe("EACCES");
    expect(await cfs.verifyToken("root@pam!t", "secret")).toBe(true);
    expect(await cfs.verifyToken("root@pam!t", "secre")).toBe(false);
    expect(await cfs.verifyToken("root@pam!t secret\nx", "y")).toBe(false);
  });

  test("status values, the RRD dump and the cluster log", async () => {
    const cfs = memoryClusterFs({ nodeName: "n1" });
    await cfs.publish("kv/x", "1");
    await cfs.publish("rrd/pve-node-9.0/n1", "1:2:3");
    expect(await cfs.status("kv/x")).toBe("1");
    expect(await cfs.status("kv/x", "n2")).toBeUndefined();
    expect(await cfs.statusOfAll("kv/x")).toEqual(new Map([["n1", "1"]]));
    expect(await cfs.rrd()).toEqual(new Map([["pve-node-9.0/n1", ["1", "2", "3"]]]));
    expect(await errnoOf(cfs.publish("big", "x".repeat(32769)))).toBe("EFBIG");
    await cfs.log({ priority: 5, ident: "root@pam", tag: "test", message: 'a "b" \\ ü' });
    const [newest, first] = await cfs.readLog();
    expect(newest).toMatchObject({ user: "root@pam", tag: "test", node: "n1", pri: 5, msg: 'a "b" \\ ü' });
    expect(first?.msg).toBe("starting cluster log");
    expect(await cfs.readLog({ user: "root@pam" })).toHaveLength(1);
  });
});

describe("cluster locks", () => {
  test("one holder at a time, in the order of asking", async () => {
    const cfs = memoryClusterFs({ nodeName: "n1" });
    const order: string[] = [];
    await Promise.all(
      ["a", "b", "c"].map((name) =>
        cfs.lock("file-user_cfg", async () => {
          order.push(`+${name}`);
          expect(await cfs.list("priv/lock")).toEqual([{ name: "file-user_cfg", type: "directory" }]);
          order.push(`-${name}`);
        }),
      ),
    );
    expect(order).toEqual(["+a", "-a", "+b", "-b", "+c", "-c"]);
    expect(await cfs.list("priv/lock")).toEqual([]);
  });

  test("a lock held by someone else times out, and is had at once when it is released", async () => {
    const cfs = memoryClusterFs({ nodeName: "n1" });
    await cfs.mkdir("priv/lock/storage-x");
    await expect(cfs.lock("storage-x", async () => 1, { timeoutMs: 20 })).rejects.toThrow(
      "cfs-lock 'storage-x' error: got lock request timeout",
    );
    const waiting = cfs.lock("storage-x", async () => "had", { timeoutMs: 60_000 });
    await cfs.remove("priv/lock/storage-x");
    expect(await waiting).toBe("had");
  });

  test("the lock is released when the work fails, and its error is passed unchanged", async () => {
    const cfs = memoryClusterFs({ nodeName: "n1" });
    await expect(cfs.lock("domain-x", () => Promise.reject(new Error("mine")))).rejects.toThrow("mine");
    expect(await cfs.list("priv/lock")).toEqual([]);
  });
});
