import { describe, expect, test } from "vitest";
import { cardPlan, drivePlan } from "./hotplug-plan.ts";

const disk = "local:100/vm-100-disk-0.raw,size=1G";
const config = {
  boot: "order=scsi0",
  scsi0: disk,
  scsi1: "local:100/vm-100-disk-1.raw,size=1G",
  sata0: "local:100/vm-100-disk-2.raw,size=1G",
  ide2: "none,media=cdrom",
  net0: "virtio=BC:24:11:00:00:01,bridge=vmbr0",
};

describe("a drive of a running guest", () => {
  test.each([
    ["a new SCSI disk is plugged", "scsi2", disk, { kind: "plug" }],
    ["a new IDE disk waits", "ide0", disk, { kind: "pending" }],
    ["a SCSI disk goes", "scsi1", undefined, { kind: "unplug" }],
    ["a SATA disk waits", "sata0", undefined, { kind: "pending" }],
    ["the boot disk stays", "scsi0", undefined, { kind: "refused", why: "can't unplug bootdisk 'scsi0'" }],
    ["a disk for another", "scsi1", disk, { kind: "replace" }],
    ["a boot disk for another", "scsi0", config.scsi1, { kind: "refused", why: "can't unplug bootdisk 'scsi0'" }],
    ["a medium", "ide2", "local:iso/a.iso,media=cdrom", { kind: "medium" }],
    ["a disk in a tray", "ide2", disk, { kind: "refused", why: "unable to change media type" }],
    ["throughput", "scsi1", `${config.scsi1},mbps=5,iops_rd_max=7,bps_wr_max_length=2`, { kind: "limits" }],
    ["only for backups", "scsi1", `${config.scsi1},backup=0`, { kind: "noted" }],
    ["cache", "scsi1", `${config.scsi1},cache=writeback,mbps=5`, { kind: "pending" }],
  ])("%s", (_, key, after, step) => expect(drivePlan(config, key, after)).toEqual(step));

  test("the boot disk of an old config stays too", () => {
    const { boot: _, ...old } = { ...config, bootdisk: "scsi1" };
    expect(drivePlan(old, "scsi1", undefined)).toMatchObject({ kind: "refused" });
    expect(drivePlan(old, "scsi0", undefined)).toEqual({ kind: "unplug" });
  });

  test.each(["0", "network,usb"])("waits with hotplug %s", (hotplug) => {
    expect(drivePlan({ ...config, hotplug }, "scsi2", disk)).toEqual({ kind: "pending" });
  });
  test.each(["1", "disk", "network,disk"])("is plugged with hotplug %s", (hotplug) => {
    expect(drivePlan({ ...config, hotplug }, "scsi2", disk)).toEqual({ kind: "plug" });
  });
});

describe("a card of a running guest", () => {
  const mac = "virtio=BC:24:11:00:00:01";
  test.each([
    ["new", "net1", `${mac},bridge=vmbr0`, "plug"],
    ["gone", "net0", undefined, "unplug"],
    ["other model", "net0", "e1000=BC:24:11:00:00:01,bridge=vmbr0", "replace"],
    ["other address", "net0", "virtio=BC:24:11:00:00:02,bridge=vmbr0", "replace"],
    ["no bridge any more", "net0", mac, "replace"],
    ["other bridge", "net0", `${mac},bridge=vmbr1`, "rewire"],
    ["link down", "net0", `${mac},bridge=vmbr0,link_down=1`, "rewire"],
    ["firewall", "net0", `${mac},bridge=vmbr0,firewall=1`, "noted"],
    ["VLAN", "net0", `${mac},bridge=vmbr0,tag=5`, "pending"],
  ])("%s", (_, key, after, kind) => expect(cardPlan(config, key, after)).toEqual({ kind }));

  test("waits without hotplug of the network", () => {
    expect(cardPlan({ ...config, hotplug: "disk" }, "net1", mac)).toEqual({ kind: "pending" });
  });
});
