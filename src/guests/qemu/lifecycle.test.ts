import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { targetSize } from "./resize.ts";
import { TestNode } from "./world.testing.ts";

let node: TestNode;
beforeEach(() => {
  node = new TestNode();
});
afterEach(() => node.close());

const GIB = 2 ** 30;

describe("destroy", () => {
  beforeEach(() => {
    for (const number of [0, 1, 2, 3]) node.storages.addVolume(`local:100/vm-100-disk-${number}.raw`, GIB);
    node.storages.addVolume("local:7/vm-7-disk-0.raw", GIB);
    node.storages.addVolume("local:iso/a.iso", GIB);
    node.putConfig(
      100,
      "ide2: local:iso/a.iso,media=cdrom\nscsi0: local:100/vm-100-disk-0.raw\nscsi1: local:7/vm-7-disk-0.raw\nunused0: local:100/vm-100-disk-1.raw\n\n[PENDING]\nscsi2: local:100/vm-100-disk-2.raw\n",
    );
    node.files.put("firewall/100.fw", "[OPTIONS]\n");
  });

  test("removes the VM, its own disks, its firewall rules and its rights, and nothing else", async () => {
    await node.call("DELETE", "/100");
    expect(node.tasks.outcome).toBe("OK");
    expect(node.config(100)).toBeUndefined();
    expect(node.files.text("firewall/100.fw")).toBeUndefined();
    expect(node.forgotten).toEqual([100]);
    expect(node.hotplug.cleared).toEqual([100]);
    const left = (await node.storages.list("local")).map((volume) => volume.volid);
    expect(left).toEqual(["local:100/vm-100-disk-3.raw", "local:7/vm-7-disk-0.raw", "local:iso/a.iso"]);
  });

  test("images that a backup left go too", async () => {
    node.storages.addVolume("local:100/vm-100-fleece-0.raw", GIB);
    node.putConfig(100, "cores: 1\n\n[special:fleecing]\nfleecing-images: local:100/vm-100-fleece-0.raw\n");
    await node.call("DELETE", "/100");
    expect(node.storages.has("local:100/vm-100-fleece-0.raw")).toBe(false);
  });

  test("disks that no config names go when asked", async () => {
    await node.call("DELETE", "/100", { "destroy-unreferenced-disks": "1" });
    expect(node.storages.has("local:100/vm-100-disk-3.raw")).toBe(false);
    expect(node.storages.has("local:7/vm-7-disk-0.raw")).toBe(true);
  });

  test("a disk that cannot be removed keeps the config, and a second try ends it", async () => {
    node.storages.failNext.set("free", "storage gone");
    await node.call("DELETE", "/100");
    expect(node.tasks.outcome).toContain("1 of its disks could not be removed");
    expect(node.config(100)).toContain("scsi0");
    expect(node.forgotten).toEqual([]);
    await node.call("DELETE", "/100");
    expect(node.config(100)).toBeUndefined();
  });

  const refused = [
    { name: "a running VM", before: () => node.hotplug.running.add(100), text: "VM 100 is running - destroy failed" },
    {
      name: "a protected VM",
      before: () => node.putConfig(100, "protection: 1\n"),
      text: "can't remove VM 100 - protection mode enabled",
    },
    { name: "a locked VM", before: () => node.putConfig(100, "lock: backup\n"), text: "VM is locked (backup)" },
  ];
  test.each(refused)("$name is refused", async ({ before, text }) => {
    before();
    await expect(node.call("DELETE", "/100")).rejects.toThrow(text);
    expect(node.config(100)).toBeDefined();
    expect(node.storages.has("local:100/vm-100-disk-0.raw")).toBe(true);
  });

  test("purge tells which jobs still name it", async () => {
    node.files.put("jobs.cfg", "vzdump: a\n\tvmid 100,101\n");
    await node.call("DELETE", "/100", { purge: "1" });
    expect(node.tasks.logs).toContain("WARN: VM 100 is still named in /etc/pve/jobs.cfg");
  });
});

