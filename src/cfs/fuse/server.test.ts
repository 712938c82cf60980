import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CommitDone, CommitStore } from "../store/port.ts";
import { ERRNO } from "../tree/errno.ts";
import type { Operation } from "../tree/operation.ts";
import { TestKernel } from "./kernel.testing.ts";
import { nodeOfInode } from "./nodes.ts";
import { O_APPEND, O_EXCL, O_TRUNC, OP, ROOT_NODE } from "./protocol.ts";

/** A change that did not come through this kernel. */
function byOthers(kernel: TestKernel, ...operations: Operation[]): void {
  kernel.replica.submit({ operations }, ({ refused }) => expect(refused).toBeUndefined());
  kernel.replica.flush();
}

const put = (path: string, text: string): Operation => ({
  kind: "write",
  path,
  offset: 0,
  data: Buffer.from(text),
  truncate: true,
});

describe("opening", () => {
  test("OPEN, OPENDIR and FLUSH are answered ENOSYS, so that they never come again", () => {
    const kernel = new TestKernel();
    for (const opcode of [OP.OPEN, OP.OPENDIR, OP.FLUSH]) {
      expect(kernel.call(opcode, ROOT_NODE, Buffer.alloc(8))?.errno).toBe(ERRNO.ENOSYS);
    }
  });
});

describe("reading", () => {
  test("is answered from the version whose attributes were sent last, until newer ones are sent", () => {
    const kernel = new TestKernel();
    byOthers(kernel, { kind: "create", path: "a" }, put("a", "short"));
    const node = kernel.lookup("a");
    byOthers(kernel, put("a", "much longer"));
    expect(kernel.read(node)).toBe("short");
    expect(kernel.getattr(node)?.size).toBe(11);
    expect(kernel.read(node)).toBe("much longer");
  });

  test("shows the kernel's own write at once", () => {
    const kernel = new TestKernel();
    byOthers(kernel, { kind: "create", path: "a" }, put("a", "one"));
    const node = kernel.lookup("a");
    expect(kernel.write(node, "two")?.errno).toBe(0);
    expect(kernel.read(node)).toBe("two");
  });

  test("every change has another time, also two within one second and of one size", () => {
    const kernel = new TestKernel();
    byOthers(kernel, { kind: "create", path: "a" }, put("a", "1"));
    const node = kernel.lookup("a");
    const before = kernel.getattr(node)?.mtime;
    byOthers(kernel, put("a", "2"));
    expect(kernel.getattr(node)?.mtime).not.toBe(before);
  });

  test("a directory has another time when its names change", () => {
    const kernel = new TestKernel();
    byOthers(kernel, { kind: "mkdir", path: "d" });
    const node = kernel.lookup("d");
    const before = kernel.getattr(node)?.mtime;
    byOthers(kernel, { kind: "create", path: "d/x" });
    expect(kernel.getattr(node)?.mtime).not.toBe(before);
  });

  test("virtual files have another time when their content changes, and the same one when it does not", () => {
    const kernel = new TestKernel();
    const node = kernel.lookup(".version");
    const before = kernel.getattr(node)?.mtime;
    expect(kernel.getattr(node)?.mtime).toBe(before);
    byOthers(kernel, { kind: "create", path: "storage.cfg" });
    expect(kernel.getattr(node)?.mtime).not.toBe(before);
    expect(kernel.read(node)).toContain('"storage.cfg": 2,');
  });
});

