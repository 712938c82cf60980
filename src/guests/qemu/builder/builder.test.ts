import { describe, expect, test } from "vitest";
import { parseVmConfig } from "../config.ts";
import { buildCommand } from "./build-command.ts";
import { printJson } from "./json.ts";
import { dimmsUpTo } from "./memory.ts";
import { cardPlug, drivePlug } from "./plug.ts";
import { showCommand, splitShell } from "./shell-text.ts";
import type { BuildVolume, BuildWorld } from "./world.ts";

const paths = {
  qemuRun: "/srv/run",
  qemuRunShort: "/srv/run",
  eventSocket: "/srv/event.sock",
  qemuShare: "/share",
  bridgeScripts: "/scripts",
  firmware: "/fw",
  hugepages: "/huge",
  romFiles: "/roms",
};
const raw = (path: string): BuildVolume => ({
  format: "raw",
  vtype: "images",
  location: { kind: "path", path, isBlockDevice: false },
  storage: { name: "st", type: "dir", content: new Set(["images", "iso"]) },
});
const world: BuildWorld = {
  nodeName: "n1",
  qemuVersion: "11.0.0",
  hostArch: "x86_64",
  hostCpuVendor: "GenuineIntel",
  hostCpuCount: 8,
  hostPhysBits: 46,
  hasKvm: true,
  emulatesWithoutKvm: false,
  hasVhostNet: false,
  hugepageSizesMiB: [2],
  volumes: new Map([["st:100/vm-100-disk-0.raw", raw("/disk0")]]),
  bridgeMtus: new Map([["vmbr0", 1500]]),
  cpuModels: new Map(),
  pciDevices: new Set(["0000:01:00.0"]),
  pciMappings: new Map(),
  usbMappings: new Map([["stick", "1234:abcd"]]),
  firmwareSizes: new Map(),
  spicePort: 61000,
  spiceAddress: "127.0.0.1",
  paths,
};

function build(config: string, changes: Partial<BuildWorld> = {}): string[] {
  const { current } = parseVmConfig(config, { vmid: 100, strict: true });
  return buildCommand(current, { ...world, ...changes }, { vmid: 100 }).argv;
}
/** Values of an option, in order. */
const valuesOf = (argv: readonly string[], option: string): string[] =>
  argv.flatMap((argument, at) => (argument === option ? [argv[at + 1] ?? ""] : []));
const device = (argv: readonly string[], start: string): string | undefined =>
  valuesOf(argv, "-device").find((value) => value.startsWith(start));

const devices = [
  { config: "rng0: /dev/urandom", want: "virtio-rng-pci,rng=rng0,max-bytes=1024,period=1000,bus=pci.1,addr=0x1d" },
  { config: "rng0: source=/dev/urandom,max_bytes=0", want: "virtio-rng-pci,rng=rng0,bus=pci.1,addr=0x1d" },
  { config: "watchdog: i6300esb,action=reset", want: "i6300esb,bus=pci.0,addr=0x4" },
  { config: "audio0: device=AC97,driver=none", want: "AC97,id=audio0,bus=pci.2,addr=0xc,audiodev=none-backend0" },
  { config: "ivshmem: size=32,name=x", want: "ivshmem-plain,memdev=ivshmem,bus=pci.2,addr=0xb" },
  { config: "agent: 1,type=isa", want: "isa-serial,chardev=qga0" },
  {
    config: "usb0: mapping=stick\nostype: l26",
    want: "usb-host,bus=xhci.0,port=1,vendorid=0x1234,productid=0xabcd,id=usb0",
  },
  {
    config: "net0: e1000=BC:24:11:00:00:01",
    want: "e1000,mac=BC:24:11:00:00:01,netdev=net0,bus=pci.0,addr=0x12,id=net0,bootindex=300",
  },
  {
    config: "scsihw: pvscsi\nscsi1: st:100/vm-100-disk-0.raw,ssd=1",
    want: "scsi-hd,bus=scsihw0.0,scsi-id=1,drive=drive-scsi1,id=scsi1,device_id=drive-scsi1,rotation_rate=1,write-cache=on",
  },
  {
    config: "hostpci0: 01:00.0\nboot: order=hostpci0",
    want: "vfio-pci,host=0000:01:00.0,id=hostpci0,bus=pci.0,addr=0x10,bootindex=100",
  },
  {
    config: "usb0: host=1-2\nostype: l26\nboot: order=usb0",
    want: "usb-host,bus=xhci.0,port=1,hostbus=1,hostport=2,id=usb0,bootindex=100",
  },
  {
    config: "virtio0: st:100/vm-100-disk-0.raw,serial=a%2cb%zz\nboot: order=virtio0",
    want: "virtio-blk-pci,drive=drive-virtio0,id=virtio0,bus=pci.0,addr=0xa,bootindex=100,serial=a,,b%zz,write-cache=on",
  },
  { config: "vga: virtio,memory=64", want: "virtio-vga,id=vga,max_hostmem=67108864,bus=pci.0,addr=0x2" },
  { config: "vga: std,memory=32", want: "VGA,id=vga,vgamem_mb=32,bus=pci.0,addr=0x2" },
];
test.each(devices)("$config gives $want", ({ config, want }) => {
  expect(device(build(config), want.split(",")[0] ?? "")).toBe(want);
});

