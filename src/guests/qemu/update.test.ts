import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TestNode } from "./world.testing.ts";

let node: TestNode;
beforeEach(() => {
  node = new TestNode();
});
afterEach(() => node.close());

const GIB = 2 ** 30;
const put = (params: Record<string, unknown>) => node.call("PUT", "/100/config", params);

describe("a stopped VM", () => {
  test("takes changes at once", async () => {
    node.putConfig(100, "cores: 1\nname: a\n");
    await put({ cores: "4", delete: "name", description: "two\nlines" });
    expect(node.config(100)).toBe("#two\n#lines\ncores: 4\n");
  });

  test("a new disk is made, the one in its place becomes unused", async () => {
    node.storages.addVolume("local:100/vm-100-disk-0.raw", GIB);
    node.putConfig(100, "scsi0: local:100/vm-100-disk-0.raw,size=1G\n");
    await put({ scsi0: "local:2" });
    expect(node.config(100)).toBe("scsi0: local:100/vm-100-disk-1.raw,size=2G\nunused0: local:100/vm-100-disk-0.raw\n");
    expect(node.storages.has("local:100/vm-100-disk-1.raw")).toBe(true);
  });

  test("a removed disk becomes unused, and goes when that is removed too", async () => {
    node.storages.addVolume("local:100/vm-100-disk-0.raw", GIB);
    node.putConfig(100, "scsi0: local:100/vm-100-disk-0.raw,size=1G\n");
    await put({ delete: "scsi0" });
    expect(node.config(100)).toBe("unused0: local:100/vm-100-disk-0.raw\n");
    await put({ delete: "unused0" });
    expect(node.config(100)).toBe("");
    expect(node.storages.has("local:100/vm-100-disk-0.raw")).toBe(false);
  });

  test("with force a removed disk goes at once", async () => {
    node.storages.addVolume("local:100/vm-100-disk-0.raw", GIB);
    node.putConfig(100, "scsi0: local:100/vm-100-disk-0.raw,size=1G\n");
    await node.call("PUT", "/100/unlink", { idlist: "scsi0", force: "1" });
    expect(node.config(100)).toBe("");
    expect(node.storages.has("local:100/vm-100-disk-0.raw")).toBe(false);
  });

  test("a disk that cannot be removed stays listed", async () => {
    node.storages.addVolume("local:100/vm-100-disk-0.raw", GIB);
    node.putConfig(100, "scsi0: local:100/vm-100-disk-0.raw,size=1G\n");
    node.storages.failNext.set("free", "storage gone");
    await expect(put({ delete: "scsi0", force: "1" })).rejects.toThrow("storage gone");
    expect(node.config(100)).toBe("unused0: local:100/vm-100-disk-0.raw\n");
  });

  test("a disk that a snapshot names is not removed", async () => {
    node.storages.addVolume("local:100/vm-100-disk-0.qcow2", GIB);
    node.putConfig(
      100,
      "scsi0: local:100/vm-100-disk-0.qcow2,size=1G\n\n[s1]\nscsi0: local:100/vm-100-disk-0.qcow2,size=1G\n",
    );
    await put({ delete: "scsi0", force: "1" });
    expect(node.storages.has("local:100/vm-100-disk-0.qcow2")).toBe(true);
  });

  test("another VM's disk is let go, not removed", async () => {
    node.storages.addVolume("local:7/vm-7-disk-0.raw", GIB);
    node.putConfig(100, "unused0: local:7/vm-7-disk-0.raw\n");
    await put({ delete: "unused0" });
    expect(node.config(100)).toBe("");
    expect(node.storages.has("local:7/vm-7-disk-0.raw")).toBe(true);
  });

  test("a card keeps its address when only its bridge changes", async () => {
    node.putConfig(100, "net0: virtio=BC:24:11:AA:AA:AA,bridge=vmbr0\n");
    await put({ net0: "e1000,bridge=vmbr1" });
    expect(node.config(100)).toBe("net0: e1000=BC:24:11:AA:AA:AA,bridge=vmbr1\n");
  });

  test("a new disk that fails leaves the config as it was", async () => {
    node.putConfig(100, "cores: 1\n");
    node.storages.failNext.set("allocate", "disk full");
    await expect(put({ cores: "2", scsi0: "local:1" })).rejects.toThrow("scsi0: disk full");
    expect(node.config(100)).toBe("cores: 1\n");
  });
});