describe("changes of others", () => {
  test("of content drop the attributes of a node that the kernel holds, and of no other", () => {
    const kernel = new TestKernel();
    byOthers(kernel, { kind: "create", path: "a" }, { kind: "create", path: "b" });
    const node = kernel.lookup("a");
    kernel.takeNotified();
    byOthers(kernel, put("a", "x"), put("b", "x"));
    expect(kernel.takeNotified()).toEqual([node]);
  });

  test("of the kernel itself are not told to it", () => {
    const kernel = new TestKernel();
    kernel.create("a");
    const node = kernel.lookup("a");
    kernel.takeNotified();
    kernel.write(node, "x");
    kernel.unlink("a");
    expect(kernel.takeNotified()).toEqual([]);
  });

  test("of a name that was asked for in vain bring a new epoch and drop the listing", () => {
    const kernel = new TestKernel();
    kernel.lookup("later");
    kernel.takeNotified();
    byOthers(kernel, { kind: "create", path: "later" });
    expect(kernel.takeNotified()).toEqual([ROOT_NODE, "epoch"]);
  });

  test("of names that were never asked for cost no epoch", () => {
    const kernel = new TestKernel();
    byOthers(kernel, { kind: "create", path: "tmp" });
    byOthers(kernel, { kind: "delete", path: "tmp" });
    expect(kernel.takeNotified()).not.toContain("epoch");
  });

  test("many in one commit bring one epoch", () => {
    const kernel = new TestKernel();
    for (const name of ["a", "b", "c"]) kernel.lookup(name);
    byOthers(kernel, ...["a", "b", "c"].map((path): Operation => ({ kind: "create", path })));
    expect(kernel.takeNotified().filter((what) => what === "epoch")).toHaveLength(1);
  });

  test("after an epoch the kernel knows no names: a second change of the same one costs none", () => {
    const kernel = new TestKernel();
    kernel.lookup("a");
    byOthers(kernel, { kind: "create", path: "a" });
    kernel.takeNotified();
    byOthers(kernel, { kind: "delete", path: "a" });
    expect(kernel.takeNotified()).not.toContain("epoch");
  });

  test("of a node whose reply is still under way bring an epoch", () => {
    const kernel = new TestKernel();
    byOthers(kernel, { kind: "create", path: "a" });
    const node = kernel.lookup("a");
    kernel.takeNotified();
    kernel.unknownNodes.add(node);
    byOthers(kernel, put("a", "x"));
    expect(kernel.takeNotified()).toEqual([node, "epoch"]);
  });

  test("on a kernel without epochs names are kept for a second only", () => {
    const old = new TestKernel({ hasEpoch: false });
    const reply = old.call(OP.LOOKUP, ROOT_NODE, Buffer.from("none\0"));
    expect(Number(reply?.body.readBigUInt64LE(16))).toBe(1);
    const recent = new TestKernel().call(OP.LOOKUP, ROOT_NODE, Buffer.from("none\0"));
    expect(Number(recent?.body.readBigUInt64LE(16))).toBe(60);
  });
});

describe("writing", () => {
  test("an append ignores the kernel's idea of the size", () => {
    const kernel = new TestKernel();
    byOthers(kernel, { kind: "create", path: "a" }, put("a", "grown by others"));
    const node = kernel.lookup("a");
    kernel.write(node, "!", { offset: 2, flags: O_APPEND });
    expect(kernel.read(node)).toBe("grown by others!");
  });

  test("a plain create of what exists opens it, an exclusive one does not", () => {
    const kernel = new TestKernel();
    byOthers(kernel, { kind: "create", path: "a" }, put("a", "theirs"));
    expect(kernel.create("a", { flags: O_EXCL })?.errno).toBe(ERRNO.EEXIST);
    expect(kernel.create("a")?.errno).toBe(0);
    expect(kernel.read(kernel.lookup("a"))).toBe("theirs");
    expect(kernel.create("a", { flags: O_TRUNC })?.errno).toBe(0);
    expect(kernel.read(kernel.lookup("a"))).toBe("");
  });
});

describe("what the kernel holds", () => {
  test("a deleted file stays readable until it is forgotten", () => {
    const kernel = new TestKernel();
    kernel.create("a");
    const node = kernel.lookup("a");
    kernel.write(node, "kept");
    kernel.unlink("a");
    expect(kernel.read(node)).toBe("kept");
    expect(kernel.getattr(node)?.nlink).toBe(0);
    expect(kernel.write(node, "no")?.errno).toBe(ERRNO.ENOENT);
    kernel.forget(node, 2);
    expect(kernel.read(node)).toBeUndefined();
    expect(kernel.server.knownNodes).toBe(0);
  });

  test("a hundred thousand names asked for in vain leave nothing behind", () => {
    const kernel = new TestKernel();
    for (let i = 0; i < 100_000; i += 1) kernel.lookup(`random-${i}`);
    expect(kernel.server.knownNodes).toBe(0);
  });
});

