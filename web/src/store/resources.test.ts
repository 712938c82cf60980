import { describe, expect, test } from "vitest";
import { freshness, guestState } from "./freshness.ts";
import { emptyInventory, parseRow, withoutIds, withRows } from "./resources.ts";

const node = (name: string, at: number, status = "online") => ({
  id: `node/${name}`,
  type: "node",
  node: name,
  status,
  at,
});
const guest = (vmid: number, on: string, fields: Record<string, unknown> = {}) => ({
  id: `qemu/${vmid}`,
  type: "qemu",
  vmid,
  node: on,
  status: "running",
  at: 1000,
  ...fields,
});

describe("rows", () => {
  test("a guest without a name is called by its id", () => {
    expect(parseRow(guest(101, "n1", { tags: "a;b" }), 0)).toMatchObject({ name: "101", tags: ["a", "b"], at: 1000 });
  });

  test.each([null, 3, {}, { id: "x", type: "qemu", node: "n1" }, { id: "sdn/n1/zone", type: "sdn", node: "n1" }])(
    "%j is not shown",
    (row) => expect(parseRow(row, 0)).toBeUndefined(),
  );

  test("rows without an age are as old as their arrival", () => {
    expect(parseRow({ id: "node/n1", type: "node", node: "n1" }, 77)?.at).toBe(77);
  });

  test("changed rows replace, a whole list removes what it does not name", () => {
    const options = { arrivedAt: 1000, isWhole: true };
    const first = withRows(emptyInventory, [node("n1", 1000), guest(101, "n1"), guest(102, "n1")], options);
    const changed = withRows(first, [guest(101, "n2")], { arrivedAt: 1000, isWhole: false });
    expect([...changed.guests.values()].map(({ vmid, node: on }) => [vmid, on])).toEqual([
      [101, "n2"],
      [102, "n1"],
    ]);
    expect(withRows(changed, [guest(102, "n1")], options).guests.has(101)).toBe(false);
    expect(withoutIds(changed, ["qemu/102"]).guests.has(102)).toBe(false);
  });
});

describe("freshness", () => {
  test("of ages", () =>
    expect([0, 19, 20, 60, 61].map(freshness)).toEqual(["fresh", "fresh", "aging", "aging", "stale"]));

  const stateOf = (fields: Record<string, unknown>, nodeFields: { at?: number; status?: string } = {}) => {
    const rows = [node("n1", nodeFields.at ?? 1000, nodeFields.status), guest(101, "n1", fields)];
    const inventory = withRows(emptyInventory, rows, { arrivedAt: 1000, isWhole: true });
    const one = inventory.guests.get(101);
    return one === undefined ? undefined : guestState(one, inventory, 1005);
  };

  test.each([
    [{}, "running"],
    [{ status: "stopped" }, "stopped"],
    [{ status: "paused" }, "paused"],
    [{ lock: "backup" }, "busy"],
    [{ lock: "suspended", status: "stopped" }, "paused"],
    [{ status: "io-error" }, "error"],
    [{ status: "odd" }, "unknown"],
  ])("a guest with %j is %s", (fields, want) => expect(stateOf(fields)).toBe(want));

  test("nothing is known of guests on a node that is away or silent", () => {
    expect(stateOf({}, { status: "offline" })).toBe("unknown");
    expect(stateOf({}, { at: 900 })).toBe("unknown");
  });
});
