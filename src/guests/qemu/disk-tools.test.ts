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
    expect(await qemuImg.measure(target)).toEqual({ format: "qcow2", sizeBytes: 1_048_576 });
    spawnSync("qemu-img", ["create", "-q", "-f", "raw", back, "1M"]);
    await qemuImg.copy({ source: target, sourceFormat: "qcow2", target: back, targetFormat: "raw" });
    expect(readFileSync(back).subarray(0, 5).toString()).toBe("hello");
    expect(statSync(back).size).toBe(1_048_576);
  });

  test("says what is wrong with an image that is not there", async () => {
    await expect(qemuImg.measure(join(dir, "none"))).rejects.toThrow(/No such file/);
  });
});
