import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ClusterLog, type LogEntry, makeLogEntry, renderClusterLog } from "./cluster-log.ts";
import { fnv1a64 } from "./fnv.ts";
import { LockTimers } from "./lock-timers.ts";
import { toLogText } from "./log-text.ts";
import { nameFromBytes, nameToBytes } from "./name-bytes.ts";
import { execute, type Operation } from "./operation.ts";
import { canonicalPath, isLockPath, isPrivatePath, modeOf, parseGuestPath } from "./paths.ts";
import { StatusTable } from "./status.ts";
import { Tree } from "./tree.ts";
import { renderGuestList, renderMembers, renderRrd, renderVersion } from "./virtual-files.ts";

describe("paths", () => {
  test.each([
    ["priv", true],
    ["priv/a/b", true],
    ["nodes/n1/priv", true],
    ["nodes/n1/priv/x", true],
    ["private", false],
    ["privX/a", false],
    ["nodes/priv", false],
    ["nodes/n1/privX", false],
    ["a/priv", false],
  ])("%s is private: %s", (path, want) => {
    expect(isPrivatePath(path)).toBe(want);
  });

  test.each([
    ["", true, true, 0o755],
    ["", true, false, 0o755],
    ["nodes", true, true, 0o755],
    ["nodes", true, false, 0o555],
    ["a.cfg", false, true, 0o640],
    ["a.cfg", false, false, 0o440],
    ["priv", true, true, 0o700],
    ["priv", true, false, 0o500],
    ["priv/x", false, true, 0o600],
    ["priv/x", false, false, 0o400],
    ["nodes/n1/openvz/100.mount", false, true, 0o740],
    ["vps.premount", false, true, 0o740],
    ["0.mount", false, true, 0o640],
  ])("mode of %s (directory: %s, writable: %s)", (path, isDirectory, isWritable, want) => {
    expect(modeOf(path, isDirectory, isWritable).toString(8)).toBe(want.toString(8));
  });

  test.each([
    ["nodes/n1/qemu-server/100.conf", { vmid: 100, node: "n1", type: "qemu" }],
    ["nodes/n-1/lxc/1.conf", { vmid: 1, node: "n-1", type: "lxc" }],
    ["nodes/n1/openvz/4294967295.conf", { vmid: 4294967295, node: "n1", type: "openvz" }],
    ["nodes/n1/qemu-server/4294967296.conf", undefined],
    ["nodes/n1/qemu-server/0100.conf", undefined],
    ["nodes/-n/qemu-server/100.conf", undefined],
    ["nodes/n-/qemu-server/100.conf", undefined],
    ["nodes/n1/qemu-server/sub/100.conf", undefined],
    ["qemu-server/100.conf", undefined],
    ["nodes/n1/qemu-server/100.conf.tmp", undefined],
  ])("guest of %s", (path, want) => {
    expect(parseGuestPath(path)).toEqual(want);
  });

  test.each([
    ["local", "nodes/n1"],
    ["/qemu-server//100.conf", "nodes/n1/qemu-server/100.conf"],
    ["lxc", "nodes/n1/lxc"],
    ["localhost", "localhost"],
    ["a/local/b", "a/local/b"],
    ["", ""],
  ])("canonical form of %s", (path, want) => {
    expect(canonicalPath(path, "n1")).toBe(want);
  });

  test("locks are below priv/lock", () => {
    expect(["priv/lock/a", "priv/lock", "priv/lock/", "priv/locks/a"].map(isLockPath)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});

describe("names", () => {
  test("any bytes survive the way to text and back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(nameToBytes(nameFromBytes(bytes)).equals(Buffer.from(bytes))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("valid UTF-8 is itself", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        fc.pre(text.isWellFormed());
        expect(nameFromBytes(Buffer.from(text, "utf8"))).toBe(text);
      }),
    );
  });
});

