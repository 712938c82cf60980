/**
 * A process that dies does nothing any more: from a chosen step on every operation fails, so that no clean-up helps.
 * After each such death the volumes must be listed, and the VM must be removable.
 */
import { expect, test } from "vitest";
import { parseVmConfig } from "./config.ts";
import { volumesIn } from "./pending.ts";
import { TestNode } from "./world.testing.ts";

const GIB = 2 ** 30;
const MAX_STEPS = 60;

/** Lets the node die at its n-th change of a file or a storage, before or after that is done. */
function dieAt(
  node: TestNode,
  step: number,
  when: "before" | "after",
): { readonly hasDied: () => boolean; revive(): void } {
  let count = 0;
  let isDead = false;
  const counted = async <T>(operation: () => Promise<T>): Promise<T> => {
    if (isDead) throw new Error("dead");
    count += 1;
    if (count !== step) return operation();
    if (when === "after") await operation();
    isDead = true;
    throw new Error("killed");
  };
  const { storages, files } = node;
  const originals = {
    allocate: storages.allocate.bind(storages),
    free: storages.free.bind(storages),
    resize: storages.resize.bind(storages),
  };
  storages.allocate = (request) => counted(() => originals.allocate(request));
  storages.free = (volid) => counted(() => originals.free(volid));
  storages.resize = (volid, size, isRunning) => counted(() => originals.resize(volid, size, isRunning));
  files.around = counted;
  return {
    hasDied: () => isDead,
    revive() {
      Object.assign(storages, originals);
      files.around = (operation) => operation();
      isDead = false;
    },
  };
}

function listedVolumes(node: TestNode, vmids: readonly number[]): Set<string> {
  const listed = new Set<string>();
  for (const vmid of vmids) {
    const text = node.config(vmid);
    if (text === undefined) continue;
    for (const volume of volumesIn(parseVmConfig(text, { vmid, strict: true }))) listed.add(volume);
  }
  return listed;
}

interface Scenario {
  readonly name: string;
  readonly before?: (node: TestNode) => void;
  readonly run: (node: TestNode) => Promise<unknown>;
  readonly vmids: readonly number[];
}

const withDisk = (node: TestNode): void => {
  node.storages.addVolume("local:100/vm-100-disk-0.raw", GIB);
  node.putConfig(100, "cores: 1\nscsi0: local:100/vm-100-disk-0.raw,size=1G\n");
};

const scenarios: Scenario[] = [
  {
    name: "create",
    vmids: [100],
    run: (node) =>
      node.call("POST", "", { vmid: 100, scsi0: "local:1", scsi1: "local:1,format=qcow2", ide2: "local:cloudinit" }),
  },
  {
    name: "a new disk",
    vmids: [100],
    before: withDisk,
    run: (node) => node.call("PUT", "/100/config", { scsi1: "local:1" }),
  },
  {
    name: "a disk in place of another",
    vmids: [100],
    before: withDisk,
    run: (node) => node.call("PUT", "/100/config", { scsi0: "local:1" }),
  },
  {
    name: "removal of a disk by force",
    vmids: [100],
    before: withDisk,
    run: (node) => node.call("PUT", "/100/config", { delete: "scsi0", force: 1 }),
  },
  {
    name: "resize",
    vmids: [100],
    before: withDisk,
    run: (node) => node.call("PUT", "/100/resize", { disk: "scsi0", size: "2G" }),
  },
  {
    name: "move",
    vmids: [100],
    before: (node) => {
      node.storages.addStorage("fast");
      withDisk(node);
    },
    run: (node) => node.call("POST", "/100/move_disk", { disk: "scsi0", storage: "fast", delete: 1 }),
  },
  {
    name: "clone",
    vmids: [100, 200],
    before: withDisk,
    run: (node) => node.call("POST", "/100/clone", { newid: 200 }),
  },
  { name: "destroy", vmids: [100], before: withDisk, run: (node) => node.call("DELETE", "/100") },
];

const cases = scenarios.flatMap((scenario) => (["before", "after"] as const).map((when) => ({ ...scenario, when })));

test.each(cases)("$name: killed $when any step, no disk is lost sight of", async ({ before, run, vmids, when }) => {
  let deaths = 0;
  for (let step = 1; ; step += 1) {
    expect(step).toBeLessThan(MAX_STEPS);
    const node = new TestNode();
    try {
      before?.(node);
      await node.files.settled();
      const fate = dieAt(node, step, when);
      await run(node).catch(() => {});
      const hasDied = fate.hasDied();
      fate.revive();
      const listed = listedVolumes(node, vmids);
      for (const storage of ["local", "fast"]) {
        const volumes = await node.storages.list(storage).catch(() => []);
        for (const { volid } of volumes) expect([...listed], `${volid} after step ${step}`).toContain(volid);
      }
      for (const vmid of vmids) {
        if (node.config(vmid) === undefined) continue;
        await node.call("DELETE", `/${vmid}`, { skiplock: 1 });
        expect(node.tasks.outcome, `destroy after step ${step}`).toBe("OK");
      }
      expect(await node.storages.list("local")).toEqual([]);
      if (!hasDied) break;
      deaths += 1;
    } finally {
      node.close();
    }
  }
  expect(deaths).toBeGreaterThan(0);
});
