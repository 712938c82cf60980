import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TestNode } from "./world.testing.ts";

let node: TestNode;
beforeEach(() => {
  node = new TestNode();
  node.storages.addStorage("fast");
  node.storages.addVolume("local:100/vm-100-disk-0.qcow2", 2 * GIB);
  node.storages.addVolume("local:iso/a.iso", GIB);
});
afterEach(() => node.close());

const GIB = 2 ** 30;
const SOURCE = `boot: order=scsi0
cores: 2
ide2: local:iso/a.iso,media=cdrom,size=1G
name: web
net0: virtio=BC:24:11:AA:AA:AA,bridge=vmbr0
parent: s1
scsi0: local:100/vm-100-disk-0.qcow2,iothread=1,size=2G
smbios1: uuid=11111111-1111-4111-8111-111111111111
unused0: local:100/vm-100-disk-9.raw
vmgenid: 22222222-2222-4222-8222-222222222222

[s1]
cores: 1
`;

describe("clone", () => {
  test("a copy has disks, address and identity of its own, and no history", async () => {
    node.putConfig(100, SOURCE);
    await node.call("POST", "/100/clone", { newid: 200, name: "copy", full: 1 });
    expect(node.tasks.outcome).toBe("OK");
    expect(node.config(200)).toBe(`boot: order=scsi0
cores: 2
ide2: local:iso/a.iso,media=cdrom,size=1G
meta: creation-qemu=7.2.22,ctime=1700000000
name: copy
net0: virtio=BC:24:11:01:02:03,bridge=vmbr0
scsi0: local:200/vm-200-disk-0.qcow2,format=qcow2,iothread=1,size=2G
smbios1: uuid=00000000-0000-4000-8000-000000000002
vmgenid: 00000000-0000-4000-8000-000000000001
`);
    expect(node.copies).toEqual(["qcow2 /memory/local/images/100/vm-100-disk-0.qcow2 -> qcow2 vm-200-disk-0.qcow2"]);
    expect(node.config(100)).toBe(SOURCE);
  });

  test("goes to another storage in another format", async () => {
    node.putConfig(100, SOURCE);
    await node.call("POST", "/100/clone", { newid: 200, storage: "fast", format: "raw" });
    expect(node.config(200)).toContain("name: Copy-of-VM-web\n");
    expect(node.config(200)).toContain("scsi0: fast:200/vm-200-disk-0.raw,format=raw,iothread=1,size=2G\n");
  });

  test("the source is locked while it is read", async () => {
    node.putConfig(100, SOURCE);
    const locks: boolean[] = [];
    const allocate = node.storages.allocate.bind(node.storages);
    node.storages.allocate = async (request) => {
      locks.push(node.config(100)?.includes("lock: clone\n") === true);
      return allocate(request);
    };
    await node.call("POST", "/100/clone", { newid: 200 });
    expect(locks).toEqual([true]);
  });

  test("one that fails leaves no trace, neither of the target nor on the source", async () => {
    node.putConfig(100, SOURCE);
    node.storages.failNext.set("allocate", "disk full");
    await node.call("POST", "/100/clone", { newid: 200 });
    expect(node.tasks.outcome).toBe("clone failed: scsi0: disk full");
    expect(node.config(200)).toBeUndefined();
    expect(node.config(100)).toBe(SOURCE);
  });

  test("a source that got locked meanwhile gives the id back", async () => {
    node.putConfig(100, SOURCE);
    node.files.beforeChange = (_what, path) => {
      if (path.endsWith("/200.conf") && node.config(200) === undefined) {
        node.files.beforeChange = () => {};
        node.putConfig(100, `lock: backup\n${SOURCE}`);
      }
    };
    await node.call("POST", "/100/clone", { newid: 200 });
    expect(node.tasks.outcome).toBe("clone failed: VM is locked (backup)");
    expect(node.config(200)).toBeUndefined();
  });

  const refused = [
    { name: "a running source", params: {}, before: () => node.hotplug.running.add(100), status: 501 },
    { name: "a snapshot", params: { snapname: "s1" }, before: () => {}, status: 501 },
    { name: "a limit", params: { bwlimit: 7 }, before: () => {}, status: 501 },
    { name: "another node", params: { target: "n2" }, before: () => {}, status: 501 },
    { name: "a linked clone", params: {}, before: () => node.putConfig(100, "template: 1\n"), status: 501 },
  ];
  test.each(refused)("$name is refused", async ({ params, before, status }) => {
    node.putConfig(100, SOURCE);
    before();
    await expect(node.call("POST", "/100/clone", { newid: 200, ...params })).rejects.toMatchObject({ status });
    expect(node.config(200)).toBeUndefined();
  });
});

describe("move_disk", () => {
  beforeEach(() => node.putConfig(100, "cores: 1\nscsi0: local:100/vm-100-disk-0.qcow2,size=2G,ssd=1\n"));

  test("the copy takes the place, the old one becomes unused", async () => {
    await node.call("POST", "/100/move_disk", { disk: "scsi0", storage: "fast" });
    expect(node.tasks.outcome).toBe("OK");
    expect(node.config(100)).toBe(
      "cores: 1\nscsi0: fast:100/vm-100-disk-0.raw,size=2G,ssd=1\nunused0: local:100/vm-100-disk-0.qcow2\n",
    );
  });

  test("or goes", async () => {
    await node.call("POST", "/100/move_disk", { disk: "scsi0", storage: "fast", delete: 1 });
    expect(node.config(100)).toBe("cores: 1\nscsi0: fast:100/vm-100-disk-0.raw,size=2G,ssd=1\n");
    expect(node.storages.has("local:100/vm-100-disk-0.qcow2")).toBe(false);
  });

  test("a disk of another VM is let go, not removed", async () => {
    node.storages.addVolume("local:7/vm-7-disk-0.raw", 2 * 2 ** 30);
    node.putConfig(100, "scsi0: local:7/vm-7-disk-0.raw,size=2G\n");
    await node.call("POST", "/100/move_disk", { disk: "scsi0", storage: "fast", delete: 1 });
    expect(node.tasks.outcome).toBe("OK");
    expect(node.storages.has("local:7/vm-7-disk-0.raw")).toBe(true);
  });

  test("on the same storage only with another format", async () => {
    const same = { disk: "scsi0", storage: "local" };
    await expect(node.call("POST", "/100/move_disk", same)).rejects.toThrow("same storage with same format");
    await node.call("POST", "/100/move_disk", { ...same, format: "raw", delete: 1 });
    expect(node.config(100)).toBe("cores: 1\nscsi0: local:100/vm-100-disk-1.raw,format=raw,size=2G,ssd=1\n");
  });

  test("a copy that fails changes nothing", async () => {
    node.storages.failNext.set("allocate", "disk full");
    await node.call("POST", "/100/move_disk", { disk: "scsi0", storage: "fast" });
    expect(node.tasks.outcome).toBe("scsi0: disk full");
    expect(node.config(100)).toBe("cores: 1\nscsi0: local:100/vm-100-disk-0.qcow2,size=2G,ssd=1\n");
  });

  test("the copy is listed before it exists", async () => {
    const listed: boolean[] = [];
    const allocate = node.storages.allocate.bind(node.storages);
    node.storages.allocate = async (request) => {
      listed.push(node.config(100)?.includes(`fast:100/${request.name}`) === true);
      return allocate(request);
    };
    await node.call("POST", "/100/move_disk", { disk: "scsi0", storage: "fast" });
    expect(listed).toEqual([true]);
  });
});
