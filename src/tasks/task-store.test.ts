import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeWorld, type Reply, type World } from "../access/access-world.testing.ts";
import { type Layout, makeLayout } from "../os/layout.ts";
import { processStartTicks } from "../os/process-identity.ts";
import { taskMethods } from "./api.ts";
import { logBucket } from "./log-file.ts";
import { INDEX_LIMIT } from "./records.ts";
import { TaskStore } from "./task-store.ts";
import { formatUpid } from "./upid.ts";

let root: string;
let layout: Layout;
let store: TaskStore;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "quorate-store-"));
  layout = makeLayout({ root, nodeName: "n1", isRootUser: false });
  store = new TaskStore(layout);
  store.prepare();
});
afterEach(() => rmSync(root, { recursive: true }));

/** A pid that no process has. */
const NO_PID = 0x7ffffff0;
const START = 1_700_000_000;
const RUNNING = { pid: process.pid, pstart: processStartTicks(process.pid) ?? 0 };
interface Task {
  readonly n?: number;
  readonly type?: string;
  readonly authid?: string;
  readonly isRunning?: boolean;
  readonly log?: string;
}
function makeTask({
  n = 0,
  type = "qmstart",
  authid = "root@pam",
  isRunning = false,
  log = "TASK OK\n",
}: Task = {}): string {
  const process = isRunning ? RUNNING : { pid: NO_PID, pstart: 1 };
  const upid = formatUpid({ node: "n1", ...process, starttime: START + n, type, id: String(100 + n), authid });
  writeFileSync(join(layout.taskDir, logBucket(START + n), upid), log);
  return upid;
}
async function ended(task: Task): Promise<string> {
  const upid = makeTask(task);
  await store.add(upid);
  await store.reconcile();
  return upid;
}

describe("TaskStore", () => {
  test("a full disk is named with the file that could not be written", async () => {
    symlinkSync("/dev/full", join(layout.taskDir, "active.tmp"));
    const path = join(layout.taskDir, "active.tmp");
    await expect(store.add(makeTask({ isRunning: true }))).rejects.toThrow(
      `cannot write ${path}: ENOSPC: no space left on device, write`,
    );
  });

  test("who ended is recorded once, by whoever looks first", async () => {
    const upid = makeTask();
    await store.add(upid);
    const found = await Promise.all([store.reconcile(), new TaskStore(layout).reconcile(), store.reconcile()]);
    expect(found.flat().map((record) => record.upid)).toEqual([upid]);
    expect(readFileSync(join(layout.taskDir, "index"), "utf8")).toMatch(/^UPID:\S+ [0-9A-F]{8} OK\n$/);
  });

  test("a running task stays in the list of active ones, whatever its log says", async () => {
    const upid = makeTask({ isRunning: true });
    await store.add(upid);
    expect(await store.reconcile()).toEqual([]);
    expect(store.running().map((record) => record.upid)).toEqual([upid]);
    expect(store.archive()).toEqual([]);
    expect(store.state(upid)).toEqual({ isRunning: true });
  });

  test("a log without an end, and a missing log, are of an unknown outcome", async () => {
    expect(store.state(await ended({ n: 1, log: "half a li" }))?.status).toBe("unexpected status");
    const gone = makeTask({ n: 2 });
    await store.add(gone);
    rmSync(store.logPathOf(gone));
    expect((await store.reconcile()).map(({ status }) => status)).toEqual(["unexpected status"]);
    expect(store.state(gone)).toBeUndefined();
  });

  test("an index above its limit is put aside once, read with the new one, and long untouched logs go", async () => {
    const old = formatUpid({
      node: "n1",
      pid: NO_PID,
      pstart: 1,
      starttime: 1_500_000_000,
      type: "x",
      id: "",
      authid: "a@pve",
    });
    writeFileSync(join(layout.taskDir, logBucket(1_500_000_000), old), "TASK OK\n");
    const line = `${makeTask({ n: 1 })} 6553F101 OK\n`;
    writeFileSync(join(layout.taskDir, "index"), line.repeat(Math.ceil(INDEX_LIMIT / line.length) + 1));
    const next = await ended({ n: Math.floor(Date.now() / 1000) - START });
    expect(readFileSync(join(layout.taskDir, "index.1"), "utf8").startsWith(line)).toBe(true);
    expect(readFileSync(join(layout.taskDir, "index"), "utf8").split("\n")).toHaveLength(2);
    expect(store.archive().map(({ upid }) => upid)).toEqual([next, line.split(" ")[0]]);
    expect(store.state(old)).toBeUndefined();
    expect(store.state(next)?.status).toBe("OK");
  });
});

