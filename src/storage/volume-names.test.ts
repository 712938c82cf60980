import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StorageError } from "./errors.ts";
import { matchVolumeId, nextDiskName, normalizeFileName, parseDirVolname } from "./volume-names.ts";

describe("parseDirVolname", () => {
  const cases = [
    { volname: "100/vm-100-disk-0.qcow2", want: { vtype: "images", vmid: 100, format: "qcow2", isBase: false } },
    { volname: "9/base-9-disk-1.raw", want: { vtype: "images", vmid: 9, format: "raw", isBase: true } },
    {
      volname: "9/base-9-disk-0.raw/100/vm-100-disk-0.qcow2",
      want: { vmid: 100, name: "vm-100-disk-0.qcow2", base: { vmid: 9, name: "base-9-disk-0.raw" } },
    },
    { volname: "iso/Debian 12.ISO", want: { vtype: "iso", name: "Debian 12.ISO" } },
    { volname: "import/app.ova/disk 1.vmdk", want: { vtype: "import", format: "ova+vmdk" } },
    { volname: "backup/vzdump-lxc-7-2024_01_01-00_00_00.tar.zst", want: { vtype: "backup", vmid: 7 } },
  ];
  test.each(cases)("reads $volname", ({ volname, want }) => {
    expect(parseDirVolname(volname)).toMatchObject(want);
  });

  const refused = [
    "iso/../../etc/shadow.iso",
    "iso/sub/x.iso",
    "snippets/..",
    "../100/vm-100-disk-0.raw",
    "100/../vm-100-disk-0.raw",
    "100//vm-100-disk-0.raw",
    "100/vm 100.raw",
    "backup/x.zip",
    "vm-100-disk-0.raw",
    "iso/nul\0.iso",
    "iso/new\nline.iso",
    `iso/${"x".repeat(252)}.iso`,
    "100/snap-a-vm-100-disk-0.qcow2",
    "",
  ];
  test.each(refused)("refuses '%s'", (volname) => {
    expect(() => parseDirVolname(volname)).toThrow(StorageError);
  });

  test("never gives a name that leaves its folder, whatever the text", () => {
    const part = fc.constantFrom(
      "iso",
      "backup",
      "snippets",
      "import",
      "100",
      "..",
      ".",
      "",
      "x.iso",
      "vm-1-a.raw",
      "\0",
      "a.ova",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
        try {
          const { name } = parseDirVolname(parts.join("/"));
          expect(name.split("/")).not.toContain("..");
        } catch (error) {
          expect(error).toBeInstanceOf(StorageError);
        }
      }),
    );
  });
});

test("a volume id needs a storage of at least two characters", () => {
  expect(matchVolumeId("a:iso/x.iso")).toBeUndefined();
  expect(matchVolumeId("ab:iso/x.iso")).toEqual({ storage: "ab", volname: "iso/x.iso" });
});

describe("nextDiskName", () => {
  test("the lowest free number, whatever format took it", () => {
    const names = ["vm-100-disk-0.qcow2", "base-100-disk-1.raw", "subvol-100-disk-2.subvol", "vm-1001-disk-3.raw"];
    expect(nextDiskName({ storage: "local", vmid: 100, format: "raw" }, names)).toBe("vm-100-disk-3.raw");
  });

  test("all numbers taken is an error", () => {
    const names = Array.from({ length: 1024 }, (_, number) => `vm-5-disk-${number}.raw`);
    expect(() => nextDiskName({ storage: "local", vmid: 5, format: "raw" }, names)).toThrow(
      "unable to allocate an image name for VM 5 in storage 'local'",
    );
  });
});

test.each([
  ["C:\\dir\\my disk.iso", "my_disk.iso"],
  ["../../etc/pass:wd.iso", "pass_wd.iso"],
  ["größe.iso", "gr__e.iso"],
])("the upload '%s' is stored as '%s'", (given, want) => {
  expect(normalizeFileName(given)).toBe(want);
});
