import { afterEach, beforeEach, expect, test } from "vitest";
import { CachedFiles } from "../../cfs/cached-files.ts";
import { VmConfigs } from "./config-store.ts";
import { type MachineFacts, WorldGatherer } from "./gather-world.ts";
import { CommandPreview } from "./show-command.ts";
import { TestNode } from "./world.testing.ts";

const facts: MachineFacts = {
  cpu: async () => ({ vendor: "GenuineIntel", count: 4, physBits: 46 }),
  bridgeMtu: async (name) => (name === "vmbr0" ? 1500 : undefined),
  iscsiInitiator: async () => undefined,
  pciDevices: async () => new Set<string>(),
  numaNodes: async () => new Set([0]),
  hugepageSizesMiB: async () => [2],
  hasVhostNet: async () => false,
};

let node: TestNode;
let preview: CommandPreview;
let version: string | undefined;

beforeEach(() => {
  node = new TestNode();
  version = "10.1.0";
  const { cfs, layout, log, storages } = node.deps;
  const files = new CachedFiles(cfs);
  const configs = new VmConfigs({ nodeName: layout.nodeName, cfs, files, lockDir: layout.qemuLock, log });
  const hasKvm = async () => true;
  const worlds = new WorldGatherer({ layout, storages, files, facts, hasKvm, qemuVersion: async () => version });
  preview = new CommandPreview({ configs, worlds });
});
afterEach(() => node.close());

test("the line has the volumes, bridges and CPU models of this node, pending changes included", async () => {
  node.storages.addVolume("local:100/vm-100-disk-0.qcow2", 2 ** 30);
  node.files.put("virtual-guest/cpu-models.conf", "cpu-model: mine\n\treported-model athlon\n");
  node.putConfig(
    100,
    "cores: 2\ncpu: custom-mine\nnet0: virtio=BC:24:11:00:00:01,bridge=vmbr0\nscsi0: local:100/vm-100-disk-0.qcow2\nvirtio0: /dev/sdx\n\n[PENDING]\ncores: 3\n",
  );
  await node.files.settled();
  const text = await preview.show(100);
  expect(text).toMatch(/^\/usr\/bin\/kvm -id 100 -name 'vm100,debug-threads=on' /);
  expect(text).toContain("-smp '3,sockets=1,cores=3,maxcpus=3'");
  expect(text).toContain("-cpu 'athlon,enforce,");
  expect(text).toContain('"driver":"qcow2","file":{"aio":"io_uring"');
  expect(text).toContain('"filename":"/memory/local/images/100/vm-100-disk-0.qcow2"');
  expect(text).toContain('"driver":"host_device","filename":"/dev/sdx"');
  expect(text).toContain("host_mtu=1500");
  expect(text).toMatch(/-machine 'type=pc\+pve0'$/);
  expect(await preview.show(100, { isCurrent: true, isPretty: true })).toContain("\\\n  -smp '2,sockets=1");
});

test("a snapshot's line, and what is not there", async () => {
  node.putConfig(100, "cores: 1\n\n[s1]\ncores: 4\n");
  await node.files.settled();
  expect(await preview.show(100, { snapshot: "s1" })).toContain("-smp '4,");
  await expect(preview.show(100, { snapshot: "s2" })).rejects.toThrow("snapshot 's2' does not exist");
  version = undefined;
  await expect(preview.show(100)).rejects.toThrow("no QEMU is installed on this node");
});
