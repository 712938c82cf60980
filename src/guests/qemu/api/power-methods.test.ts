import { afterEach, beforeEach, expect, test } from "vitest";
import { TestNode } from "../world.testing.ts";

let node: TestNode;
beforeEach(() => {
  node = new TestNode();
  node.putConfig(100, "cores: 1\n");
});
afterEach(() => node.close());

const call = (action: string, params: Record<string, unknown>): Promise<unknown> =>
  // The tasks themselves are another room's tests: here it is told with what they are begun.
  node.call("POST", `/100/status/${action}`, params).catch((error: Error) => {
    if (error.message !== `no task '${node.tasks.spec?.type}'`) throw error;
  });

test.each([
  ["start", { migratedfrom: "n2" }, "migratedfrom"],
  ["start", { migration_network: "10.0.0.0/8" }, "migration_network"],
  ["start", { migration_type: "secure" }, "migration_type"],
  ["start", { stateuri: "tcp" }, "stateuri"],
  ["start", { targetstorage: "local" }, "targetstorage"],
  ["start", { "nets-host-mtu": "net0=1500" }, "nets-host-mtu"],
  ["start", { "with-conntrack-state": 1 }, "with-conntrack-state"],
  ["stop", { migratedfrom: "n2" }, "migratedfrom"],
  ["suspend", { todisk: 1 }, "todisk"],
  ["suspend", { todisk: 0, statestorage: "local" }, "statestorage"],
  ["resume", { nocheck: 1 }, "nocheck"],
])("%s says what it cannot do: %o", async (action, params, name) => {
  await expect(call(action, params)).rejects.toMatchObject({
    status: 501,
    message: expect.stringContaining(`with '${name}' is not implemented`),
  });
  expect(node.tasks.spec).toBeUndefined();
});

test.each([
  ["start", { timeout: 7, machine: "q35", "force-cpu": "max", skiplock: 1 }],
  ["stop", { timeout: 7, skiplock: 1, keepActive: 1, "overrule-shutdown": 1 }],
  ["shutdown", { timeout: 7, forceStop: 1, skiplock: 1, keepActive: 1 }],
  ["reboot", { timeout: 7 }],
  ["reset", { skiplock: 1 }],
  ["suspend", { skiplock: 1, todisk: 0 }],
  ["resume", { skiplock: 1, nocheck: 0 }],
])("%s hands on what it is told: %o", async (action, params) => {
  await call(action, params);
  const given: Record<string, unknown> = params;
  const wanted: Record<string, unknown> = { vmid: 100 };
  for (const name of ["timeout", "machine"]) if (given[name] !== undefined) wanted[name] = given[name];
  if (given["force-cpu"] !== undefined) wanted.forceCpu = given["force-cpu"];
  for (const name of ["skiplock", "forceStop"]) if (given[name] !== undefined) wanted[name] = true;
  expect(node.tasks.spec).toMatchObject({ type: `qm${action}`, id: "100", args: wanted });
});

test.each(["start", "stop", "shutdown", "reset", "suspend", "resume"])("%s: only root skips a lock", async (action) => {
  node.setRights({ "nina@pve": { "/vms/100": ["VM.PowerMgmt"] } });
  const asked = node.call("POST", `/100/status/${action}`, { skiplock: 1 }, "nina@pve");
  await expect(asked).rejects.toThrow("skiplock: Only root may use this option.");
});

test("what a stopped VM is asked names it", async () => {
  await expect(node.call("PUT", "/100/sendkey", { key: "a" })).rejects.toThrow("VM 100 not running");
  await expect(node.call("POST", "/100/monitor", { command: "info block" })).rejects.toThrow("VM 100 not running");
});
