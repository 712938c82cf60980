import { describe, expect, test } from "vitest";
import { CachedFiles } from "./cached-files.ts";
import { memoryClusterFs } from "./memory.ts";
import type { ClusterFs, FileSnapshot } from "./port.ts";

const lines = (file: FileSnapshot | undefined): string[] => file?.data.toString().split("\n") ?? [];
const size = (file: FileSnapshot | undefined): number => file?.data.length ?? -1;

describe("CachedFiles", () => {
  test("an unchanged file gives the same object, at once the second time", async () => {
    const files = new CachedFiles(memoryClusterFs({ nodeName: "n1", files: { "a.cfg": "x\ny" } }));
    const first = await files.get("a.cfg", lines);
    expect(first).toEqual(["x", "y"]);
    expect(files.get("a.cfg", lines)).toBe(first);
  });

  test("a write, a removal, a rename and a new file are seen right after their answer", async () => {
    const cfs = memoryClusterFs({ nodeName: "n1" });
    const files = new CachedFiles(cfs);
    expect(await files.get("a.cfg", size)).toBe(-1);
    await cfs.write("a.cfg", "12");
    expect(await files.get("a.cfg", size)).toBe(2);
    await cfs.rename("a.cfg", "b.cfg");
    expect([await files.get("a.cfg", size), await files.get("b.cfg", size)]).toEqual([-1, 2]);
    await cfs.remove("b.cfg");
    expect(await files.get("b.cfg", size)).toBe(-1);
  });

  test("a path through a link follows the changes of its target", async () => {
    const cfs = memoryClusterFs({ nodeName: "n1", files: { "qemu-server/100.conf": "1" } });
    const files = new CachedFiles(cfs);
    expect(await files.get("qemu-server/100.conf", size)).toBe(1);
    await cfs.write("nodes/n1/qemu-server/100.conf", "123");
    expect(await files.get("qemu-server/100.conf", size)).toBe(3);
    expect(await files.get("local/qemu-server/100.conf", size)).toBe(3);
  });

  test("two parsers of one file do not push each other out", async () => {
    const files = new CachedFiles(memoryClusterFs({ nodeName: "n1", files: { "a.cfg": "x" } }));
    const first = await files.get("a.cfg", lines);
    await files.get("a.cfg", size);
    expect(files.get("a.cfg", lines)).toBe(first);
  });

  test("a file that changes while it is being read is read again", async () => {
    const real = memoryClusterFs({ nodeName: "n1", files: { "a.cfg": "1" } });
    const gate = Promise.withResolvers<void>();
    let isSlow = true;
    const cfs: ClusterFs = Object.create(real, {
      nodeName: { value: "n1" },
      watch: { value: real.watch.bind(real) },
      read: {
        value: async (path: string) => {
          const file = await real.read(path);
          if (isSlow) await gate.promise;
          return file;
        },
      },
    });
    const files = new CachedFiles(cfs);
    const stale = files.get("a.cfg", size);
    await real.write("a.cfg", "12");
    isSlow = false;
    gate.resolve();
    await stale;
    expect(await files.get("a.cfg", size)).toBe(2);
  });

  test("a parser that throws leaves nothing behind", async () => {
    const files = new CachedFiles(memoryClusterFs({ nodeName: "n1" }));
    let calls = 0;
    const parse = (): never => {
      calls += 1;
      throw new Error("bad");
    };
    await expect(files.get("a.cfg", parse)).rejects.toThrow("bad");
    await expect(files.get("a.cfg", parse)).rejects.toThrow("bad");
    expect(calls).toBe(2);
  });
});
