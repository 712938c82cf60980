import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findProgram } from "../os/find-program.ts";
import { createImage, measureImage, preallocationOf, refuseForeignReferences } from "./image-files.ts";
import { readImageHeader } from "./image-header.ts";

const HAS_QEMU_IMG = findProgram("qemu-img") !== undefined;

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "quorate-image-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const qemuImg = (...args: string[]) => execFileSync("qemu-img", args);

describe.skipIf(!HAS_QEMU_IMG)("refuseForeignReferences (skipped without the package qemu-utils)", () => {
  test.each(["qcow2", "vmdk"])("an ordinary %s passes", async (format) => {
    const path = join(dir, `a.${format}`);
    qemuImg("create", "-q", "-f", format, path, "1M");
    await expect(refuseForeignReferences(path, format)).resolves.toBeUndefined();
  });

  test("a VMDK whose data is another file of the host", async () => {
    const path = join(dir, "evil.vmdk");
    writeFileSync(join(dir, "secret"), "x".repeat(512 * 8));
    writeFileSync(
      path,
      `# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType="monolithicFlat"\nRW 8 FLAT "${dir}/secret" 0\n`,
    );
    await expect(refuseForeignReferences(path, "vmdk")).rejects.toThrow("refers to another file");
  });

  test("a qcow2 whose data is another file", async () => {
    const path = join(dir, "evil.qcow2");
    qemuImg("create", "-q", "-f", "qcow2", "-o", `data_file=${dir}/secret`, path, "1M");
    await expect(refuseForeignReferences(path, "qcow2")).rejects.toThrow("refers to another file");
  });

  test("something that is no image", async () => {
    const path = join(dir, "not.qcow2");
    writeFileSync(path, "hello");
    await expect(refuseForeignReferences(path, "qcow2")).rejects.toThrow("not in qcow2 format");
  });
});

describe("measureImage", () => {
  test.skipIf(!HAS_QEMU_IMG).each(["qcow2", "vmdk"])(
    "knows the size of a %s that qemu-img made (skipped without the package qemu-utils)",
    async (format) => {
      const path = join(dir, `a.${format}`);
      qemuImg("create", "-q", "-f", format, path, "5M");
      expect(await measureImage(path, format)).toMatchObject({ format, sizeBytes: 5 << 20 });
    },
  );

  test("content of another format than the name's is invalid, measured as it lies there", async () => {
    const path = join(dir, "a.qcow2");
    writeFileSync(path, "no image at all");
    expect(await measureImage(path, "qcow2")).toMatchObject({ format: "invalid", sizeBytes: 15 });
  });

  test("a missing file is undefined; a pipe does not hold us", async () => {
    expect(await measureImage(join(dir, "none.raw"), "raw")).toBeUndefined();
    execFileSync("mkfifo", [join(dir, "pipe.qcow2")]);
    expect(await measureImage(join(dir, "pipe.qcow2"), "qcow2")).toMatchObject({ format: "invalid" });
  });
});

test("readImageHeader never throws, whatever the bytes", () => {
  const magic = fc.constantFrom(
    Buffer.from("QFI\xfb", "latin1"),
    Buffer.from("KDMV"),
    Buffer.from("# Disk DescriptorFile\n"),
  );
  fc.assert(
    fc.property(
      magic,
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom("qcow2", "vmdk", "raw"),
      (start, rest, format) => {
        const header = readImageHeader(format, Buffer.concat([start, rest]));
        if (header !== undefined) expect(header.virtualBytes).toBeGreaterThanOrEqual(0);
      },
    ),
  );
});

describe("createImage", () => {
  test.each([
    [undefined, "qcow2", "metadata"],
    [undefined, "raw", "off"],
    ["metadata", "raw", "off"],
    ["full", "raw", "full"],
    [undefined, "vmdk", undefined],
  ] as const)("preallocation %s of %s is %s", (wanted, format, want) => {
    expect(preallocationOf(wanted, format)).toBe(want);
  });

  test("a preallocation that the format does not have is refused", () => {
    expect(() => preallocationOf("full", "vmdk")).toThrow("preallocation mode 'full' not supported by format 'vmdk'");
  });

  test("without qemu-img a raw image can be made, another one says what is missing and leaves nothing", async () => {
    const path = process.env.PATH;
    process.env.PATH = dir;
    try {
      const image = (format: string) => ({ path: join(dir, `a.${format}`), format, sizeBytes: 1024 });
      await createImage({ ...image("raw"), preallocation: "off" });
      await expect(createImage({ ...image("qcow2"), preallocation: "metadata" })).rejects.toThrow(
        "this image format needs qemu-img, which is not installed",
      );
      expect(await measureImage(join(dir, "a.qcow2"), "qcow2")).toBeUndefined();
    } finally {
      process.env.PATH = path;
    }
  });
});
