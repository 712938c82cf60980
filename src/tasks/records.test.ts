import fc from "fast-check";
import { expect, test } from "vitest";
import { matchesFilter, type TaskFilter } from "./filters.ts";
import { classOfStatus, errorStatus, lastLineOfStatus, statusOfLastLine } from "./outcome.ts";
import { parseRecords, printRecord, printTaskList, RECENT_LIMIT, type TaskRecord, trimActive } from "./records.ts";
import { formatUpid, parseUpid } from "./upid.ts";

function record(number: number, more: Partial<TaskRecord> & { type?: string; authid?: string; id?: string } = {}) {
  const { type = "qmstart", authid = "root@pam", id = "100", ...rest } = more;
  const upid = formatUpid({ node: "n1", pid: number, pstart: number, starttime: 1000 + number, type, id, authid });
  const parsed = parseUpid(upid);
  if (parsed === undefined) throw new Error("not a UPID");
  return { upid, parsed, ...rest } satisfies TaskRecord;
}

test("a running task is its UPID, an ended one has end time and status behind it", () => {
  const running = record(1);
  const ended = record(2, { endtime: 0x67abcdef, status: "command 'x y' failed: exit code 1" });
  const text = printRecord(running) + printRecord(ended);
  expect(text).toBe(`${running.upid}\n${ended.upid} 67ABCDEF command 'x y' failed: exit code 1\n`);
  expect(parseRecords(text)).toEqual([running, ended]);
});

test("a line that was cut does not hide the others", () => {
  const ended = record(2, { endtime: 5, status: "OK" });
  expect(parseRecords(`${record(1).upid.slice(0, 20)}\n${record(3).upid} 00\n\n${printRecord(ended)}`)).toEqual([
    ended,
  ]);
});

test("active keeps all running tasks and the newest ended ones", () => {
  const running = Array.from({ length: 40 }, (_, index) => record(index + 1));
  const ended = Array.from({ length: 40 }, (_, index) => record(index + 100, { endtime: 2000 + index, status: "OK" }));
  const kept = trimActive([...ended, ...running]);
  expect(kept.filter(({ endtime }) => endtime === undefined)).toHaveLength(40);
  const recent = kept.flatMap(({ endtime }) => endtime ?? []);
  expect(recent).toHaveLength(RECENT_LIMIT);
  expect(Math.min(...recent)).toBe(2000 + 40 - RECENT_LIMIT);
});

test("the broadcast list loses its oldest entries, never its form", () => {
  const records = Array.from({ length: 500 }, (_, index) => record(index + 1));
  const text = printTaskList(records, 32 * 1024);
  expect(Buffer.byteLength(text)).toBeLessThan(32 * 1024);
  const list: unknown = JSON.parse(text);
  expect(list).toBeInstanceOf(Array);
  expect(list).toHaveProperty("0.upid", records[0]?.upid);
});

const outcomes = [
  ["TASK OK", "OK", "ok"],
  ["TASK WARNINGS: 3", "WARNINGS: 3", "warning"],
  ["TASK ERROR: no such disk", "no such disk", "error"],
  ["TASK ERROR: received interrupt", "received interrupt", "error"],
] as const;
test.each(outcomes)("the last line '%s' tells '%s', which is %s", (line, status, kind) => {
  expect(statusOfLastLine(line)).toBe(status);
  expect(classOfStatus(status)).toBe(kind);
  expect(lastLineOfStatus(status)).toBe(line);
});

test.each(["", "TASK", "TASK ERROR: ", "task OK", "x TASK OK", "TASK OK ", "TASK WARNINGS: many"])(
  "the line '%s' is no outcome",
  (line) => {
    expect(statusOfLastLine(line)).toBeUndefined();
  },
);

test("a task without an outcome in its log is of an unknown outcome", () => {
  expect(classOfStatus("unexpected status")).toBe("unknown");
});

test("no error's text can pass for a success or for two lines", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.constantFrom("OK", " OK\n", "WARNINGS: 1", "a\nTASK OK", "")), (message) => {
      const status = errorStatus(message);
      expect(status).not.toMatch(/\n/);
      expect(["ok", "warning"]).not.toContain(classOfStatus(status));
      expect(statusOfLastLine(lastLineOfStatus(status))).toBe(status);
    }),
  );
});

const OK = { endtime: 5000, status: "OK" };
const filters: { name: string; record: TaskRecord; filter: TaskFilter; want: boolean }[] = [
  { name: "no filter shows everything", record: record(1), filter: {}, want: true },
  {
    name: "part of a user in any case",
    record: record(1, { authid: "nina@pve" }),
    filter: { userfilter: "NIN" },
    want: true,
  },
  { name: "another user", record: record(1), filter: { userfilter: "nina" }, want: false },
  { name: "the type is the whole type", record: record(1), filter: { typefilter: "qm" }, want: false },
  { name: "the guest", record: record(1, { id: "100" }), filter: { vmid: 100 }, want: true },
  { name: "a guest whose id begins alike", record: record(1, { id: "1000" }), filter: { vmid: 100 }, want: false },
  { name: "since its start", record: record(1), filter: { since: 1001 }, want: true },
  { name: "since a second later", record: record(1), filter: { since: 1002 }, want: false },
  { name: "until its start", record: record(1), filter: { until: 1001 }, want: true },
  { name: "until a second before", record: record(1), filter: { until: 1000 }, want: false },
  {
    name: "errors: a failed one",
    record: record(1, { endtime: 9, status: "no" }),
    filter: { errors: true },
    want: true,
  },
  { name: "errors: a good one", record: record(1, OK), filter: { errors: true }, want: false },
  {
    name: "errors: one with warnings",
    record: record(1, { endtime: 9, status: "WARNINGS: 1" }),
    filter: { errors: true },
    want: false,
  },
  { name: "errors: a running one", record: record(1), filter: { errors: true }, want: false },
  { name: "status ok", record: record(1, OK), filter: { statuses: new Set(["ok"]) }, want: true },
  { name: "status ok: running", record: record(1), filter: { statuses: new Set(["ok"]) }, want: false },
  {
    name: "status unknown",
    record: record(1, { endtime: 9, status: "unexpected status" }),
    filter: { statuses: new Set(["unknown"]) },
    want: true,
  },
  { name: "not visible", record: record(1), filter: { isVisible: () => false }, want: false },
];
test.each(filters)("filters: $name", ({ record, filter, want }) => {
  expect(matchesFilter(record, filter)).toBe(want);
});
