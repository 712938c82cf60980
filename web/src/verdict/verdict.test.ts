import { describe, expect, test } from "vitest";
import { emptyInventory, withRows } from "../store/resources.ts";
import { parseTasks } from "../store/tasks.ts";
import { type Quorum, spareVotes, verdictOf } from "./verdict.ts";

const NOW = 10_000;
const node = (name: string, fields: Record<string, unknown> = {}) => ({
  id: `node/${name}`,
  type: "node",
  node: name,
  status: "online",
  at: NOW - 3,
  mem: 1,
  maxmem: 10,
  ...fields,
});
const storage = (name: string, disk: number, fields: Record<string, unknown> = {}) => ({
  id: `storage/n1/${name}`,
  type: "storage",
  node: "n1",
  storage: name,
  status: "available",
  at: NOW - 3,
  disk,
  maxdisk: 100,
  ...fields,
});
const guest = (vmid: number, status: string) => ({
  id: `qemu/${vmid}`,
  type: "qemu",
  vmid,
  node: "n1",
  status,
  at: NOW - 3,
});

function verdict(rows: readonly unknown[], tasks: readonly unknown[] = [], quorum?: Quorum) {
  const inventory = withRows(emptyInventory, rows, { arrivedAt: NOW, isWhole: true });
  return verdictOf({ inventory, tasks: parseTasks(tasks), quorum, now: NOW });
}

describe("verdict", () => {
  test("nothing is known before anything has come", () => {
    expect(verdictOf({ inventory: emptyInventory, tasks: [], quorum: undefined, now: NOW }).level).toBe("unknown");
  });

  test("one node that answers is well, and tells what runs", () => {
    const { level, headline, sentence } = verdict([node("n1"), guest(100, "running"), guest(101, "stopped")]);
    expect([level, headline, sentence.key]).toEqual(["ok", "verdict.ok", "verdict.running-alone-text"]);
    expect(sentence.values).toMatchObject({ node: "n1", running: 1, guests: 2 });
  });

  test("a node that is silent is told before all else, and its guests are not counted as running", () => {
    const rows = [node("n1", { at: NOW - 300 }), node("n2"), node("n3"), guest(100, "running"), storage("a", 90)];
    const { level, headline, sentence, findings, votes } = verdict(rows, [], { isQuorate: true, expectedVotes: 3 });
    expect([level, headline]).toEqual(["warn", "verdict.degraded"]);
    expect(sentence.values).toMatchObject({ names: "n1", running: 0, spare: 0 });
    expect(votes).toEqual({ present: 2, total: 3 });
    expect(findings.map(({ title }) => title.key)).toEqual(["verdict.node-away"]);
    expect(findings[0]?.since).toBe(NOW - 300);
  });

  test("the only node being silent is bad: nothing is known", () => {
    expect(verdict([node("n1", { at: NOW - 300 })])).toMatchObject({ level: "bad", headline: "verdict.silent" });
  });

  test("without a quorum changes are off", () => {
    const { level, headline } = verdict([node("n1")], [], { isQuorate: false, expectedVotes: 3 });
    expect([level, headline]).toEqual(["bad", "verdict.no-quorum"]);
  });

  test.each([
    [84, undefined],
    [85, "warn"],
    [95, "bad"],
  ])("a storage at %d %% is %s", (disk, want) => {
    expect(verdict([node("n1"), storage("a", disk)]).findings[0]?.level).toBe(want);
  });

  test("a shared storage is told once", () => {
    const rows = [
      node("n1"),
      node("n2"),
      storage("nfs", 90, { shared: 1 }),
      storage("nfs", 90, { shared: 1, id: "storage/n2/nfs", node: "n2" }),
    ];
    expect(verdict(rows).findings).toHaveLength(1);
  });

  test("a failed task needs attention until the same goes well", () => {
    const failed = {
      upid: "a",
      node: "n1",
      type: "qmstart",
      id: "100",
      starttime: NOW - 50,
      endtime: NOW - 40,
      status: "boom",
    };
    expect(verdict([node("n1")], [failed]).findings[0]?.text.values).toEqual({ reason: "boom" });
    const well = { ...failed, upid: "b", starttime: NOW - 20, endtime: NOW - 10, status: "OK" };
    expect(verdict([node("n1")], [failed, well]).findings).toEqual([]);
    const old = { ...failed, starttime: NOW - 90_000, endtime: NOW - 90_000 };
    expect(verdict([node("n1")], [old]).findings).toEqual([]);
  });

  test("a failed task is told by what it did; consoles that ended are no matter", () => {
    const failed = {
      upid: "a",
      node: "n1",
      type: "qmstart",
      id: "100",
      starttime: NOW - 50,
      endtime: NOW - 40,
      status: "boom",
    };
    const [finding] = verdict([node("n1"), { ...guest(100, "stopped"), name: "web-01" }], [failed]).findings;
    expect(finding?.title.values).toEqual({ what: "Start web-01" });
    expect(verdict([node("n1")], [{ ...failed, type: "vncproxy" }]).findings).toEqual([]);
  });

  test("at most seven things are told", () => {
    const rows = [node("n1"), ...Array.from({ length: 12 }, (_, index) => storage(`s${index}`, 99))];
    expect(verdict(rows).findings).toHaveLength(7);
  });
});

test.each([
  [3, 3, 1],
  [2, 3, 0],
  [4, 5, 1],
  [1, 1, 0],
])("with %d of %d votes, %d may go", (present, total, want) => expect(spareVotes({ present, total })).toBe(want));
