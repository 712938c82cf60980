import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ClusterLog, type LogEntry, makeLogEntry } from "./cluster-log.ts";
import { decodeLogBuffer, decodeLogEntry, encodeLogBuffer, encodeLogEntry } from "./cluster-log-codec.ts";

const anyEntry = fc
  .record({
    priority: fc.nat(7),
    ident: fc.string({ unit: "binary" }),
    tag: fc.string(),
    message: fc.string({ maxLength: 5000 }),
    time: fc.nat(),
    pid: fc.nat(),
    uid: fc.nat(),
  })
  .map(({ time, pid, uid, ...entry }): LogEntry => makeLogEntry(entry, { node: "n1", time, pid, uid }));

describe("the cluster log's bytes", () => {
  test("an entry that a peer sends has the documented layout", () => {
    const entry = makeLogEntry(
      { priority: 6, ident: "root", tag: "cluster", message: "starting cluster log" },
      { node: "node1", time: 0x10, pid: 0x20, uid: 1 },
    );
    const bytes = encodeLogEntry(entry);
    expect(bytes.length).toBe(48 + 6 + 5 + 8 + 21);
    expect(bytes.toString("latin1", 44, 44 + 40)).toBe("node1\0root\0cluster\0starting cluster log\0");
    expect(bytes.subarray(0, 8).equals(Buffer.alloc(8))).toBe(true);
    expect(bytes.subarray(-4).equals(Buffer.alloc(4))).toBe(true);
    expect([...bytes.subarray(36, 44)]).toEqual([6, 6, 5, 8, 21, 0, 0, 0]);
  });

  test("every entry comes back, and none is longer than 4 KiB", () => {
    fc.assert(
      fc.property(anyEntry, (entry) => {
        const bytes = encodeLogEntry(entry);
        expect(bytes.length).toBeLessThanOrEqual(4096);
        expect(decodeLogEntry(bytes)).toEqual(entry);
      }),
    );
  });

  test("bytes that are not one entry are refused", () => {
    const bytes = encodeLogEntry(
      makeLogEntry({ priority: 1, ident: "a", tag: "b", message: "c" }, { node: "n", time: 1, pid: 1, uid: 1 }),
    );
    expect(decodeLogEntry(bytes.subarray(1))).toBeUndefined();
    expect(decodeLogEntry(Buffer.concat([bytes, Buffer.alloc(1)]))).toBeUndefined();
    expect(decodeLogEntry(Buffer.alloc(10))).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        decodeLogEntry(Buffer.from(noise));
        decodeLogBuffer(Buffer.from(noise));
      }),
    );
  });

  test("what a full log keeps fits its buffer and comes back in order", () => {
    const log = new ClusterLog();
    for (let i = 1; i <= 2000; i += 1) {
      const entry = { priority: 6, ident: "root@pam", tag: "t", message: "x".repeat(i % 300) };
      log.add(makeLogEntry(entry, { node: "n1", time: i, pid: 1, uid: i }));
    }
    expect(decodeLogBuffer(encodeLogBuffer(log.entries))).toEqual(log.entries);
    expect(decodeLogBuffer(encodeLogBuffer([]))).toEqual([]);
  });
});
