import { expect, test } from "vitest";
import { deviceChanges, pendingKeys } from "./pending.ts";

test("changed and removed keys wait, others do not", () => {
  const rows = [
    { key: "cores", value: 1, pending: 2 },
    { key: "name", value: "a" },
    { key: "net1", value: "x", delete: 1 },
    { key: "scsi1", pending: "local:1" },
  ];
  expect(pendingKeys(rows)).toEqual([
    { key: "cores", current: "1", pending: "2" },
    { key: "net1", current: "x", pending: undefined },
    { key: "scsi1", current: undefined, pending: "local:1" },
  ]);
  expect(pendingKeys(undefined)).toEqual([]);
});

test("a device tells what it becomes, in its own words", () => {
  const config = { cores: 2, memory: "1024", net0: "virtio=AA,bridge=vmbr0", scsi0: "local:1,size=4G" };
  const { changed, coming, others } = deviceChanges(config, [
    { key: "memory", current: "1024", pending: "512" },
    { key: "sockets", current: undefined, pending: "2" },
    { key: "numa", current: undefined, pending: "1" },
    { key: "net0", current: "virtio=AA,bridge=vmbr0", pending: undefined },
    { key: "scsi1", current: undefined, pending: "local:2,size=8G" },
    { key: "shares", current: undefined, pending: "50" },
    { key: "boot", current: "order=net0", pending: "order=scsi0" },
  ]);
  expect(changed.get("memory")).toEqual({ keys: ["memory", "shares"], sentence: "512\u00a0MiB" });
  expect(changed.get("cores")).toEqual({
    keys: ["sockets", "numa"],
    sentence: "2 sockets with 2 cores each, default model",
  });
  expect(changed.get("net0")).toEqual({ keys: ["net0"], sentence: undefined });
  expect(others.map(({ key }) => key)).toEqual(["boot"]);
  expect(coming.map(({ key, sentence }) => [key, sentence])).toEqual([["scsi1", "8\u00a0GiB on local, SCSI 1"]]);
  expect(
    deviceChanges(config, [{ key: "numa", current: undefined, pending: "1" }]).changed.get("cores")?.sentence,
  ).toBe("numa 1");
});
