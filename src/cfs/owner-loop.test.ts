import { closeSync } from "node:fs";
import { expect, test } from "vitest";
import { silentLogger } from "../log/logger.ts";
import { makeEventfd, writeFd } from "../os/libc.ts";
import { SingleMemberGroup } from "./group.ts";
import { OwnerLoop } from "./owner-loop.ts";
import { Replica } from "./replica.ts";
import type { CommitStore } from "./store/port.ts";
import { Tree } from "./tree/tree.ts";

test.each([
  ["in silence", false],
  ["while requests keep coming", true],
])("a disk that does not sync is asked again, but not all the time: %s", (_name, isBusy) => {
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
  const wakeFlag = new Int32Array([isBusy ? 1 : 0]);
  const one = Buffer.alloc(8);
  one.writeBigUInt64LE(1n);
  const loop = new OwnerLoop({
    replica,
    wakeFd,
    wakeFlag,
    log: silentLogger,
    canSpin: false,
    handleKernel() {},
    takeMessages() {
      wakeFlag[0] = 1;
      writeFd(wakeFd, one, one.length);
    },
    onUnmounted() {},
    onQuiet() {},
  });
  loop.run();
  closeSync(wakeFd);
  const [first = 0, second = 0] = tries;
  expect(second - first).toBeGreaterThan(900);
  expect(errors).toHaveLength(2);
});