test("throttle limits are bytes and operations per second", () => {
  const argv = build("scsi0: st:100/vm-100-disk-0.raw,mbps_rd=1.5,mbps_rd_max=3,iops=100,iops_max_length=4");
  expect(valuesOf(argv, "-object")).toContain(
    '{"id":"throttle-drive-scsi0","limits":{"bps-read":1572864,"bps-read-max":3145728,"iops-total":100,"iops-total-max-length":4},"qom-type":"throttle-group"}',
  );
});

test("an overlay has its snapshots below it, read-only, under names of their own", () => {
  const chain = [
    { snapshot: "s1", format: "qcow2", location: { kind: "path", path: "/s1", isBlockDevice: false } as const },
  ];
  const volume: BuildVolume = { ...raw("/top.qcow2"), format: "qcow2", chain };
  const argv = build("scsi0: st:100/vm-100-disk-0.raw", { volumes: new Map([["st:100/vm-100-disk-0.raw", volume]]) });
  const node = JSON.parse(valuesOf(argv, "-blockdev")[0] ?? "");
  expect(node.file.backing.file.filename).toBe("/s1");
  expect(node.file.backing["read-only"]).toBe(true);
  expect(node.file["read-only"]).toBe(false);
  expect(node.file.backing["node-name"]).not.toBe(node.file["node-name"]);
});

describe("CPUs", () => {
  test("can be plugged later: the first is there, each further one is a device", () => {
    const argv = build("hotplug: cpu\ncores: 2\nsockets: 2\nvcpus: 3");
    expect(valuesOf(argv, "-smp")).toEqual(["1,sockets=2,cores=2,maxcpus=4"]);
    expect(valuesOf(argv, "-device").filter((value) => value.includes("-x86_64-cpu"))).toEqual([
      "kvm64-x86_64-cpu,id=cpu2,socket-id=0,core-id=1,thread-id=0",
      "kvm64-x86_64-cpu,id=cpu3,socket-id=1,core-id=0,thread-id=0",
    ]);
  });

  test("a model of our own is qemu64 with its flags", () => {
    expect(valuesOf(build("cpu: x86-64-v2-AES"), "-cpu")).toEqual([
      "qemu64,+aes,enforce,+kvm_pv_eoi,+kvm_pv_unhalt,+pni,+popcnt,+sse4.1,+sse4.2,+ssse3",
    ]);
  });

  test("an unknown model is refused", () => {
    expect(() => build("cpu: Foo")).toThrow("CPU model 'Foo' does not exist for configured vCPU architecture 'x86_64'");
  });
});

describe("without KVM", () => {
  test("a guest that wants it is refused where that is asked for", () => {
    expect(() => build("cores: 1", { hasKvm: false })).toThrow("KVM virtualisation configured, but not available");
  });

  test("or runs by emulation, with a CPU that needs no host", () => {
    const argv = build("cpu: host", { hasKvm: false, emulatesWithoutKvm: true });
    expect(valuesOf(argv, "-cpu")).toEqual(["max"]);
    expect(valuesOf(argv, "-machine")[0]).toContain("accel=tcg");
  });
});

const refused = [
  { config: "cores: 9", why: "MAX 8 vcpus allowed per VM on this node" },
  { config: "hotplug: memory", why: "NUMA needs to be enabled for memory hotplug" },
  {
    config: "hotplug: memory\nnuma: 1\nmemory: 1025",
    why: "memory size (1025) must be aligned to 512 for hotplugging",
  },
  { config: "numa: 1\nnuma0: cpus=0,memory=256", why: "total memory for NUMA nodes must be equal to vm static memory" },
  { config: "net0: virtio=BC:24:11:00:00:01,bridge=vmbr0,mtu=9000", why: "bigger than the bridge MTU '1500'" },
  { config: "net0: virtio=BC:24:11:00:00:01,bridge=vmbr0,mtu=500", why: "smaller than the IP minimum MTU '576'" },
  { config: "machine: pc-q35-9.2+pve7", why: "max feature level for 9.2 is pve1" },
  { config: "scsi0: st:100/vm-100-disk-9.raw", why: "volume 'st:100/vm-100-disk-9.raw' does not exist" },
  { config: "hostpci0: 02:00.0", why: "PCI device '02:00.0' does not exist" },
  { config: "hostpci0: mapping=nope", why: "PCI device mapping not found for 'nope'" },
  { config: "args: -foo 'bar", why: "a quote is not closed" },
];
test.each(refused)("$config is refused: $why", ({ config, why }) => {
  expect(() => build(config)).toThrow(why);
});