describe("a running VM", () => {
  beforeEach(() => node.hotplug.running.add(100));

  test("what concerns only the host is written at once, the rest waits", async () => {
    node.putConfig(100, "cores: 1\nname: a\n");
    await put({ cores: "2", name: "b", onboot: "1" });
    expect(node.config(100)).toBe("cores: 1\nname: b\nonboot: 1\n\n[PENDING]\ncores: 2\n");
    expect(node.hotplug.requests.map(({ set, remove }) => ({ set, remove }))).toEqual([
      { set: { cores: "2" }, remove: [] },
    ]);
  });

  test("what the guest took over is current, what it refused stays pending with the reason", async () => {
    node.putConfig(100, "net0: virtio=BC:24:11:AA:AA:AA,bridge=vmbr0\n");
    node.hotplug.answer = () => ({ applied: new Set(["net0"]), problems: new Map([["scsi1", "no such bus"]]) });
    await expect(put({ net0: "virtio,bridge=vmbr1", scsi1: "local:1" })).rejects.toMatchObject({
      status: 400,
      errors: { scsi1: "hotplug problem - no such bus" },
    });
    expect(node.config(100)).toBe(
      "net0: virtio=BC:24:11:AA:AA:AA,bridge=vmbr1\n\n[PENDING]\nscsi1: local:100/vm-100-disk-0.raw,size=1G\n",
    );
  });

  test("a reverted new disk becomes unused", async () => {
    node.putConfig(100, "cores: 1\n");
    await put({ scsi1: "local:1" });
    await put({ revert: "scsi1" });
    expect(node.config(100)).toBe("cores: 1\nunused0: local:100/vm-100-disk-0.raw\n");
  });

  test("of the agent's options only those of the host change at once", async () => {
    node.putConfig(100, "agent: 1\n");
    await put({ agent: "1,fstrim_cloned_disks=1" });
    expect(node.config(100)).toBe("agent: 1,fstrim_cloned_disks=1\n");
    await put({ agent: "0" });
    expect(node.config(100)).toContain("[PENDING]\nagent: 0\n");
  });

  test("a change back to what is now drops the pending one", async () => {
    node.putConfig(100, "cores: 1\n\n[PENDING]\ncores: 2\n");
    await put({ cores: "1" });
    expect(node.config(100)).toBe("cores: 1\n");
  });
});

describe("what is refused", () => {
  test("a wrong digest", async () => {
    node.putConfig(100, "cores: 1\n");
    await expect(put({ cores: "2", digest: "0".repeat(40) })).rejects.toThrow("detected modified configuration");
    expect(node.config(100)).toBe("cores: 1\n");
  });

  test("a locked VM, unless root skips the lock or takes it off", async () => {
    node.putConfig(100, "cores: 1\nlock: backup\n");
    await expect(put({ cores: "2" })).rejects.toThrow("VM is locked (backup)");
    await put({ cores: "2", skiplock: "1" });
    await put({ delete: "lock" });
    expect(node.config(100)).toBe("cores: 2\n");
  });

  test("skiplock by anyone but root", async () => {
    node.putConfig(100, "cores: 1\n");
    node.setRights({ "nina@pve": { "/": ["VM.Config.CPU"] } });
    await expect(node.call("PUT", "/100/config", { cores: 2, skiplock: 1 }, "nina@pve")).rejects.toMatchObject({
      errors: { skiplock: "Only root may use this option." },
    });
  });

  test("setting and removing one option", async () => {
    node.putConfig(100, "cores: 1\n");
    await expect(put({ cores: "2", delete: "cores" })).rejects.toMatchObject({
      errors: { cores: "you can't use '-cores' and -delete cores at the same time" },
    });
  });

  test("removing a disk of a protected VM", async () => {
    node.putConfig(100, "protection: 1\nscsi0: local:100/vm-100-disk-0.raw\n");
    await expect(put({ delete: "scsi0" })).rejects.toThrow("can't remove drive 'scsi0' - protection mode enabled");
  });

  test("booting from what is not there", async () => {
    node.putConfig(100, "net0: virtio=BC:24:11:AA:AA:AA\n");
    await put({ boot: "order=net0" });
    await expect(put({ boot: "order=net0;scsi0" })).rejects.toMatchObject({
      errors: { boot: "invalid bootorder: device 'scsi0' does not exist" },
    });
  });

  test("listing another VM's disk as unused", async () => {
    node.putConfig(100, "cores: 1\n");
    node.setRights({ "nina@pve": { "/vms/100": ["VM.Config.Disk"] } });
    const attempt = node.call("PUT", "/100/config", { unused0: "local:7/vm-7-disk-0.raw" }, "nina@pve");
    await expect(attempt).rejects.toMatchObject({ status: 403 });
  });

  test("a VM that is not there", async () => {
    await expect(put({ cores: 1 })).rejects.toThrow(
      "Configuration file 'nodes/n1/qemu-server/100.conf' does not exist",
    );
  });

  test("taking a disk away by putting a CD in its place, without the right to disks", async () => {
    node.putConfig(100, "scsi0: local:100/vm-100-disk-0.raw\n");
    node.setRights({ "nina@pve": { "/vms/100": ["VM.Config.CDROM"] } });
    const attempt = node.call("PUT", "/100/config", { scsi0: "none,media=cdrom" }, "nina@pve");
    await expect(attempt).rejects.toMatchObject({ status: 403 });
  });
});

