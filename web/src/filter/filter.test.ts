import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { GuestState } from "../store/freshness.ts";
import { type GuestResource, parseRow } from "../store/resources.ts";
import { matchesFilter } from "./match-guest.ts";
import { parseFilter } from "./parse-filter.ts";

const GIB = 2 ** 30;

function guest(vmid: number, fields: Record<string, unknown>): GuestResource {
  const row = parseRow({ id: `qemu/${vmid}`, type: "qemu", vmid, node: "n1", status: "running", ...fields }, 0);
  if (row?.kind !== "guest") throw new Error("not a guest");
  return row;
}

const guests = [
  guest(101, { name: "web-01", tags: "web;prod", cpu: 0.9, mem: 12 * GIB, maxmem: 16 * GIB, uptime: 100 }),
  guest(102, { name: "web-02", tags: "web;test", node: "n2", cpu: 0.1, mem: 2 * GIB, maxmem: 4 * GIB, uptime: 90_000 }),
  guest(110, { name: "db-01", pool: "dev", status: "stopped", maxmem: 64 * GIB }),
  guest(900, { name: "base", template: 1, status: "stopped", lock: "backup" }),
];

const found = (text: string): number[] => {
  const { root } = parseFilter(text);
  return guests
    .filter((one) => matchesFilter(root, { guest: one, state: one.status as GuestState }))
    .map(({ vmid }) => vmid);
};

describe("filter", () => {
  test.each([
    ["", [101, 102, 110, 900]],
    ["web", [101, 102]],
    ["10", [101, 102]],
    ["prod", [101]],
    ["WEB-01", [101]],
    ["web -tag:test", [101]],
    ["status:running", [101, 102]],
    ["status:stopped,running node:n1", [101, 110, 900]],
    ["cpu>80%", [101]],
    ["cpu<=10", [102]],
    ["mem>8g", [101]],
    ["mem>70%", [101]],
    ["ram>=64g", [110]],
    ["uptime<1h", [101]],
    ["uptime>1d", [102]],
    ["template:yes", [900]],
    ["-template:yes pool:dev", [110]],
    ["name:/^db-\\d+$/", [110]],
    ["(web-01 or db) node:n1", [101, 110]],
    ["web-01 or db-01", [101, 110]],
    ["-(web or db)", [900]],
    ['name:"web-02"', [102]],
    ["lock:backup", [900]],
    ["id>105", [110, 900]],
  ])("%s", (text, want) => expect(found(text)).toEqual(want));

  test.each([
    ["status:", "a key without a value searches for its text", []],
    ["cpu>", "a comparison without a number likewise", []],
    ["(web", "a bracket that is not closed yet", [101, 102]],
    ["web)", "a bracket too many", [101, 102]],
    ["web or", "an alternative that is not typed yet", [101, 102]],
    ["-", "a lonely minus", [101, 102, 110, 900]],
    ["name:/[/", "half a pattern", []],
  ])("%s: %s", (text, _why, want) => expect(found(text)).toEqual(want));

  test("unknown keys are told, and searched for as text", () => {
    expect(parseFilter("colour:red web").unknownKeys).toEqual(["colour"]);
    expect(found("colour:red")).toEqual([]);
  });

  test("nothing that is typed makes an error", () => {
    fc.assert(fc.property(fc.string(), (text) => void found(text)));
    const piece = fc.constantFrom("(", ")", "-", "or", "a", "cpu>", "cpu>1", "/", ":", '"', " ", "name:/", "tag:x");
    fc.assert(fc.property(fc.array(piece), (pieces) => void found(pieces.join(""))));
  });
});
