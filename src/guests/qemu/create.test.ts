import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TestNode } from "./world.testing.ts";

let node: TestNode;
beforeEach(() => {
  node = new TestNode();
});
afterEach(() => node.close());

const lines = (text: string | undefined): string[] => (text ?? "").split("\n").filter((line) => line !== "");

test("a new VM has what was asked for and what is filled in", async () => {
  await node.call("POST", "", {
    vmid: "100",
    name: "web",
    memory: "1024",
    cores: "2",
    scsi0: "local:4,iothread=1",
    ide2: "none,media=cdrom",
    net0: "virtio,bridge=vmbr0,firewall=1",
    onboot: "1",
    tags: "web;Prod;web",
  });
  expect(node.tasks.outcome).toBe("OK");
  expect(lines(node.config(100))).toEqual([
    "boot: order=scsi0;ide2;net0",
    "cores: 2",
    "ide2: none,media=cdrom",
    "memory: 1024",
    "meta: creation-qemu=7.2.22,ctime=1700000000",
    "name: web",
    "net0: virtio=BC:24:11:01:02:03,bridge=vmbr0,firewall=1",
    "onboot: 1",
    "scsi0: local:100/vm-100-disk-0.raw,iothread=1,size=4G",
    "smbios1: uuid=00000000-0000-4000-8000-000000000002",
    "tags: prod;web",
    "vmgenid: 00000000-0000-4000-8000-000000000001",
  ]);
  expect(node.storages.has("local:100/vm-100-disk-0.raw")).toBe(true);
});

test("a datacenter's MAC prefix is used", async () => {
  node.files.put("datacenter.cfg", "keyboard: de\nmac_prefix: 02:AA\n");
  await node.call("POST", "", { vmid: 100, net0: "e1000" });
  expect(node.config(100)).toContain("net0: e1000=02:AA:01:02:03:04\n");
});

test.each([
  { style: "ordering=config", want: "web;prod" },
  { style: "case-sensitive=1", want: "Prod;web" },
  { style: "case-sensitive=1,ordering=config", want: "web;Prod" },
])("tags in the datacenter's style $style", async ({ style, want }) => {
  node.files.put("datacenter.cfg", `tag-style: ${style}\n`);
  await node.call("POST", "", { vmid: 100, tags: "web;Prod;web" });
  expect(node.config(100)).toContain(`tags: ${want}\n`);
});

test("several disks get different numbers, the format of each is its suffix", async () => {
  await node.call("POST", "", { vmid: 100, scsi0: "local:1", scsi1: "local:1,format=qcow2", virtio0: "local:0.5" });
  expect(lines(node.config(100)).filter((line) => /^(scsi|virtio)\d/.test(line))).toEqual([
    "scsi0: local:100/vm-100-disk-0.raw,size=1G",
    "scsi1: local:100/vm-100-disk-1.qcow2,format=qcow2,size=1G",
    "virtio0: local:100/vm-100-disk-2.raw,size=512M",
  ]);
});

test("an image can be imported into a new disk", async () => {
  await node.call("POST", "", { vmid: 100, scsi0: "local:0,import-from=/srv/debian.qcow2" });
  expect(node.tasks.outcome).toBe("OK");
  expect(node.copies).toEqual(["qcow2 /srv/debian.qcow2 -> raw vm-100-disk-0.raw"]);
  expect(node.config(100)).toContain("scsi0: local:100/vm-100-disk-0.raw,size=2G\n");
});

test("an ISO is attached with its size", async () => {
  node.storages.addVolume("local:iso/debian.iso", 700 * 2 ** 20);
  await node.call("POST", "", { vmid: 100, cdrom: "local:iso/debian.iso,media=cdrom" });
  expect(node.config(100)).toContain("ide2: local:iso/debian.iso,media=cdrom,size=700M\n");
});

test("Windows keeps the newest machine for good", async () => {
  await node.call("POST", "", { vmid: 100, ostype: "win11", machine: "q35" });
  expect(node.config(100)).toContain("machine: pc-q35-7.2\n");
});

test("a password is stored as a hash and never shown", async () => {
  await node.call("POST", "", { vmid: 100, cipassword: "secret" });
  expect(node.config(100)).toContain("cipassword: $5$salt$6\n");
  expect(await node.call("GET", "/100/config")).toMatchObject({ cipassword: "**********" });
});

test("pool and start are honoured", async () => {
  node.poolMembers.set("dev", new Set());
  await node.call("POST", "", { vmid: 100, pool: "dev", start: "1" });
  expect([...(node.poolMembers.get("dev") ?? [])]).toEqual([100]);
  expect(node.started).toEqual([100]);
});

