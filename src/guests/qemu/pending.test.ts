import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addUnused, applyPending, fastKeys, isReferenced, notePending, volumesIn } from "./pending.ts";

const keys = ["scsi0", "scsi1", "virtio0", "ide2", "unused0", "unused1"];
const disk = fc.integer({ min: 0, max: 5 }).map((number) => `st:100/vm-100-disk-${number}.raw`);
const section = fc.dictionary(fc.constantFrom(...keys), disk);
const request = fc.record({
  set: fc.dictionary(fc.constantFrom("scsi0", "scsi1", "virtio0", "ide2"), disk),
  remove: fc.uniqueArray(fc.constantFrom(...keys)),
  revert: fc.uniqueArray(fc.constantFrom(...keys)),
  isForced: fc.boolean(),
});
const file = fc.record({ current: section, pending: section, snapshots: fc.dictionary(fc.constant("s1"), section) });

test("a pending disk that the VM has elsewhere is not unused when it is reverted", () => {
  const disk = "st:100/vm-100-disk-0.raw";
  const file = { current: { scsi0: disk }, pending: { scsi1: disk }, snapshots: {} };
  const revert = { set: {}, remove: [], revert: ["scsi1"], isForced: false };
  expect(notePending(file, revert).current).toEqual({ scsi0: disk });
});

test("a generated drive goes with its key, any other medium stays", () => {
  const generated = "st:100/vm-100-cloudinit.qcow2";
  const current = { ide2: `${generated},media=cdrom`, ide3: "st:iso/a.iso,media=cdrom" };
  const { file, toFree } = applyPending({ current, pending: { delete: "ide2,ide3" }, snapshots: {} });
  expect(toFree).toEqual([generated]);
  expect(file.current).toEqual({});
});

describe("whatever is asked for", () => {
  test("every volume stays named, or is to be removed by name", () => {
    fc.assert(
      fc.property(file, request, (before, asked) => {
        const noted = notePending(before, asked);
        const { file: after, toFree } = applyPending(noted);
        const known = new Set([...volumesIn(after), ...toFree]);
        for (const volume of volumesIn(noted)) expect(known).toContain(volume);
        for (const volume of volumesIn(before)) expect(known).toContain(volume);
      }),
    );
  });

  test("nothing that is still named is removed", () => {
    fc.assert(
      fc.property(file, request, (before, asked) => {
        const { file: after, toFree } = applyPending(notePending(before, asked));
        for (const volume of toFree) expect(volumesIn(after)).not.toContain(volume);
      }),
    );
  });

  test("nothing stays pending once all is applied, and what was set is there", () => {
    fc.assert(
      fc.property(file, request, (before, asked) => {
        const { file: after } = applyPending(notePending(before, asked));
        expect(after.pending).toEqual({});
        expect(after.current).toMatchObject(asked.set);
      }),
    );
  });

  test("applying in two parts gives what applying at once gives", () => {
    fc.assert(
      fc.property(section, request, fc.uniqueArray(fc.constantFrom(...keys)), (current, asked, some) => {
        const noted = notePending({ current, pending: {}, snapshots: {} }, asked);
        const first = applyPending(noted, new Set(some));
        const second = applyPending(first.file);
        const drives = (config: Readonly<Record<string, string>>) =>
          Object.fromEntries(Object.entries(config).filter(([key]) => !key.startsWith("unused")));
        expect(drives(second.file.current)).toEqual(drives(applyPending(noted).file.current));
      }),
    );
  });
});

test("unused volumes take the lowest free number, once, and not without end", () => {
  expect(addUnused({ unused0: "st:1/a", unused2: "st:1/b" }, "st:1/c")).toMatchObject({ unused1: "st:1/c" });
  expect(addUnused({ unused0: "st:1/a" }, "st:1/a")).toEqual({ unused0: "st:1/a" });
  const full = Object.fromEntries(Array.from({ length: 256 }, (_, index) => [`unused${index}`, `st:1/${index}`]));
  expect(() => addUnused(full, "st:1/more")).toThrow("Too many unused volumes - please delete them first.");
});

test("a volume is referenced by drives, pending drives, snapshots and saved RAM", () => {
  const content = {
    current: { scsi0: "st:1/a" },
    pending: { scsi1: "st:1/b", delete: "x" },
    snapshots: { s1: { scsi0: "st:1/c", vmstate: "st:1/d" } },
  };
  for (const name of ["a", "b", "c", "d"]) expect(isReferenced(content, `st:1/${name}`)).toBe(true);
  expect(isReferenced(content, "st:1/a", "scsi0")).toBe(false);
  expect(isReferenced(content, "st:1/e")).toBe(false);
});

const fast = [
  { key: "name", before: "a", after: "b", want: true },
  { key: "cores", before: "1", after: "2", want: false },
  { key: "hotplug", before: "disk", after: "usb", want: true },
  { key: "hotplug", before: "disk", after: "cpu", want: false },
  { key: "agent", before: "1", after: "1,freeze-fs=0", want: true },
  { key: "agent", before: "1", after: "1,type=isa", want: false },
];
test.each(fast)("$key from $before to $after is written at once: $want", ({ key, before, after, want }) => {
  const keysNow = fastKeys({ current: { [key]: before }, pending: { [key]: after }, snapshots: {} });
  expect(keysNow.has(key)).toBe(want);
});
