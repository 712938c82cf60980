import { describe, expect, test } from "vitest";
import { devicesOf, diskBytes, freeKey, memoryMiB, networkModel } from "./devices.ts";
import { parseItems, printItems, withItem } from "./property-items.ts";

const plain = (text: string): string => text.replaceAll("\u00a0", " ");

describe("devices", () => {
  const config = {
    cores: 4,
    memory: "16384",
    balloon: 8192,
    cpu: "host",
    digest: "x",
    scsi0: "nfs1:101/vm-101-disk-0.raw,discard=on,iothread=1,size=64G",
    scsi10: "local:101/b.raw,size=512M",
    scsi2: "local:101/a.raw,size=1G",
    ide2: "local:iso/debian.iso,media=cdrom,size=600M",
    net0: "virtio=BC:24:11:00:00:01,bridge=vmbr0,tag=20,firewall=1",
    net1: "e1000=BC:24:11:00:00:02,link_down=1",
    serial0: "socket",
  };
  test("are told as sentences, in the order of their numbers", () => {
    expect(devicesOf(config).map(({ key, sentence }) => [key, plain(sentence)])).toEqual([
      ["cores", "4 cores, host"],
      ["memory", "8 GiB to 16 GiB, as the node needs"],
      ["ide2", "debian.iso, IDE 2"],
      ["net0", "vmbr0, VLAN 20, firewall on, BC:24:11:00:00:01"],
      ["net1", "user network, unplugged, e1000, BC:24:11:00:00:02"],
      ["scsi0", "64 GiB on nfs1, SCSI 0, discard, own I/O thread"],
      ["scsi2", "1 GiB on local, SCSI 2"],
      ["scsi10", "512 MiB on local, SCSI 10"],
      ["serial0", "socket"],
      ["vga", "standard graphics"],
    ]);
  });

  test("sizes are read from the configuration", () => {
    expect(diskBytes("a:b,size=1536G")).toBe(1536 * 2 ** 30);
    expect(diskBytes("a:b,size=4096")).toBe(4096);
    expect(diskBytes("a:b")).toBeUndefined();
    expect(memoryMiB({ memory: "current=2048" })).toBe(2048);
    expect(memoryMiB({})).toBe(512);
  });

  test("a network card tells its model and address in either form", () => {
    expect(networkModel("virtio=AA,bridge=vmbr0")).toEqual({ model: "virtio", mac: "AA" });
    expect(networkModel("model=e1000,macaddr=BB")).toEqual({ model: "e1000", mac: "BB" });
    expect(networkModel("virtio,bridge=vmbr0")).toEqual({ model: "virtio", mac: undefined });
  });

  test("the next device takes the first free number", () => {
    expect(freeKey({ scsi0: "x", scsi2: "x" }, "scsi", 31)).toBe("scsi1");
    expect(freeKey({ ide0: "x", ide1: "x" }, "ide", 2)).toBeUndefined();
  });
});

test("an item is changed in its place, the rest stays as it was", () => {
  const items = parseItems("nfs1:101/a.raw,discard=on,size=4G");
  expect(printItems(withItem(items, "discard", "ignore"))).toBe("nfs1:101/a.raw,discard=ignore,size=4G");
  expect(printItems(withItem(items, "size", undefined))).toBe("nfs1:101/a.raw,discard=on");
});
