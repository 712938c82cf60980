import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { memoryClusterFs } from "../cfs/memory.ts";
import type { ClusterFs } from "../cfs/port.ts";
import { silentLogger } from "../log/logger.ts";
import { encodeLayoutOptions, LAYOUT_ENV, type Layout, makeLayout } from "../os/layout.ts";
import { descendantsOf, isProcessAlive, processStartTicks } from "../os/process-identity.ts";
import { followTask } from "./follow.ts";
import { TaskLauncher } from "./launcher.ts";
import { TaskStore } from "./task-store.ts";
import { parseUpid, type Upid } from "./upid.ts";

const TABLE = join(import.meta.dirname, "task-table.testing.ts");
let root: string;
let layout: Layout;
let cfs: ClusterFs;
let launcher: TaskLauncher;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "quorate-tasks-"));
  layout = makeLayout({ root, nodeName: "n1", isRootUser: false });
  cfs = memoryClusterFs({ nodeName: "n1" });
  launcher = makeLauncher();
});
afterEach(async () => {
  for (const { upid } of new TaskStore(layout).running()) await launcher.stop(upid);
  launcher.close();
  rmSync(root, { recursive: true });
});

function makeLauncher(maxWorkers = 4, idleWorkers = 0, tableModule = TABLE): TaskLauncher {
  return new TaskLauncher({ layout, cfs, log: silentLogger, maxWorkers: () => maxWorkers, idleWorkers, tableModule });
}
const start = (type: string, args = {}, id = ""): Promise<string> =>
  launcher.start({ type, authid: "root@pam", args, id });
const logOf = (upid: string): string => readFileSync(launcher.store.logPathOf(upid), "utf8");
const indexLines = (): string[] =>
  existsSync(join(layout.taskDir, "index"))
    ? readFileSync(join(layout.taskDir, "index"), "utf8").trim().split("\n")
    : [];
function parsed(upid: string): Upid {
  const result = parseUpid(upid);
  if (result === undefined) throw new Error(`'${upid}' is no UPID`);
  return result;
}
async function until(isTrue: () => boolean, what: string, limitMs = 15_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await delay(10);
  }
}
const openGate = (name: string): void => writeFileSync(join(root, name), "");
const gate = (name: string): { path: string } => ({ path: join(root, name) });
const commandLine = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, "latin1");