test("a device of the host stays unless root takes it away", async () => {
  node.putConfig(100, "serial0: /dev/ttyS0\nserial1: socket\n");
  node.setRights({ "nina@pve": { "/vms/100": ["VM.Config.HWType"] } });
  await node.call("PUT", "/100/config", { delete: "serial1" }, "nina@pve");
  for (const change of [{ delete: "serial0" }, { serial0: "socket" }]) {
    await expect(node.call("PUT", "/100/config", change, "nina@pve")).rejects.toMatchObject({ status: 403 });
  }
  expect(node.config(100)).toBe("serial0: /dev/ttyS0\n");
});

test.each([
  { rights: { "/sdn/zones/localnetwork/vmbr0": ["SDN.Use"] }, isAllowed: true },
  { rights: { "/sdn/zones/localnetwork/vmbr0/10": ["SDN.Use"] }, isAllowed: true },
  { rights: { "/sdn/zones/localnetwork/vmbr1": ["SDN.Use"] }, isAllowed: false },
])("a card on vmbr0 with $rights: $isAllowed", async ({ rights, isAllowed }) => {
  node.putConfig(100, "cores: 1\n");
  node.setRights({ "nina@pve": { "/vms/100": ["VM.Config.Network"], ...rights } });
  const attempt = node.call("PUT", "/100/config", { net0: "virtio,bridge=vmbr0,tag=10" }, "nina@pve");
  if (isAllowed) await attempt;
  else await expect(attempt).rejects.toMatchObject({ status: 403 });
});

describe("reading", () => {
  const text = "cores: 2\nmemory: 512\nonboot: 1\n\n[PENDING]\ncores: 4\ndelete: !memory\n\n[s1]\ncores: 1\n";

  test("the config shows pending changes unless asked for the current one", async () => {
    node.putConfig(100, text);
    const digest = expect.stringMatching(/^[0-9a-f]{40}$/);
    expect(await node.call("GET", "/100/config")).toEqual({ cores: 4, onboot: 1, digest });
    expect(await node.call("GET", "/100/config", { current: "1" })).toEqual({
      cores: 2,
      memory: "512",
      onboot: 1,
      digest,
    });
    expect(await node.call("GET", "/100/config", { snapshot: "s1" })).toEqual({ cores: 1, digest });
    await expect(node.call("GET", "/100/config", { snapshot: "s2" })).rejects.toThrow("snapshot 's2' does not exist");
  });

  test("pending rows say what is, what will be and what will go", async () => {
    node.putConfig(100, text);
    expect(await node.call("GET", "/100/pending")).toEqual([
      { key: "cores", value: "2", pending: "4" },
      { key: "memory", value: "512", delete: 2 },
      { key: "onboot", value: "1" },
    ]);
  });

  test("an unchanged file is read once and gives the same object", async () => {
    node.putConfig(100, text);
    const first = await node.call("GET", "/100/config");
    const { reads } = node.files;
    expect(await node.call("GET", "/100/config")).toBe(first);
    expect(node.files.reads).toBe(reads);
    node.putConfig(100, "cores: 3\n");
    expect(await node.call("GET", "/100/config")).toMatchObject({ cores: 3 });
  });
});

test("a change in a task says what it did, without secrets", async () => {
  node.putConfig(100, "cores: 1\nnet0: virtio=BC:24:11:AA:AA:AA\n");
  const change = { scsi0: "local:1", cipassword: "secret", delete: "net0" };
  expect(await node.call("POST", "/100/config", change)).toBe("UPID:qmconfig");
  expect(node.tasks.logs).toEqual([
    "update VM 100: -scsi0 local:1 -cipassword <hidden> -delete net0",
    "scsi0: successfully created disk 'local:100/vm-100-disk-0.raw,size=1G'",
  ]);
});

test("a change in a task is waited for as long as asked", async () => {
  node.putConfig(100, "cores: 1\n");
  const change = (params: Record<string, unknown>): Promise<unknown> => node.call("POST", "/100/config", params);
  expect(await change({ cores: 2, background_delay: 1 })).toBe("UPID:qmconfig");
  expect(await change({ cores: 3, background_delay: 2 })).toBeUndefined();
  node.storages.failNext.set("allocate", "disk full");
  await expect(change({ scsi0: "local:1", background_delay: 2 })).rejects.toThrow("disk full");
});

test("concurrent changes all arrive", async () => {
  node.putConfig(100, "cores: 1\n");
  await Promise.all(
    ["name: a", "onboot: 1", "cores: 3", "memory: 99", "sockets: 2"].map((item) => {
      const [key = "", value] = item.split(": ");
      return put({ [key]: value });
    }),
  );
  expect(node.config(100)).toBe("cores: 3\nmemory: 99\nname: a\nonboot: 1\nsockets: 2\n");
});