describe("plugging into a running guest", () => {
  const config = {
    scsihw: "virtio-scsi-single",
    scsi1: "st:100/vm-100-disk-0.raw,iothread=1",
    virtio0: "none,media=cdrom",
    sata0: "st:100/vm-100-disk-0.raw",
    net1: "virtio=BC:24:11:00:00:01,bridge=vmbr0",
  };

  test("a disk has the arguments that it would have at start", () => {
    const plug = drivePlug(config, "scsi1", world, { vmid: 100 });
    const atStart = build(
      Object.entries(config)
        .map(([key, value]) => `${key}: ${value}`)
        .join("\n"),
    );
    for (const object of plug.objects) expect(valuesOf(atStart, "-object")).toContain(object);
    expect(valuesOf(atStart, "-blockdev")).toContain(printJson(plug.blockdev ?? {}));
    expect(valuesOf(atStart, "-device")).toContain(plug.controller?.device);
    expect(valuesOf(atStart, "-device")).toContain(plug.device);
    expect(plug.drive).toBeUndefined();
  });

  test("an older machine takes it in one argument", () => {
    const plug = drivePlug(config, "scsi1", world, { vmid: 100, forceMachine: "pc-i440fx-7.2+pve0" });
    expect(plug.blockdev).toBeUndefined();
    expect(plug.drive).toMatch(/^file=\/disk0,if=none,id=drive-scsi1,format=raw/);
  });

  test("an empty tray has nothing behind it", () => {
    const plug = drivePlug(config, "virtio0", world, { vmid: 100 });
    expect(plug).toMatchObject({ objects: [] });
    expect(plug.blockdev).toBeUndefined();
  });

  test("a bus that cannot plug is refused", () => {
    expect(() => drivePlug(config, "sata0", world, { vmid: 100 })).toThrow("cannot plug 'sata0'");
  });

  test("a card runs the bridge script for plugged cards", () => {
    const plug = cardPlug(config, "net1", world, { vmid: 100 });
    expect(plug.netdev).toContain("script=/scripts/pve-bridge-hotplug,");
    expect(plug.device).toContain("mac=BC:24:11:00:00:01,netdev=net1,");
  });
});

test("custom NUMA nodes name their CPUs, memory and host nodes", () => {
  const argv = build("numa: 1\ncores: 4\nmemory: 512\nnuma0: cpus=0-1;3,memory=512,hostnodes=0,policy=bind");
  expect(valuesOf(argv, "-object")).toContain("memory-backend-ram,id=ram-node0,size=512M,host-nodes=0,policy=bind");
  expect(valuesOf(argv, "-numa")).toEqual(["node,nodeid=0,cpus=0-1,cpus=3,memdev=ram-node0"]);
});

test("dimms double every 32 and go round the nodes", () => {
  const dimms = dimmsUpTo(1024 + 32 * 512 + 2 * 1024, 1024, 2, 512);
  expect(dimms).toHaveLength(34);
  expect(dimms.at(0)).toEqual({ index: 0, sizeMiB: 512, node: 0 });
  expect(dimms.at(33)).toEqual({ index: 33, sizeMiB: 1024, node: 1 });
});

test("the user's own arguments come last, split like a shell does", () => {
  expect(build(`args: -a 'b c' d\\ e "f'g"`).slice(-4)).toEqual(["-a", "b c", "d e", "f'g"]);
});

describe("shell text", () => {
  test("plain arguments stay bare, others are quoted", () => {
    expect(showCommand(["a", "b=c", "it's"])).toBe(`a 'b=c' 'it'"'"'s'`);
    expect(showCommand(["qemu", "-a", "b", "-c"], true)).toBe("qemu \\\n  -a b \\\n  -c");
  });

  test("what was shown splits back", () => {
    const argv = ["x", "a b", "it's", '{"k":"v"}', "\\", ""];
    expect(splitShell(showCommand(argv))).toEqual(argv);
  });
});
