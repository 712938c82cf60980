import { expect, test } from "vitest";
import type { GuestState } from "../store/freshness.ts";
import { parseRow } from "../store/resources.ts";
import { COLUMNS, type GuestRow, guestsCsv, nextSort, parseSort, printSort, sortRows } from "./columns.ts";

function row(vmid: number, fields: Record<string, unknown>): GuestRow {
  const guest = parseRow({ id: `qemu/${vmid}`, type: "qemu", vmid, node: "n1", status: "running", ...fields }, 0);
  if (guest?.kind !== "guest") throw new Error("not a guest");
  return { guest, state: guest.status as GuestState };
}

const rows = [
  row(103, { name: "web-10", cpu: 0.1 }),
  row(101, { name: "web-9", cpu: 0.5 }),
  row(102, { name: "db", status: "stopped", cpu: 0 }),
];
const order = (sort: string): number[] => sortRows(rows, parseSort(sort)).map(({ guest }) => guest.vmid);

test.each([
  ["", [101, 102, 103]],
  ["-id", [103, 102, 101]],
  ["name", [102, 101, 103]],
  ["cpu", [103, 101, 102]],
  ["-cpu", [101, 103, 102]],
  ["state,-name", [103, 101, 102]],
  ["nonsense", [101, 102, 103]],
])("sorted by %j; what is unknown comes last", (sort, want) => expect(order(sort)).toEqual(want));

test("headings sort up, then down; with a modifier they are added", () => {
  const up = nextSort(parseSort(""), "cpu", false);
  expect(printSort(up)).toBe("cpu");
  expect(printSort(nextSort(up, "cpu", false))).toBe("-cpu");
  expect(printSort(nextSort(up, "name", true))).toBe("cpu,name");
  expect(printSort(parseSort(""))).toBeUndefined();
});

test("a table file quotes what needs it, and no cell is a formula", () => {
  const columns = COLUMNS.filter(({ id }) => id === "name" || id === "id");
  expect(guestsCsv([row(1000, { name: '=1,"x"', tags: "a;b" })], columns)).toBe(
    'id,name,tags\n1000,"\'=1,""x""",a b\n',
  );
});