describe("virtual files", () => {
  test(".version lists every counter, the own node first", () => {
    const tree = new Tree();
    const status = new StatusTable("n1");
    status.set("n2", "tasklist", Buffer.from("x"), 0);
    status.set("n1", "tasklist", Buffer.from("x"), 0);
    status.set("n1", "tasklist", Buffer.from("y"), 0);
    status.set("n1", "kv/a", Buffer.from("y"), 0);
    status.set("n1", "rrd/pve-node-9.0/n1", Buffer.from("1:2"), 0);
    status.set("n1", "nodeip", Buffer.from("1.2.3.4\0"), 0);
    const text = renderVersion({ startTime: 1795489573, membersVersion: 4, tree, status });
    expect(text).toMatch(
      /^\{\n"starttime": 1795489573,\n"clinfo": 4,\n"vmlist": 0,\n"corosync.conf": 1,\n"corosync.conf.new": 1,\n/,
    );
    expect(text).toMatch(
      /"mapping\/usb.cfg": 1,\n"kvstore": \{\n"n1": \{\n"tasklist": 1,\n"kv\/a": 0\}\n,\n"n2": \{\n"tasklist": 0\}\n\}\n\}\n$/,
    );
    expect(Object.keys(JSON.parse(text))).toHaveLength(4 + 43);
  });

  test(".members alone and in a cluster", () => {
    expect(renderMembers({ nodeName: "n1", isQuorate: true }, 2)).toBe('{\n"nodename": "n1",\n"version": 2\n}\n');
    const members = [
      { name: "n1", id: 1, online: true, ip: "10.77.0.1" },
      { name: "n3", id: 3, online: false },
    ];
    const info = { nodeName: "n1", isQuorate: true, cluster: { name: "lab", version: 3, members } };
    expect(renderMembers(info, 6)).toBe(
      '{\n"nodename": "n1",\n"version": 6,\n"cluster": { "name": "lab", "version": 3, "nodes": 2, "quorate": 1 },\n"nodelist": {\n' +
        '  "n1": { "id": 1, "online": 1, "ip": "10.77.0.1"},\n  "n3": { "id": 3, "online": 0}\n  }\n}\n',
    );
  });

  test(".vmlist empty and with guests", () => {
    const tree = new Tree();
    expect(renderGuestList(tree.guests)).toBe('{\n"version": 0\n\n}\n');
    tree.guests.register({ vmid: 100, node: "n1", type: "qemu" });
    tree.guests.register({ vmid: 101, node: "n2", type: "lxc" });
    expect(renderGuestList(tree.guests)).toBe(
      '{\n"version": 2,\n"ids": {\n"100": { "node": "n1", "type": "qemu", "version": 1 },\n"101": { "node": "n2", "type": "lxc", "version": 2 }}\n\n}\n',
    );
  });

  test(".rrd leaves out what is older than five minutes", () => {
    const status = new StatusTable("n1");
    status.set("n1", "rrd/pve-node-9.0/n1", Buffer.from("1:2\0"), 100);
    status.set("n1", "rrd/pve-vm-9.0/7", Buffer.from("3:4"), 401);
    expect(renderRrd(status.rrd(401))).toBe("pve-vm-9.0/7:3:4\n");
  });
});

describe("status values", () => {
  test("have limits, and an empty one deletes", () => {
    const status = new StatusTable("n1");
    expect(status.set("n1", "k".repeat(256), Buffer.from("x"), 0)).toBe("EFBIG");
    expect(status.set("n1", "k", Buffer.alloc(32_769), 0)).toBe("EFBIG");
    expect(status.set("n1", "k", Buffer.alloc(32_768, 1), 0)).toBeUndefined();
    expect(status.get("n1", "k")?.length).toBe(32_768);
    status.set("n1", "k", Buffer.alloc(0), 0);
    expect(status.get("n1", "k")).toBeUndefined();
  });
});

