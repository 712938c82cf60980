/** What cannot be done is told with the name of the parameter that asks for it, and leaves nothing. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { StorageTypeNotBuiltError } from "../../storage/errors.ts";
import { TestNode } from "./world.testing.ts";

const GIB = 2 ** 30;
const CONFIG = "cores: 1\nscsi0: local:100/vm-100-disk-0.raw,size=1G\n";

let node: TestNode;
beforeEach(() => {
  node = new TestNode();
  node.storages.addVolume("local:100/vm-100-disk-0.raw", GIB);
  node.putConfig(100, CONFIG);
});
afterEach(() => node.close());

test.each([
  ["a storage that is not there", "scsi1", "nosuch:1", "scsi1: storage 'nosuch' does not exist"],
  ["a size below nothing", "scsi1", "local:-1", "scsi1: "],
  ["a size of nothing", "scsi1", "local:0", "scsi1: a new disk needs a size"],
  ["a size beyond all numbers", "scsi1", "local:99999999999999999999", "scsi1: no disk can have 100000000000000000000"],
  ["a disk that is not there", "virtio0", "local:100/vm-100-disk-7.raw", "virtio0: "],
  ["a medium that is not there", "ide2", "local:iso/none.iso,media=cdrom", "ide2: "],
  ["a source that is not there", "scsi1", "local:0,import-from=local:7/vm-7-disk-0.raw", "scsi1: "],
])("%s", async (_, key, value, text) => {
  await expect(node.call("PUT", "/100/config", { [key]: value })).rejects.toThrow(text);
  await expect(node.call("POST", "", { vmid: 200, [key]: value })).rejects.toThrow(text);
  expect(node.config(100)).toBe(CONFIG);
  expect(node.config(200)).toBeUndefined();
  expect(await node.storages.list("local")).toHaveLength(1);
});

test("an unused disk has to be there", async () => {
  const asked = node.call("PUT", "/100/config", { unused0: "local:100/vm-100-disk-7.raw" });
  await expect(asked).rejects.toThrow("unused0: ");
  expect(node.config(100)).toBe(CONFIG);
});

test.each([
  ["clone", { newid: 200, storage: "nosuch" }],
  ["move_disk", { disk: "scsi0", storage: "nosuch" }],
])("%s to a storage that is not there does not begin", async (action, params) => {
  const asked = node.call("POST", `/100/${action}`, params);
  await expect(asked).rejects.toThrow("storage: storage 'nosuch' does not exist");
  expect(node.tasks.spec).toBeUndefined();
});

test("a disk that cannot grow is named, and keeps its size", async () => {
  node.storages.failNext.set("resize", "no space left on device");
  await node.call("PUT", "/100/resize", { disk: "scsi0", size: "+1G" });
  expect(node.tasks.outcome).toBe("scsi0: no space left on device");
  await node.call("PUT", "/100/resize", { disk: "scsi0", size: "+99999999999999999T" });
  expect(node.tasks.outcome).toBe("unable to parse size '+99999999999999999T'");
  expect(node.config(100)).toBe(CONFIG);
});

test("a storage whose type is not built says so by its own status", async () => {
  node.storages.entry = () => Promise.reject(new StorageTypeNotBuiltError("ceph", "rbd"));
  await expect(node.call("PUT", "/100/config", { scsi1: "ceph:1" })).rejects.toBeInstanceOf(StorageTypeNotBuiltError);
});