test("an id that is taken is refused, on this node and on another", async () => {
  node.putConfig(100, "cores: 1\n");
  node.files.put("nodes/n2/qemu-server/101.conf", "");
  await expect(node.call("POST", "", { vmid: 100 })).rejects.toThrow(
    "unable to create VM 100 - VM 100 already exists on node 'n1'",
  );
  await expect(node.call("POST", "", { vmid: 101 })).rejects.toThrow("already exists on node 'n2'");
  expect(node.config(100)).toBe("cores: 1\n");
});

test("a storage that does not exist is refused before the task", async () => {
  await expect(node.call("POST", "", { vmid: 100, scsi0: "nope:4" })).rejects.toThrow("storage 'nope' does not exist");
  expect(node.config(100)).toBeUndefined();
});

test.each([
  { name: "an upload", drive: "local:import/a.qcow2", text: "content type needs to be 'images' or 'iso'" },
  {
    name: "an ISO as disk",
    drive: "local:iso/a.iso",
    text: "scsi0: explicit media parameter is required for iso images",
  },
])("$name is not attached", async ({ drive, text }) => {
  node.storages.addVolume(drive, 2 ** 20);
  await expect(node.call("POST", "", { vmid: 100, scsi0: drive })).rejects.toThrow(text);
});

test("of many creations of one id at once exactly one wins", async () => {
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => node.call("POST", "", { vmid: 100 })));
  expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
});

test("when no task is to be had the id is given back", async () => {
  node.tasks.refuses = true;
  await expect(node.call("POST", "", { vmid: 100 })).rejects.toThrow("no worker");
  expect(node.config(100)).toBeUndefined();
});

describe("a creation that fails leaves nothing behind", () => {
  const request = { vmid: 100, scsi0: "local:1", scsi1: "local:1", pool: "dev" };

  test("when a disk cannot be made", async () => {
    node.storages.failNext.set("allocate", "disk full");
    await node.call("POST", "", { vmid: 100, scsi0: "local:1" });
    expect(node.tasks.outcome).toBe("unable to create VM 100 - scsi0: disk full");
    expect(node.config(100)).toBeUndefined();
  });

  test("at each change of the cluster's files", async () => {
    for (let failing = 1; ; failing += 1) {
      const step = new TestNode();
      step.poolMembers.set("dev", new Set());
      let count = 0;
      let hasFailed = false;
      step.files.beforeChange = (what) => {
        count += 1;
        if (count !== failing || what !== "write") return;
        hasFailed = true;
        throw new Error(`write ${failing} refused`);
      };
      const call = step.call("POST", "", request);
      if (failing === 1) await expect(call).rejects.toThrow("write 1 refused");
      else await call;
      if (hasFailed) {
        expect(step.config(100), `failing write ${failing}`).toBeUndefined();
        expect(await step.storages.list("local"), `failing write ${failing}`).toEqual([]);
        expect([...(step.poolMembers.get("dev") ?? [])]).toEqual([]);
      } else expect(step.tasks.outcome).toBe("OK");
      step.close();
      if (!hasFailed) break;
      expect(failing).toBeLessThan(10);
    }
  });

  test("a disk that cannot be taken back stays listed in a locked config", async () => {
    const allocate = node.storages.allocate.bind(node.storages);
    let count = 0;
    node.storages.allocate = async (wanted) => {
      count += 1;
      if (count === 2) {
        node.storages.failNext.set("free", "storage gone");
        throw new Error("disk full");
      }
      return allocate(wanted);
    };
    await node.call("POST", "", { vmid: 100, scsi0: "local:1", scsi1: "local:1" });
    expect(node.config(100)).toContain("lock: create\n");
    expect(node.config(100)).toContain("scsi0: local:100/vm-100-disk-0.raw");
    await node.call("DELETE", "/100");
    expect(node.config(100)).toBeUndefined();
    expect(await node.storages.list("local")).toEqual([]);
  });
});

test("a worker killed at any step leaves every disk listed in the config", async () => {
  const made: string[] = [];
  const unlisted: string[] = [];
  const check = (): void => {
    for (const volid of made) if (!(node.config(100) ?? "").includes(volid)) unlisted.push(volid);
  };
  const allocate = node.storages.allocate.bind(node.storages);
  node.storages.allocate = async (wanted) => {
    const name = `local:100/${wanted.name}`;
    // The moment at which the storage begins is the first at which something could be left.
    made.push(name);
    check();
    return allocate(wanted);
  };
  node.files.beforeChange = check;
  await node.call("POST", "", { vmid: 100, scsi0: "local:1", virtio1: "local:2", sata0: "local:1" });
  check();
  expect(made).toHaveLength(3);
  expect(unlisted).toEqual([]);
});

