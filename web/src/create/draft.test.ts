import { describe, expect, test } from "vitest";
import { commandOf, type Draft, EMPTY_DRAFT, parametersOf, problemsOf, withBridge } from "./draft.ts";

const draft: Draft = {
  ...EMPTY_DRAFT,
  iso: "local:iso/debian.iso",
  storage: "local",
  name: "web-04",
  bridge: "vmbr0",
  tags: "web, prod",
  vlan: "20",
};

describe("a draft", () => {
  test("becomes the call", () => {
    expect(parametersOf(draft, 104)).toEqual({
      vmid: 104,
      name: "web-04",
      cores: 2,
      memory: "4096",
      ostype: "l26",
      scsihw: "virtio-scsi-single",
      scsi0: "local:32,discard=on,iothread=1",
      ide2: "local:iso/debian.iso,media=cdrom",
      net0: "virtio,bridge=vmbr0,tag=20",
      boot: "order=scsi0;ide2;net0",
      serial0: "socket",
      tags: "web;prod",
    });
  });

  test.each([
    ["the node's first bridge", ["lan", "dmz"], "virtio,bridge=lan"],
    ["a user network on a node without one", [], "virtio"],
    ["the usual bridge while they are not known", undefined, "virtio,bridge=vmbr0"],
  ])("offers %s", (_name, bridges, net0) => {
    expect(parametersOf(withBridge(EMPTY_DRAFT, bridges), 100).net0).toBe(net0);
  });

  test("keeps the bridge that somebody chose", () => {
    expect(withBridge({ ...EMPTY_DRAFT, bridge: "vmbr7" }, ["lan"]).bridge).toBe("vmbr7");
    expect(withBridge({ ...EMPTY_DRAFT, bridge: "" }, ["lan"]).bridge).toBe("");
  });

  test("without a disk, medium or network has none of them", () => {
    const bare = parametersOf({ ...EMPTY_DRAFT, start: "empty", disk: "0", hasNetwork: false, hasSerial: false }, 100);
    expect(Object.keys(bare)).toEqual(["vmid", "cores", "memory", "ostype", "scsihw"]);
  });

  test("the command is the same, and quoted where a shell needs it", () => {
    expect(commandOf({ vmid: 104, name: "a", tags: "web;prod", x: "it's" })).toBe(
      "qm create 104 \\\n  --name a \\\n  --tags 'web;prod' \\\n  --x 'it'\\''s'",
    );
  });

  test.each([
    [{}, []],
    [{ name: "-x" }, ["name"]],
    [{ name: "a_b" }, ["name"]],
    [{ vmid: "12" }, ["vmid"]],
    [{ cores: "0" }, ["cores"]],
    [{ memory: "lots" }, ["memory"]],
    [{ memory: "512 MiB" }, []],
    [{ iso: "" }, ["iso"]],
    [{ start: "empty", iso: "" }, []],
    [{ storage: "" }, ["storage"]],
    [{ disk: "", storage: "" }, []],
    [{ vlan: "x" }, ["vlan"]],
  ] as const)("with %j is wrong in %j", (fields, want) => {
    expect(Object.keys(problemsOf({ ...draft, ...fields } as Draft))).toEqual([...want]);
  });
});