describe("resize", () => {
  beforeEach(() => {
    node.storages.addVolume("local:100/vm-100-disk-0.raw", 4 * GIB);
    node.putConfig(100, "ide2: none,media=cdrom\nscsi0: local:100/vm-100-disk-0.raw,ssd=1,size=4G\n");
  });

  test("grows by an amount and to a size", async () => {
    await node.call("PUT", "/100/resize", { disk: "scsi0", size: "+1G" });
    expect(node.config(100)).toContain("scsi0: local:100/vm-100-disk-0.raw,size=5G,ssd=1\n");
    await node.call("PUT", "/100/resize", { disk: "scsi0", size: "6G" });
    expect(node.config(100)).toContain("size=6G");
    expect(node.hotplug.resized).toEqual([]);
  });

  test("tells a running guest", async () => {
    node.hotplug.running.add(100);
    await node.call("PUT", "/100/resize", { disk: "scsi0", size: "5G" });
    expect(node.hotplug.resized).toEqual([`100 scsi0 ${5 * GIB}`]);
  });

  test("never shrinks", async () => {
    await node.call("PUT", "/100/resize", { disk: "scsi0", size: "1G" });
    expect(node.tasks.outcome).toBe("shrinking disks is not supported");
    expect((await node.storages.info("local:100/vm-100-disk-0.raw")).sizeBytes).toBe(4 * GIB);
  });

  test("a size that was lost in the config is put right", async () => {
    node.putConfig(100, "scsi0: local:100/vm-100-disk-0.raw,size=1G\n");
    await node.call("PUT", "/100/resize", { disk: "scsi0", size: "4G" });
    expect(node.config(100)).toBe("scsi0: local:100/vm-100-disk-0.raw,size=4G\n");
  });

  const refused = [
    { name: "an optical drive", disk: "ide2", text: "you can't resize a cdrom" },
    { name: "a drive that is not there", disk: "scsi5", text: "disk 'scsi5' does not exist" },
  ];
  test.each(refused)("$name is refused", async ({ disk, text }) => {
    await expect(node.call("PUT", "/100/resize", { disk, size: "+1G" })).rejects.toThrow(text);
  });

  test.each([
    ["+512M", 1024, 1024 + 512 * 2 ** 20],
    ["1.5G", 1, 1.5 * GIB],
    ["2048", 1, 2048],
    ["x", 1, undefined],
  ])("size %s from %i bytes is %s", (text, current, want) => {
    expect(targetSize(text, current)).toBe(want);
  });
});

test("the list has what the caller may see, and QEMU's state only when asked", async () => {
  const guest = {
    name: "a",
    status: "running",
    qmpstatus: "paused",
    template: false,
    uptime: 1,
    cpu: 0.5,
    cpus: 2,
    mem: 1,
    maxmem: 2,
    disk: 0,
    maxdisk: 0,
    netin: 0,
    netout: 0,
    diskread: 0,
    diskwrite: 0,
    pressure: { cpusome: 1.5 },
    runningQemu: "10.1.2",
    balloon: 1,
    balloonMin: 1,
    freemem: 1,
    shares: 1000,
  } as const;
  node.listed.push(
    { ...guest, vmid: 100, type: "qemu" },
    { ...guest, vmid: 101, type: "qemu" },
    { ...guest, vmid: 102, type: "lxc" },
  );
  node.setRights({ "nina@pve": { "/vms/101": ["VM.Audit"] } });
  const rows = await node.call("GET", "", {}, "nina@pve");
  expect(rows).toEqual([expect.objectContaining({ vmid: 101, status: "running", pressurecpusome: 1.5 })]);
  expect(rows).not.toEqual([expect.objectContaining({ qmpstatus: "paused" })]);
  const full = await node.call("GET", "", { full: 1 }, "nina@pve");
  expect(full).toEqual([expect.objectContaining({ qmpstatus: "paused", "running-qemu": "10.1.2" })]);
  const unnamed = ["type", "pressure", "runningQemu", "balloon", "balloonMin", "freemem", "shares"];
  for (const name of unnamed) expect(full).not.toEqual([expect.objectContaining({ [name]: expect.anything() })]);
});