describe("/nodes/{node}/tasks", () => {
  const TOKEN = "nina@pve!ci=0e9de1e5-2ffc-4d9f-9e2a-6b2b0d6a3d11";
  let world: World;
  const stopped: string[] = [];
  beforeEach(() => {
    stopped.length = 0;
    world = makeWorld({
      files: {
        "user.cfg":
          "user:nina@pve:1:0:::::\ntoken:nina@pve!ci:0:0::\nuser:otto@pve:1:0:::::\nacl:1:/nodes:otto@pve:PVEAuditor:\n",
        "priv/token.cfg": "nina@pve!ci 0e9de1e5-2ffc-4d9f-9e2a-6b2b0d6a3d11\n",
      },
      otherMethods: taskMethods({
        store,
        stop: async (upid) => {
          stopped.push(upid);
        },
      }),
    });
  });
  afterEach(() => world.close());
  const path = (upid: string, rest = ""): string => `/nodes/n1/tasks/${encodeURIComponent(upid)}${rest}`;
  const ask = (where: string, params: Record<string, unknown> = {}, as = "root@pam"): Promise<Reply> =>
    world.call("GET", where, params, as);
  const listed = async (params: Record<string, unknown>, as?: string): Promise<unknown[]> =>
    ((await ask("/nodes/n1/tasks", params, as)).data as { id: string }[]).map(({ id }) => Number(id) - 100);

  test("lists newest first, filtered, in parts, with what runs when asked for it", async () => {
    await ended({ n: 1 });
    await ended({ n: 2, type: "vzdump", log: "TASK ERROR: disk full\n", authid: "Nina@pve" });
    await ended({ n: 3, log: "TASK WARNINGS: 2\n" });
    await store.add(makeTask({ n: 4, isRunning: true }));
    expect(await listed({})).toEqual([3, 2, 1]);
    expect(await listed({ source: "all" })).toEqual([4, 3, 2, 1]);
    expect(await listed({ source: "active", limit: 1 })).toEqual([4]);
    expect(await listed({ start: 1, limit: 1 })).toEqual([2]);
    expect(await listed({ errors: 1 })).toEqual([2]);
    expect(await listed({ statusfilter: "ok,warning" })).toEqual([3, 1]);
    expect(await listed({ typefilter: "vzdump" })).toEqual([2]);
    expect(await listed({ userfilter: "NINA" })).toEqual([2]);
    expect(await listed({ vmid: 101 })).toEqual([1]);
    expect(await listed({ since: START + 2, until: START + 2 })).toEqual([2]);
    const { data } = await ask("/nodes/n1/tasks", { source: "active", limit: 1 });
    expect(data).toEqual([expect.objectContaining({ status: "RUNNING", user: "root@pam", type: "qmstart" })]);
    expect((await ask("/nodes/n1/tasks", { statusfilter: "none" })).status).toBe(400);
  });

  test("shows somebody his own and his tokens' tasks, a token its own, an auditor all", async () => {
    await ended({ n: 1, authid: "nina@pve" });
    await ended({ n: 2, authid: "nina@pve!ci" });
    await ended({ n: 3, authid: "otto@pve" });
    expect(await listed({}, "nina@pve")).toEqual([2, 1]);
    expect(await listed({}, TOKEN)).toEqual([2]);
    expect(await listed({}, "otto@pve")).toEqual([3, 2, 1]);
  });

  test("tells a task's state, with the token apart from its owner", async () => {
    const done = await ended({ n: 1, log: "TASK ERROR: no\n", authid: "nina@pve!ci" });
    expect((await ask(path(done, "/status"))).data).toMatchObject({
      upid: done,
      status: "stopped",
      exitstatus: "no",
      user: "nina@pve",
      tokenid: "ci",
    });
    const running = makeTask({ n: 2, isRunning: true });
    const { data } = await ask(path(running, "/status"));
    expect(data).toMatchObject({ status: "running" });
    expect(data).not.toHaveProperty("exitstatus");
  });

  test("gives parts of a log, all of it, and a line for nothing", async () => {
    const upid = await ended({ n: 1, log: "a\nb\nc\nTASK OK\n" });
    expect((await ask(path(upid, "/log"), { start: 1, limit: 2 })).data).toEqual([
      { n: 2, t: "b" },
      { n: 3, t: "c" },
    ]);
    expect((await ask(path(upid, "/log"), { limit: 0 })).data).toHaveLength(4);
    const empty = await ended({ n: 2, log: "" });
    expect((await ask(path(empty, "/log"))).data).toEqual([{ n: 1, t: "no content" }]);
    expect((await ask(path(upid, "/log"), { download: 1, start: 1 })).errors).toHaveProperty("download");
  });

  test("refuses strangers and what is no task", async () => {
    const upid = await ended({ n: 1, authid: "root@pam" });
    const refusal = "Permission check failed (/nodes/n1, Sys.Audit)";
    expect(await ask(path(upid, "/status"), {}, "nina@pve")).toMatchObject({ status: 403, reason: refusal });
    expect(await ask(path(upid, "/log"), {}, "nina@pve")).toMatchObject({ status: 403, reason: refusal });
    expect((await ask(path("UPID:x", "/status"))).errors).toEqual({ upid: "unable to parse worker upid" });
    rmSync(store.logPathOf(upid));
    expect((await ask(path(upid, "/log"))).errors).toEqual({ upid: "no such task" });
  });

  test("stops a task for its owner and for who may modify the node", async () => {
    const upid = await ended({ n: 1, authid: "nina@pve" });
    expect((await world.call("DELETE", path(upid), {}, "otto@pve")).status).toBe(403);
    expect(stopped).toEqual([]);
    expect((await world.call("DELETE", path(upid), {}, "nina@pve")).status).toBe(200);
    expect((await world.call("DELETE", path(upid))).status).toBe(200);
    expect(stopped).toEqual([upid, upid]);
  });

  test("a log directory that is gone is an empty list", async () => {
    rmSync(layout.taskDir, { recursive: true });
    mkdirSync(layout.taskDir);
    expect(await listed({ source: "all" })).toEqual([]);
  });
});
