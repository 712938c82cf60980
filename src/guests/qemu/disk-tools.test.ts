import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { qemuImg } from "./disk-tools.ts";

const hasQemuImg = spawnSync("qemu-img", ["--version"]).error === undefined;

describe.skipIf(!hasQemuImg)("qemu-img", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "quorate-disks-"));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  test("measures an image and copies its content into another format", async () => {
    const source = join(dir, "source.raw");
    const target = join(dir, "target.qcow2");
    const back = join(dir, "back.raw");
    writeFileSync(source, Buffer.concat([Buffer.from("hello"), Buffer.alloc(65_536 - 5)]));
    spawnSync("qemu-img", ["create", "-q", "-f", "qcow2", target, "1M"]);
    await qemuImg.copy({ source, sourceFormat: "raw", target, targetFormat: "qcow2" });
    expect(await qemuImg.measure(target)).toEqual({ format: "qcow2", sizeBytes: 1_048_576, isStandalone: true });
    spawnSync("qemu-img", ["create", "-q", "-f", "raw", back, "1M"]);
    await qemuImg.copy({ source: target, sourceFormat: "qcow2", target: back, targetFormat: "raw" });
    expect(readFileSync(back).subarray(0, 5).toString()).toBe("hello");
    expect(statSync(back).size).toBe(1_048_576);
  });

  test("sees that an image stands on another one, and takes a known format at its word", async () => {
    const base = join(dir, "base.raw");
    const overlay = join(dir, "overlay.qcow2");
    writeFileSync(base, Buffer.alloc(65_536));
    spawnSync("qemu-img", ["create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", overlay]);
    expect((await qemuImg.measure(overlay)).isStandalone).toBe(false);
    expect(await qemuImg.measure(overlay, "raw")).toEqual({
      format: "raw",
      // A raw image ends at a sector.
      sizeBytes: Math.ceil(statSync(overlay).size / 512) * 512,
      isStandalone: true,
    });
  });

  test("says what is wrong with an image that is not there", async () => {
    await expect(qemuImg.measure(join(dir, "none"))).rejects.toThrow(/No such file/);
  });
});
