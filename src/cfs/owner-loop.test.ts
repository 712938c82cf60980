import { closeSync } from "node:fs";
import { expect, test } from "vitest";
import { silentLogger } from "../log/logger.ts";
import { makeEventfd } from "../os/libc.ts";
import { SingleMemberGroup } from "./group.ts";
import { OwnerLoop } from "./owner-loop.ts";
import { Replica } from "./replica.ts";
import type { CommitStore } from "./store/port.ts";
import { Tree } from "./tree/tree.ts";

test("a disk that does not sync is asked again, but not all the time", () => {
  const tries: number[] = [];
  const errors: string[] = [];
  const store: CommitStore = {
    hasUnsynced: true,
    commit: (_changes, _durability, done) => done(undefined),
    sync(done) {
      tries.push(performance.now());
      if (tries.length === 2) loop.stop();
      done(new Error("EIO"));
    },
    close() {},
  };
  const replica = new Replica({
    nodeName: "n1",
    tree: new Tree(),
    store,
    group: new SingleMemberGroup("n1"),
    clock: { now: () => 1_700_000_000, monotonic: () => performance.now() / 1000 },
    log: { ...silentLogger, error: (_fields, text) => void errors.push(text) },
    pid: 1,
  });
  const wakeFd = makeEventfd();
  const loop = new OwnerLoop({
    replica,
    wakeFd,
    wakeFlag: new Int32Array(1),
    log: silentLogger,
    canSpin: false,
    handleKernel() {},
    takeMessages() {},
    onUnmounted() {},
    onQuiet() {},
  });
  loop.run();
  closeSync(wakeFd);
  const [first = 0, second = 0] = tries;
  expect(second - first).toBeGreaterThan(900);
  expect(errors).toHaveLength(2);
});