describe("cluster log", () => {
  const entry = (time: number, uid: number, node = "n1", message = "m"): LogEntry =>
    makeLogEntry({ priority: 6, ident: "root@pam", tag: "t", message }, { node, time, pid: 1, uid });

  test.each([
    ['say "hi"', 'say \\"hi\\"'],
    ["tab\tdel\x7f", "tab#009del#127"],
    ["umlaut ü", "umlaut \\u00fc"],
    ["smile 😀!", "smile !"],
    ["c:\\path", "c:\\\\path"],
    ["ready \\u00fc", "ready \\u00fc"],
    ["half \\u00f", "half \\\\u00f"],
  ])("text %o", (message, want) => {
    expect(toLogText(message, 4000)).toBe(want);
  });

  test("text that is not UTF-8 is shown byte by byte", () => {
    expect(toLogText(Buffer.from([0x61, 0xff, 0x09]), 100)).toBe("a?#009");
  });

  test("whatever is logged, the file is JSON and the message comes back", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), fc.string({ maxLength: 300 }), (message, ident) => {
        const made = makeLogEntry({ priority: 6, ident, tag: "t", message }, { node: "n1", time: 1, pid: 1, uid: 1 });
        const parsed: unknown = JSON.parse(renderClusterLog([made]));
        expect(parsed).toMatchObject({ data: [{ uid: 1, pri: 6, node: "n1" }] });
      }),
    );
  });

  test("the file holds one object a line, newest first", () => {
    const log = new ClusterLog();
    log.add(entry(10, 1));
    log.add(entry(11, 2));
    expect(renderClusterLog(log.newest())).toBe(
      '{\n"data": [\n' +
        '{"uid": 2, "time": 11, "pri": 6, "tag": "t", "pid": 1, "node": "n1", "user": "root@pam", "msg": "m"},\n' +
        '{"uid": 1, "time": 10, "pri": 6, "tag": "t", "pid": 1, "node": "n1", "user": "root@pam", "msg": "m"}\n]\n}\n',
    );
    expect(renderClusterLog([])).toBe('{\n"data": [\n]\n}\n');
  });

  test("an entry that is not newer than its node's newest is a duplicate", () => {
    const log = new ClusterLog();
    expect([entry(5, 1), entry(5, 1), entry(4, 9), entry(5, 2), entry(5, 1, "n2")].map((one) => log.add(one))).toEqual([
      true,
      false,
      false,
      true,
      true,
    ]);
  });

  test("the oldest entries go when the buffer is full", () => {
    const log = new ClusterLog();
    for (let i = 1; i <= 3000; i += 1) log.add(entry(i, i, "n1", "x".repeat(100)));
    expect(log.entries.at(-1)?.uid).toBe(3000);
    expect(log.entries.length).toBeGreaterThan(500);
    expect(log.entries.length).toBeLessThan(1000);
  });

  test("a merge brings the entries of all together, in order, each once", () => {
    const log = new ClusterLog();
    log.merge([
      [entry(1, 1), entry(3, 2)],
      [entry(2, 1, "n2"), entry(3, 2)],
    ]);
    expect(log.entries.map(({ time, uid, node }) => `${time}/${uid}/${node}`)).toEqual(["1/1/n1", "2/1/n2", "3/2/n1"]);
    expect(log.add(entry(3, 2))).toBe(false);
    expect(log.add(entry(3, 3))).toBe(true);
  });

  test("the digest of a name", () => {
    expect(fnv1a64("root").toString(16)).toBe("4dd1e2461dbc53bf");
    expect(fnv1a64("").toString(16)).toBe("af63bd4c8601b7df");
  });
});

describe("lock timers", () => {
  const path = "priv/lock/x";
  function held(): { tree: Tree; timers: LockTimers; act: (operation: Operation, now: number) => void } {
    const tree = new Tree();
    const timers = new LockTimers();
    const act = (operation: Operation, now: number): void => {
      const change = execute(tree, operation, { writer: 1, time: now });
      if (typeof change !== "object") throw new Error(String(change));
      tree.apply(change);
      timers.follow(change, now);
    };
    for (const directory of ["priv", "priv/lock", path]) act({ kind: "mkdir", path: directory }, 0);
    return { tree, timers, act };
  }
  const judge = ({ tree, timers }: ReturnType<typeof held>, now: number): string => {
    const entry = tree.lookup(path);
    return entry === undefined ? "gone" : timers.judge(path, entry, now);
  };

  test("a lock expires when strictly more than 120 s have passed", () => {
    const state = held();
    expect([judge(state, 120), judge(state, 120.5)]).toEqual(["kept", "expired"]);
  });

  test("a refresh gives another 120 s", () => {
    const state = held();
    state.act({ kind: "mtime", path, mtime: 60 }, 60);
    expect([judge(state, 150), judge(state, 181)]).toEqual(["kept", "expired"]);
  });

  test("another lock of the same name starts anew", () => {
    const state = held();
    state.act({ kind: "delete", path }, 10);
    state.act({ kind: "mkdir", path }, 100);
    expect([judge(state, 130), judge(state, 221)]).toEqual(["kept", "expired"]);
  });

  test("after a start every lock has its full time", () => {
    const state = held();
    const timers = new LockTimers();
    timers.reload(state.tree, 1000);
    expect([judge({ ...state, timers }, 1119), judge({ ...state, timers }, 1121)]).toEqual(["kept", "expired"]);
  });

  test("a lock whose digest is not the one known is reset", () => {
    const state = held();
    const other = { ...state.tree.root, inode: 99, name: "x" };
    expect(state.timers.judge(path, other, 500)).toBe("reset");
  });
});