/** Commits only when told to. */
class HeldStore implements CommitStore {
  readonly hasUnsynced = false;
  held: CommitDone[] = [];
  commit(_changes: unknown, _durability: unknown, done: CommitDone): void {
    this.held.push(done);
  }
  sync(done: CommitDone): void {
    done(undefined);
  }
  close(): void {}
  release(failure?: Error): void {
    const held = this.held;
    this.held = [];
    for (const done of held) done(failure);
  }
}

describe("while a commit is under way", () => {
  test("nothing of it is seen, the writer waits, and others are answered", () => {
    const store = new HeldStore();
    const kernel = new TestKernel({ store });
    const unique = kernel.post(OP.MKNOD, ROOT_NODE, Buffer.concat([mknodHead(), Buffer.from("a\0")]));
    expect(kernel.replyOf(unique)).toBeUndefined();
    expect(kernel.lookup("a")).toBe(0);
    store.release();
    expect(kernel.replyOf(unique)?.errno).toBe(0);
    expect(kernel.lookup("a")).toBe(nodeOfInode(2));
  });

  test("a failure is told to its writer and to those who came after it, and nothing is left of them", () => {
    const store = new HeldStore();
    const kernel = new TestKernel({ store });
    const first = kernel.post(OP.MKNOD, ROOT_NODE, Buffer.concat([mknodHead(), Buffer.from("a\0")]));
    const second = kernel.post(OP.MKNOD, ROOT_NODE, Buffer.concat([mknodHead(), Buffer.from("b\0")]));
    store.release(new Error("disk on fire"));
    expect([kernel.replyOf(first)?.errno, kernel.replyOf(second)?.errno]).toEqual([ERRNO.EIO, ERRNO.EIO]);
    const again = kernel.post(OP.MKNOD, ROOT_NODE, Buffer.concat([mknodHead(), Buffer.from("a\0")]));
    store.release();
    expect(kernel.replyOf(again)?.errno).toBe(0);
    expect([kernel.lookup("a"), kernel.lookup("b")]).toEqual([nodeOfInode(2), 0]);
  });

  test("after 10 s the node is read-only, and no longer when the disk comes back", () => {
    const store = new HeldStore();
    let seconds = 0;
    const kernel = new TestKernel({ store, clock: { now: () => 1, monotonic: () => seconds } });
    kernel.post(OP.MKNOD, ROOT_NODE, Buffer.concat([mknodHead(), Buffer.from("a\0")]));
    seconds = 10.5;
    kernel.replica.checkStall();
    expect(kernel.unlink("x")?.errno).toBe(ERRNO.EROFS);
    expect(kernel.replica.health()).toMatchObject({ isWritable: false, readOnlyReason: /10 s/ });
    store.release();
    expect(kernel.unlink("x")?.errno).toBe(ERRNO.ENOENT);
    expect(kernel.replica.health().isWritable).toBe(true);
  });
});

function mknodHead(): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(0o100644, 0);
  return head;
}

test("whatever well-framed bytes come, every request that wants an answer gets one", () => {
  const silent: ReadonlySet<number> = new Set([OP.FORGET, OP.BATCH_FORGET, OP.INTERRUPT, OP.INIT]);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 52 }).filter((opcode) => !silent.has(opcode)),
      fc.constantFrom(ROOT_NODE, 3, 4, 2 ** 48, 2 ** 48 + 4, 999),
      fc.uint8Array({ minLength: 100, maxLength: 300 }),
      (opcode, node, bytes) => {
        const kernel = new TestKernel();
        byOthers(kernel, { kind: "create", path: "a" }, { kind: "mkdir", path: "d" });
        const body = Buffer.from(bytes);
        // Sizes that fit the message: a kernel sends no others.
        if (opcode === OP.WRITE) body.writeUInt32LE(Math.min(20, body.length - 40), 16);
        if (opcode === OP.RENAME || opcode === OP.RENAME2) body.write("x\0y\0", body.length - 4);
        expect(kernel.call(opcode, node, body)).toBeDefined();
      },
    ),
    { numRuns: 500 },
  );
});
