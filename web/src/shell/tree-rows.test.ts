import { expect, test } from "vitest";
import { emptyInventory, withRows } from "../store/resources.ts";
import { treeRows } from "./tree-rows.ts";

const NOW = 1000;
const guest = (vmid: number, node: string, fields: Record<string, unknown> = {}) => ({
  id: `qemu/${vmid}`,
  type: "qemu",
  vmid,
  node,
  name: `g${vmid}`,
  status: "running",
  at: NOW,
  ...fields,
});
const node = (name: string, fields: Record<string, unknown> = {}) => ({
  id: `node/${name}`,
  type: "node",
  node: name,
  status: "online",
  at: NOW,
  ...fields,
});
const inventory = withRows(
  emptyInventory,
  [
    node("n10"),
    node("n2", { status: "offline" }),
    guest(110, "n10", { tags: "web;prod" }),
    guest(101, "n10", { pool: "dev" }),
    guest(102, "n2", { tags: "web" }),
  ],
  { arrivedAt: NOW, isWhole: true },
);
const show = (grouping: "node" | "pool" | "tag", filter = "", isOpen = true) =>
  treeRows({ inventory, grouping, isOpen: () => isOpen, filter, now: NOW }).map((row) =>
    row.kind === "group" ? `${row.title}${row.isAway ? " away" : ""} ${row.count}` : `  ${row.guest.vmid} ${row.state}`,
  );

test("by node, in the order of their numbers; what runs on a node that is away is unknown", () => {
  expect(show("node")).toEqual(["n2 away 1", "  102 unknown", "n10 2", "  101 running", "  110 running"]);
});
test("by tag, a guest is in each of its groups", () => {
  expect(show("tag")).toEqual([
    " 1",
    "  101 running",
    "prod 1",
    "  110 running",
    "web 2",
    "  102 unknown",
    "  110 running",
  ]);
});
test("by pool", () => expect(show("pool", "", false)).toEqual([" 2", "dev 1"]));
test("a filter opens what it finds and leaves out what is empty", () => {
  expect(show("node", "g10", false)).toEqual(["n2 away 1", "  102 unknown", "n10 1", "  101 running"]);
});