const refused = [
  { name: "a restore", params: { archive: "local:backup/x" }, status: 501 },
  { name: "HA", params: { "ha-managed": "1" }, status: 501 },
  { name: "a storage for a restore", params: { storage: "local" }, status: 501, text: "'storage'" },
  { name: "a limit of a restore", params: { bwlimit: 7 }, status: 501, text: "'bwlimit'" },
  { name: "a pool that does not exist", params: { pool: "nope" }, status: 500 },
  { name: "a boot device that the VM will not have", params: { boot: "order=scsi0" }, status: 400 },
  { name: "a line break in a value", params: { searchdomain: "a\nargs: -x" }, status: 400 },
  { name: "an option that no VM has", params: { foo: "1" }, status: 400 },
  { name: "an unused disk", params: { unused0: "local:1/vm-1-disk-0.raw" }, status: 400 },
  { name: "the same drive by both names", params: { cdrom: "none", ide2: "none" }, status: 400 },
];
test.each(refused)("$name is refused before anything happens", async ({ params, status, text = "" }) => {
  const call = node.call("POST", "", { vmid: 100, ...params });
  await expect(call).rejects.toMatchObject({ status, message: expect.stringContaining(text) });
  expect(node.config(100)).toBeUndefined();
});

test("what asks for nothing is no restore", async () => {
  await node.call("POST", "", { vmid: 100, "live-restore": 0, bwlimit: 0, "ha-managed": 0 });
  expect(node.tasks.outcome).toBe("OK");
});

describe("rights", () => {
  const nina = "nina@pve";
  const base = {
    "/vms/100": ["VM.Allocate", "VM.Config.Options", "VM.Config.CPU", "VM.Config.Disk", "VM.Config.Network"],
  };

  test("a user with all of them may create", async () => {
    node.setRights({
      [nina]: {
        ...base,
        "/storage/local": ["Datastore.AllocateSpace"],
        "/sdn/zones/localnetwork/vmbr0": ["SDN.Use"],
      },
    });
    await node.call("POST", "", { vmid: 100, name: "a", scsi0: "local:1", net0: "virtio,bridge=vmbr0" }, nina);
    expect(node.tasks.outcome).toBe("OK");
  });

  test("rights on the pool count for a VM that will be in it", async () => {
    node.poolMembers.set("dev", new Set());
    node.setRights({ [nina]: { "/pool/dev": ["VM.Allocate", "VM.Config.CPU"] } });
    await node.call("POST", "", { vmid: 100, cores: 2, pool: "dev" }, nina);
    expect(node.tasks.outcome).toBe("OK");
  });

  const missing = [
    { name: "no VM.Allocate", rights: {}, params: {}, text: "/vms/100, VM.Allocate" },
    { name: "no right on memory", rights: base, params: { memory: "64" }, text: "/vms/100, VM.Config.Memory" },
    {
      name: "no space on the storage",
      rights: base,
      params: { scsi0: "local:1" },
      text: "/storage/local, Datastore.AllocateSpace",
    },
    {
      name: "no use of the bridge",
      rights: base,
      params: { net0: "virtio,bridge=vmbr0" },
      text: "/sdn/zones/localnetwork/vmbr0, SDN.Use",
    },
    {
      name: "args",
      rights: { "/": ["VM.Allocate", "Sys.Modify"] },
      params: { args: "-S" },
      text: "only root can set 'args' config",
    },
    {
      name: "a hook script",
      rights: base,
      params: { hookscript: "local:snippets/a" },
      text: "only root can set 'hookscript' config",
    },
    {
      name: "a path of the host",
      rights: base,
      params: { scsi0: "/dev/sda" },
      text: "Only root can pass arbitrary filesystem paths.",
    },
    {
      name: "another VM's disk",
      rights: base,
      params: { scsi0: "local:7/vm-7-disk-0.raw" },
      text: "missing privileges to access local:7/vm-7-disk-0.raw",
    },
    {
      name: "a serial port of the host",
      rights: base,
      params: { serial0: "/dev/ttyS0" },
      text: "only root can set 'serial0' config for real devices",
    },
    { name: "startup without Sys.Modify", rights: base, params: { startup: "order=1" }, text: "/, Sys.Modify" },
  ];
  test.each(missing)("$name is refused", async ({ rights, params, text }) => {
    node.setRights({ [nina]: rights });
    await expect(node.call("POST", "", { vmid: 100, ...params }, nina)).rejects.toMatchObject({
      status: 403,
      message: expect.stringContaining(text),
    });
    expect(node.config(100)).toBeUndefined();
  });

  test("a token of root is not root", async () => {
    node.setRights({ "root@pam!ci": { "/": ["VM.Allocate"] } });
    await expect(node.call("POST", "", { vmid: 100, args: "-S" }, "root@pam!ci")).rejects.toMatchObject({
      status: 403,
    });
  });
});