/** A daemon of its own that starts one task, or `count` of them. */
async function startByDaemon(
  type: string,
  args: object,
  count = 1,
): Promise<{ daemon: ChildProcess; upid: string; upids: string[] }> {
  const script = join(import.meta.dirname, "starter.testing.ts");
  const daemon = spawn(process.execPath, [script, TABLE, type, JSON.stringify(args), String(count)], {
    env: { ...process.env, [LAYOUT_ENV]: encodeLayoutOptions(layout) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const upids: string[] = [];
  for await (const line of createInterface({ input: daemon.stdout })) if (upids.push(line) === count) break;
  return { daemon, upid: upids[0] ?? "", upids };
}

describe("a task", () => {
  test("runs in a process of its own, its log ends in its outcome, the index tells it", async () => {
    const upid = await start("say", { lines: ["one", "two\nthree", "TASK OK"] }, "local:iso/a b.iso");
    const { pid, id, type } = parsed(upid);
    expect(pid).not.toBe(process.pid);
    expect({ id, type }).toEqual({ id: "local_iso_a_b.iso", type: "say" });
    await launcher.ended(upid);
    // A line that looks like the end of a task is not one.
    expect(logOf(upid)).toBe("one\ntwo\nthree\n TASK OK\nTASK OK\n");
    expect(indexLines()).toEqual([expect.stringMatching(/^UPID:n1:.*: [0-9A-F]{8} OK$/)]);
    expect(launcher.store.state(upid)).toMatchObject({ isRunning: false, status: "OK" });
    const list = JSON.parse((await cfs.status("tasklist")) ?? "[]") as object[];
    expect(list).toEqual([expect.objectContaining({ upid, status: "OK", user: "root@pam" })]);
    const entries = (await cfs.readLog()).map(({ msg }) => msg);
    expect(entries).toContain(`starting task ${upid}`);
    expect(entries).toContain(`end task ${upid} OK`);
  });

  test.each([
    ["warn", {}, "WARNINGS: 2", "WARN: first\nWARN: second\nTASK WARNINGS: 2\n"],
    ["fail", { message: "no\nspace left" }, "no space left", "TASK ERROR: no space left\n"],
    ["fail", { message: "OK" }, "failed: OK", "TASK ERROR: failed: OK\n"],
    ["none", {}, "this release has no task of type 'none'", "TASK ERROR: this release has no task of type 'none'\n"],
    ["crash", {}, "nobody caught this", "TASK ERROR: nobody caught this\n"],
  ])("'%s' with %j ends as '%s'", async (type, args, status, log) => {
    const upid = await start(type, args);
    await launcher.ended(upid);
    expect(launcher.store.state(upid)?.status).toBe(status);
    expect(logOf(upid)).toBe(log);
    expect(indexLines()).toEqual([expect.stringMatching(new RegExp(` ${status}$`))]);
  });

  test("is followed line by line to its outcome", async () => {
    const upid = await start("waitfor", gate("go"));
    const lines: string[] = [];
    const followed = followTask(launcher.store, upid, (line) => {
      lines.push(line);
      if (line === "waiting") openGate("go");
    });
    expect(await followed).toBe("OK");
    expect(lines).toEqual(["waiting", "done", "TASK OK"]);
  });

  test("does not care when nobody follows it any more", async () => {
    const upid = await start("waitfor", gate("go"));
    const abort = new AbortController();
    const followed = followTask(launcher.store, upid, () => abort.abort(new Error("enough")), abort.signal);
    await expect(followed).rejects.toThrow("enough");
    expect(launcher.store.state(upid)).toEqual({ isRunning: true });
  });
});

describe("waiting workers", () => {
  const spares = (): string[] => readdirSync(layout.taskDir).filter((name) => name.startsWith(".spare-"));
  const waiting = (): number[] =>
    descendantsOf(process.pid).filter((pid) => /^task worker.*ready/.test(commandLine(pid)));

  test("one takes the task, another one waits after it, and the last ends with the daemon", async () => {
    launcher = makeLauncher(4, 1);
    await launcher.open();
    await until(() => waiting().length === 1, "a worker waits");
    const first = spares();
    const upid = await start("say", { lines: [] });
    await launcher.ended(upid);
    await until(() => spares().length === 1 && spares()[0] !== first[0], "another worker waits");
    launcher.close();
    await until(() => spares().length === 0, "the waiting worker has gone with its log");
    await expect(start("say", { lines: [] })).rejects.toThrow("the daemon is stopping");
  });

  test("one that is killed is replaced", async () => {
    launcher = makeLauncher(4, 1);
    await launcher.open();
    await until(() => waiting().length === 1, "a worker waits");
    const [killed = 0] = waiting();
    process.kill(killed, "SIGKILL");
    await until(() => waiting().length === 1 && waiting()[0] !== killed, "another one waits");
    const upid = await start("say", { lines: ["still here"] });
    await launcher.ended(upid);
    expect(logOf(upid)).toContain("still here");
  });

  test("one that cannot load its handlers: the task says why, and no other one is tried until the next task", async () => {
    const errors: object[] = [];
    const log = { ...silentLogger, error: (fields: object) => errors.push(fields) };
    const tableModule = join(root, "missing.ts");
    launcher = new TaskLauncher({ layout, cfs, log, maxWorkers: () => 1, idleWorkers: 1, tableModule });
    await launcher.open();
    await until(() => errors.length === 1, "the failure is told");
    expect(errors[0]).toMatchObject({ error: expect.stringContaining("while it loaded its handlers") });
    expect(spares()).toEqual([]);
    const upid = await start("say", { lines: [] });
    await launcher.ended(upid);
    expect(launcher.store.state(upid)?.status).toMatch(/Cannot find module/);
  });

  test("a task that ends at once has been started nevertheless", async () => {
    launcher = makeLauncher(50, 0);
    const upids = await Promise.all(Array.from({ length: 10 }, () => start("none")));
    await Promise.all(upids.map((upid) => launcher.ended(upid)));
    expect(indexLines()).toHaveLength(10);
  });
});

describe("kill -9", () => {
  test("of a worker: the outcome is known, and told", async () => {
    const upid = await start("waitfor", gate("never"));
    await until(() => logOf(upid).includes("waiting"), "the task works");
    expect(launcher.store.state(upid)).toEqual({ isRunning: true });
    process.kill(parsed(upid).pid, "SIGKILL");
    await launcher.ended(upid);
    expect(launcher.store.state(upid)).toMatchObject({ isRunning: false, status: "unexpected status" });
    expect(indexLines()).toEqual([expect.stringMatching(/ unexpected status$/)]);
    expect(await cfs.status("tasklist")).toContain('"status":"unexpected status"');
  });

  test("of the daemon that started it: the task goes on and records its own end", async () => {
    const { daemon, upid } = await startByDaemon("waitfor", gate("go"));
    daemon.kill("SIGKILL");
    await until(() => daemon.signalCode === "SIGKILL", "the daemon is gone");
    const { pid, pstart } = parsed(upid);
    expect(isProcessAlive(pid, pstart)).toBe(true);
    openGate("go");
    await until(() => !isProcessAlive(pid, pstart), "the task has ended");
    expect(logOf(upid)).toBe("waiting\ndone\nTASK OK\n");
    expect(indexLines()).toEqual([expect.stringMatching(/ OK$/)]);
    // A new daemon finds it all recorded, and adds nothing.
    await launcher.open();
    expect(indexLines()).toHaveLength(1);
  });

  test("of daemon and worker, as by a power cut: the next daemons record the outcome, once", async () => {
    const { daemon, upid } = await startByDaemon("waitfor", gate("never"));
    const { pid, pstart } = parsed(upid);
    daemon.kill("SIGKILL");
    process.kill(pid, "SIGKILL");
    await until(() => !isProcessAlive(pid, pstart) && daemon.signalCode !== null, "both are gone");
    expect(indexLines()).toEqual([]);
    // Even before anybody recorded it.
    expect(launcher.store.archive()).toEqual([expect.objectContaining({ upid, status: "unexpected status" })]);
    await Promise.all([launcher.open(), makeLauncher().open()]);
    expect(indexLines()).toEqual([expect.stringMatching(/^UPID:\S+ [0-9A-F]{8} unexpected status$/)]);
  });
});

describe("stopping a task", () => {
  test("interrupts one that listens, and its log says so", async () => {
    const upid = await start("waitfor", gate("never"));
    await until(() => logOf(upid).includes("waiting"), "the task works");
    await launcher.stop(upid);
    await launcher.ended(upid);
    expect(logOf(upid)).toBe("waiting\nTASK ERROR: received interrupt\n");
    expect(indexLines()).toEqual([expect.stringMatching(/ received interrupt$/)]);
    await launcher.stop(upid);
    expect(logOf(upid)).toBe("waiting\nTASK ERROR: received interrupt\n");
  });

  test("kills one that does not listen, with the programs that it runs", async () => {
    const upid = await start("stubborn", { name: root });
    await until(() => logOf(upid).includes("waiting"), "the task works");
    const { pid, pstart } = parsed(upid);
    const program = descendantsOf(pid).find((child) => commandLine(child).includes(root)) ?? 0;
    const ticks = processStartTicks(program) ?? 0;
    expect(isProcessAlive(program, ticks)).toBe(true);
    await launcher.stop(upid);
    expect(isProcessAlive(pid, pstart)).toBe(false);
    expect(logOf(upid)).toBe("waiting\nTASK ERROR: received interrupt\n");
    await until(() => !isProcessAlive(program, ticks), "the task's program has ended too");
  });

  test("works before the task's turn has come, whose place then goes to nobody", async () => {
    launcher = makeLauncher(1);
    const first = await start("waitfor", gate("first"));
    const second = await start("waitfor", gate("second"));
    const third = await start("waitfor", gate("third"));
    await launcher.stop(third);
    await launcher.ended(third);
    expect(logOf(third)).toMatch(/TASK ERROR: received interrupt\n$/);
    // Time enough for the wrong one to begin: other tasks begin and end meanwhile.
    openGate("now");
    for (let lives = 0; lives < 2; lives += 1) await launcher.ended(await start("qmstop", gate("now")));
    expect(commandLine(parsed(second).pid)).toContain("task that waits for its turn");
    openGate("first");
    openGate("second");
    await Promise.all([launcher.ended(first), launcher.ended(second)]);
    expect(launcher.store.state(second)?.status).toBe("OK");
  });
});

describe("tasks that wait for their turn", () => {
  test("have their names at once, and work in the order in which they came", async () => {
    launcher = makeLauncher(1);
    const holder = await start("waitfor", gate("go"));
    const waiting = [];
    for (const name of ["a", "b", "c"]) waiting.push(await start("say", { lines: [name.repeat(100_000)] }, name));
    expect(waiting.map((upid) => commandLine(parsed(upid).pid))).toEqual(
      waiting.map(() => expect.stringContaining("task that waits for its turn")),
    );
    const ends: string[] = [];
    const all = waiting.map((upid) => launcher.ended(upid).then(() => ends.push(parsed(upid).id)));
    openGate("go");
    await Promise.all([launcher.ended(holder), ...all]);
    expect(ends).toEqual(["a", "b", "c"]);
    // Those locks are for a time without a daemon.
    expect(readdirSync(layout.taskDir).filter((name) => name.startsWith(".turn-"))).toEqual([]);
    expect(logOf(waiting[0] ?? "")).toMatch(
      /^waiting for other tasks to end \(at most 1 work at a time\)\na+\nTASK OK\n$/,
    );
  });

  test("work when the daemon that counted them is gone, no more at a time than before, and record their own ends", async () => {
    const { daemon, upids } = await startByDaemon("waitfor", gate("go"), 12);
    const atWork = (): string[] => upids.filter((upid) => /^waiting$/m.test(logOf(upid)));
    await until(() => atWork().length === 4, "as many work as may");
    daemon.kill("SIGKILL");
    await until(() => atWork().length === 8, "as many more work");
    const others = upids.filter((upid) => !atWork().includes(upid));
    expect(others.map((upid) => commandLine(parsed(upid).pid))).toEqual(
      others.map(() => expect.stringContaining("task that waits for its turn")),
    );
    const [stopped = ""] = others;
    await launcher.stop(stopped);
    openGate("go");
    await until(() => indexLines().length === 12, "all are recorded");
    expect(indexLines().filter((line) => line.endsWith(" OK"))).toHaveLength(11);
    expect(logOf(stopped)).toMatch(/TASK ERROR: received interrupt\n$/);
  });

  test("wait for nothing but their processes when they are what ends others", async () => {
    launcher = makeLauncher(1);
    const holder = await start("waitfor", gate("first"));
    const upids = await Promise.all(Array.from({ length: 12 }, (_, index) => start("qmstop", gate("go"), `${index}`)));
    await until(() => upids.every((upid) => logOf(upid) === "waiting\n"), "all work");
    openGate("go");
    await Promise.all(upids.map((upid) => launcher.ended(upid)));
    expect(launcher.store.state(holder)).toEqual({ isRunning: true });
    openGate("first");
    await launcher.ended(holder);
    // Nothing of the queue is left over.
    const last = await start("qmstop", gate("go"));
    await launcher.ended(last);
    expect(launcher.store.state(last)?.status).toBe("OK");
  });

  test("end at once when they cannot be handed over, and leave their place", async () => {
    launcher = makeLauncher(1);
    const holder = await start("waitfor", gate("go"));
    const unprintable = {
      toJSON() {
        throw new Error("no space left on device");
      },
    };
    await expect(start("say", unprintable)).rejects.toThrow("no space left");
    await until(() => launcher.store.running().length === 1, "its process has ended");
    const next = await start("say", { lines: [] });
    openGate("go");
    await Promise.all([launcher.ended(holder), launcher.ended(next)]);
    expect(logOf(next)).toContain("TASK OK");
  });

  test("leave nothing when they could not be entered", async () => {
    launcher = makeLauncher(1);
    const holder = await start("waitfor", gate("go"));
    const { add } = launcher.store;
    launcher.store.add = () => Promise.reject(new Error("no space left on device"));
    await expect(start("say", { lines: [] })).rejects.toThrow("no space left");
    launcher.store.add = add;
    const before = readdirSync(layout.taskDir, { recursive: true }).filter((name) => /UPID|spare/.test(String(name)));
    expect(before).toHaveLength(1);
    const next = await start("say", { lines: ["next"] });
    openGate("go");
    await Promise.all([launcher.ended(holder), launcher.ended(next)]);
    expect(logOf(next)).toContain("TASK OK");
  });
});

describe("50 tasks at once", () => {
  test("have 50 names, no more than the limit work at a time, and all end well", async () => {
    launcher = makeLauncher(3, 1);
    await launcher.open();
    const all = Array.from({ length: 50 }, (_, index) => start("waitfor", gate("go"), String(index)));
    const upids = await Promise.all(all);
    expect(new Set(upids).size).toBe(50);
    const working = (): string[] => upids.filter((upid) => /^waiting$/m.test(logOf(upid)));
    await until(() => working().length === 3, "three work");
    expect(upids.filter((upid) => logOf(upid).includes("waiting for other tasks"))).toHaveLength(47);
    expect(launcher.store.running()).toHaveLength(50);
    openGate("go");
    await Promise.all(upids.map((upid) => launcher.ended(upid)));
    expect(indexLines().filter((line) => line.endsWith(" OK"))).toHaveLength(50);
    expect(launcher.store.active()).toHaveLength(25);
  }, 60_000);
});
