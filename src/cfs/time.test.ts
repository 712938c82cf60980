/** What counts time: it must not notice when the node's clock is set, at any moment, by hours. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { silentLogger } from "../log/logger.ts";
import { ClusterLocks, type LockPrimitives } from "./cluster-locks.ts";
import { SingleMemberGroup } from "./group.ts";
import { CfsError } from "./port.ts";
import { type BatchResult, Replica } from "./replica.ts";
import { memoryStore } from "./store/port.ts";
import { Tree } from "./tree/tree.ts";

const DAY = 86_400;
const LOCK = "priv/lock/file-user_cfg";

let wall = 1_700_000_000;
let steady = 1000;
let replica: Replica;

beforeEach(() => {
  wall = 1_700_000_000;
  steady = 1000;
  replica = new Replica({
    nodeName: "n1",
    tree: new Tree(),
    store: memoryStore,
    group: new SingleMemberGroup("n1"),
    clock: { now: () => wall, monotonic: () => steady },
    log: silentLogger,
    pid: 1,
  });
});

function submit(...kinds: [kind: "mkdir", path: string][]): BatchResult {
  let answer: BatchResult = { changes: [] };
  replica.submit({ operations: kinds.map(([kind, path]) => ({ kind, path })) }, (result) => {
    answer = result;
  });
  replica.flush();
  return answer;
}

/** What a waiter asks for: the lock's directory to be taken away if it has expired. */
function askForUnlock(): string | undefined {
  let refused: string | undefined;
  replica.setMtime(LOCK, 0, {}, (result) => {
    refused = result.refused;
  });
  replica.flush();
  return refused;
}

const rrdKeys = (): string[] => [...replica.rrd().keys()];

describe.each([
  ["forward", DAY],
  ["back", -DAY],
])("a clock that is set a day %s", (_way, seconds) => {
  test("does not change how long a lock lasts", () => {
    submit(["mkdir", "priv"], ["mkdir", "priv/lock"], ["mkdir", LOCK]);
    wall += seconds;
    expect(askForUnlock()).toBe("EACCES");
    steady += 120;
    expect(askForUnlock()).toBe("EACCES");
    steady += 1;
    expect(askForUnlock()).toBe("ENOENT");
    expect(submit(["mkdir", LOCK]).refused).toBeUndefined();
  });

  test("does not change how long figures are shown", () => {
    replica.publish("rrd/pve-node-9.0/n1", Buffer.from("1:2"));
    wall += seconds;
    steady += 300;
    expect(rrdKeys()).toEqual(["pve-node-9.0/n1"]);
    steady += 1;
    expect(rrdKeys()).toEqual([]);
  });

  test("loses no line of the cluster log", () => {
    const log = (message: string): void => replica.appendLog({ priority: 6, ident: "x", tag: "t", message }, 1);
    log("before");
    wall += seconds;
    log("after");
    log("and on");
    expect(replica.clusterLog.newest({ max: 3 }).map((entry) => entry.message)).toEqual(["and on", "after", "before"]);
  });
});

test("an entry of a new start comes behind what is known of the node, whatever its clock says", () => {
  const log = replica.clusterLog;
  const known = { node: "n1", uid: 500 };
  expect(log.timeOfNext(known, wall + 5)).toBe(wall + 5);
  expect(log.timeOfNext(known, wall - DAY)).toBe(wall);
  // The first entry had uid 1: one with no higher uid has to be a second later.
  expect(log.timeOfNext({ node: "n1", uid: 1 }, wall)).toBe(wall + 1);
  expect(log.timeOfNext({ node: "other", uid: 1 }, 7)).toBe(7);
});

describe("the holder of a lock", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("still refreshes it after the clock was set back", async () => {
    const held = { mtime: wall };
    const refreshes: number[] = [];
    const primitives: LockPrimitives = {
      async makeDirectory() {},
      async remove() {},
      watch: () => () => {},
      async touch(path, mtime) {
        if (mtime < held.mtime) throw new CfsError("EACCES", path, "older than the lock");
        held.mtime = mtime;
        refreshes.push(mtime);
      },
    };
    const locks = new ClusterLocks(primitives, () => wall);
    const { promise: work, resolve: finish } = Promise.withResolvers<void>();
    const run = locks.run("x", () => work, {});
    await vi.advanceTimersByTimeAsync(0);
    wall -= DAY;
    await vi.advanceTimersByTimeAsync(31_000);
    expect(refreshes).toEqual([held.mtime]);
    finish();
    await run;
  });

  test("is told after a minute, and keeps the lock until its work has ended", async () => {
    const removed: string[] = [];
    const primitives: LockPrimitives = {
      async makeDirectory() {},
      remove: async (path) => void removed.push(path),
      watch: () => () => {},
      async touch() {},
    };
    const { promise: work, resolve: finish } = Promise.withResolvers<void>();
    let signal: AbortSignal | undefined;
    const run = new ClusterLocks(primitives).run(
      "x",
      (given) => {
        signal = given;
        return work;
      },
      {},
    );
    const outcome = expect(run).rejects.toThrow("cfs-lock 'x' error: 'x'-locked command timed out - aborting");
    await vi.advanceTimersByTimeAsync(59_000);
    expect(signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(2_000);
    await outcome;
    expect(signal?.aborted).toBe(true);
    expect(removed).toEqual([]);
    finish();
    await vi.advanceTimersByTimeAsync(0);
    expect(removed).toEqual(["priv/lock/x"]);
  });
});
