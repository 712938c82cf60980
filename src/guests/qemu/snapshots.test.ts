import { afterEach, beforeEach, expect, test } from "vitest";
import { TestNode } from "./world.testing.ts";

let node: TestNode;
beforeEach(() => {
  node = new TestNode();
  node.putConfig(
    100,
    "cores: 2\nparent: s1\n\n[s1]\n#first\ncores: 1\nsnaptime: 1700000000\nvmstate: local:100/vm-100-state-s1.raw\n",
  );
});
afterEach(() => node.close());

test("snapshots are listed with the state now at the end", async () => {
  node.hotplug.running.add(100);
  expect(await node.call("GET", "/100/snapshot")).toEqual([
    { name: "s1", description: "first", snaptime: 1_700_000_000, vmstate: 1 },
    { name: "current", description: "You are here!", digest: expect.any(String), running: 1, parent: "s1" },
  ]);
});

test("a snapshot's config and notes", async () => {
  expect(await node.call("GET", "/100/snapshot/s1/config")).toMatchObject({ cores: 1, description: "first" });
  await node.call("PUT", "/100/snapshot/s1/config", { description: "second" });
  expect(node.config(100)).toContain("[s1]\n#second\ncores: 1\n");
  await node.call("PUT", "/100/snapshot/s1/config", { description: "" });
  expect(node.config(100)).toContain("[s1]\ncores: 1\n");
  await expect(node.call("GET", "/100/snapshot/s2/config")).rejects.toThrow("snapshot 's2' does not exist");
  await expect(node.call("PUT", "/100/snapshot/s2/config", { description: "x" })).rejects.toThrow("does not exist");
});

test("a stopped VM can be copied, a running one and its snapshots cannot", async () => {
  const feature = (params: object) => node.call("GET", "/100/feature", { ...params });
  expect(await feature({ feature: "copy" })).toEqual({ hasFeature: 1, nodes: ["n1"] });
  expect(await feature({ feature: "copy", snapname: "s1" })).toEqual({ hasFeature: 0, nodes: [] });
  expect(await feature({ feature: "snapshot" })).toEqual({ hasFeature: 0, nodes: [] });
  node.hotplug.running.add(100);
  expect(await feature({ feature: "copy" })).toEqual({ hasFeature: 0, nodes: [] });
});
