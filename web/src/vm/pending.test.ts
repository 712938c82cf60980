import { expect, test } from "vitest";
import { pendingKeys } from "./pending.ts";

test("changed and removed keys wait, others do not", () => {
  const rows = [
    { key: "cores", value: 1, pending: 2 },
    { key: "name", value: "a" },
    { key: "net1", value: "x", delete: 1 },
    { key: "scsi1", pending: "local:1" },
  ];
  expect(pendingKeys(rows)).toEqual([
    { key: "cores", current: "1", pending: "2" },
    { key: "net1", current: "x", pending: undefined },
    { key: "scsi1", current: undefined, pending: "local:1" },
  ]);
  expect(pendingKeys(undefined)).toEqual([]);
});
