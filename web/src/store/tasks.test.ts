import { expect, test } from "vitest";
import { outcomeOf, parseTaskEvent, parseTasks, parseUpid } from "./tasks.ts";

test("tasks come newest first, whatever is no task is left out", () => {
  const row = (upid: string, starttime: number) => ({ upid, node: "n1", type: "qmstart", starttime });
  expect(parseTasks([row("a", 1), null, {}, row("b", 3)]).map(({ upid }) => upid)).toEqual(["b", "a"]);
  expect(parseTasks("x")).toEqual([]);
});

test.each([
  [{ endedAt: undefined, status: undefined }, "running"],
  [{ endedAt: undefined, status: "RUNNING" }, "running"],
  [{ endedAt: 3, status: "OK" }, "ok"],
  [{ endedAt: 3, status: "WARNINGS: 2" }, "warnings"],
  [{ endedAt: 3, status: "command failed" }, "failed"],
  [{ endedAt: 3, status: "unexpected status" }, "unknown"],
])("%j is %s", (task, want) => expect(outcomeOf(task)).toBe(want));

test("a UPID tells its parts; what is none tells nothing", () => {
  expect(parseUpid("UPID:vm:000011EE:000CBB2E:6B0684C5:qmstart:100:admin@pve:")).toEqual({
    node: "vm",
    type: "qmstart",
    id: "100",
    user: "admin@pve",
    startedAt: 0x6b0684c5,
  });
  expect(parseUpid("UPID:vm:1:2:3:x:y:z:")).toBeUndefined();
});

test("the cluster log's lines about tasks name the task and how it ended", () => {
  const upid = "UPID:vm:000011EE:000CBB2E:6B0684C5:qmstart:100:admin@pve:";
  expect(parseTaskEvent(`starting task ${upid}`)).toEqual({ upid, status: undefined });
  expect(parseTaskEvent(`end task ${upid} start failed: no disk`)).toEqual({ upid, status: "start failed: no disk" });
  expect(parseTaskEvent("successful auth for user 'admin@pve'")).toBeUndefined();
});
