import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HostProbe, makeBootSector, probeBoot } from "./kvm-probe.ts";

const QEMU = "/usr/bin/qemu-system-x86_64";
const HAS_QEMU = existsSync(QEMU);
const SKIPPED = "(skipped without the package qemu-system-x86)";

describe("HostProbe", () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "quorate-probe-"));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  test("the boot sector is one", () => {
    const sector = makeBootSector();
    expect(sector.length).toBe(512);
    expect(sector.subarray(510)).toEqual(Buffer.from([0x55, 0xaa]));
  });

  test.skipIf(!HAS_QEMU)(`a guest that runs is seen to run ${SKIPPED}`, async () => {
    expect(await probeBoot(QEMU, "tcg")).toEqual({ timedOut: false });
  });

  test("an emulator that ends at once is no proof", async () => {
    expect((await probeBoot("/bin/false", "tcg")).whyNot).toContain("code 1");
    expect((await probeBoot("/bin/true", "tcg")).whyNot).toContain("code 0");
  });

  test("an emulator that hangs ends at the limit", async () => {
    const hanging = join(dir, "hanging");
    await writeFile(hanging, "#!/bin/sh\nexec sleep 60\n", { mode: 0o755 });
    expect(await probeBoot(hanging, "tcg")).toEqual({ whyNot: "a guest does not run within 2 s", timedOut: true });
  });

  test.skipIf(!HAS_QEMU)(`the answer is kept for this boot, a time-out for ten minutes only ${SKIPPED}`, async () => {
    const cache = join(dir, "run", "probe.json");
    const probe = new HostProbe(cache, () => 1_000);
    const first = await probe.abilities(QEMU);
    const kept: unknown = JSON.parse(await readFile(cache, "utf8"));
    expect(kept).toMatchObject(first);
    // A marked entry shows whether the cache or a new probe answers.
    const marked = { ...(kept as object), hasKvm: !first.hasKvm };
    await writeFile(cache, JSON.stringify(marked));
    expect((await probe.abilities(QEMU)).hasKvm).toBe(!first.hasKvm);
    await writeFile(cache, JSON.stringify({ ...marked, validUntil: 999 }));
    expect((await probe.abilities(QEMU)).hasKvm).toBe(first.hasKvm);
    // Ten minutes and more ahead: the clock was set back since.
    await writeFile(cache, JSON.stringify({ ...marked, validUntil: 602_000 }));
    expect((await probe.abilities(QEMU)).hasKvm).toBe(first.hasKvm);
    await writeFile(cache, "{ broken");
    expect((await probe.abilities(QEMU)).hasKvm).toBe(first.hasKvm);
  });
});
