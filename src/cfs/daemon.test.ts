import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { makeLayout } from "../os/layout.ts";
import { PmxcfsProcess } from "./pmxcfs.testing.ts";
import { CfsError } from "./port.ts";
import type { RequestClusterFs } from "./request-client.ts";
import type { CfsHealth } from "./requests.ts";

const MAX_WARM_WRITES = 200;
const MAX_OBSERVED_WRITES = 40;

let running: PmxcfsProcess[] = [];
afterEach(async () => {
  await Promise.all(running.map((pmxcfs) => pmxcfs.dispose()));
  running = [];
});

function newProcess(options: ConstructorParameters<typeof PmxcfsProcess>[0] = {}): PmxcfsProcess {
  const pmxcfs = new PmxcfsProcess(options);
  running.push(pmxcfs);
  return pmxcfs;
}

async function errnoOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "ok";
  } catch (error) {
    return error instanceof CfsError ? error.errno : String(error);
  }
}

describe("a start", () => {
  test("with a damaged database ends with code 255, says what to do, and changes nothing", async () => {
    const pmxcfs = newProcess();
    mkdirSync(dirname(pmxcfs.layout.configDb), { recursive: true });
    writeFileSync(pmxcfs.layout.configDb, "garbage ".repeat(1000));
    expect(await pmxcfs.start()).toBe(255);
    expect(pmxcfs.output).toContain("file is not a database");
    expect(pmxcfs.output).toContain("restore a backup");
    expect(readFileSync(pmxcfs.layout.configDb, "utf8")).toBe("garbage ".repeat(1000));
    expect(existsSync(pmxcfs.layout.cfsSocket)).toBe(false);
  });

  test("beside a living one waits for its lock and leaves its mount alone", async () => {
    const first = newProcess();
    await first.start();
    const second = newProcess({ root: first.layout.root });
    const starting = second.start();
    const client = first.client();
    await client.write("a", "1");
    while (!second.output.includes("unable to acquire pmxcfs lock - trying again")) {
      expect((await client.read("a"))?.data.toString()).toBe("1");
    }
    await first.end();
    expect(await starting).toBeUndefined();
    expect((await second.client().read("a"))?.data.toString()).toBe("1");
  });

  test("brings back what was there, with a new start time", async () => {
    const pmxcfs = newProcess();
    await pmxcfs.start();
    const before = pmxcfs.client();
    await before.write("storage.cfg", "dir: x\n");
    await before.publish("tasklist", "gone");
    await before.close();
    await pmxcfs.end();
    await pmxcfs.start();
    const after = pmxcfs.client();
    expect((await after.read("storage.cfg"))?.data.toString()).toBe("dir: x\n");
    expect(await after.status("tasklist")).toBeUndefined();
    expect((await after.readLog()).map(({ msg }) => msg)).toEqual(["starting cluster log"]);
  });
});

test("a client lives through a restart and is told to drop what it knows", async () => {
  const pmxcfs = newProcess();
  await pmxcfs.start();
  const cfs = pmxcfs.client();
  const { promise: resynced, resolve } = Promise.withResolvers<void>();
  cfs.watch((event) => {
    if (event.kind === "resync") resolve();
  });
  await cfs.write("a", "1");
  await pmxcfs.end("SIGKILL");
  const reading = cfs.read("a");
  await pmxcfs.start();
  expect((await reading)?.data.toString()).toBe("1");
  await resynced;
});

describe("a slow disk", () => {
  /** Some slow commits start the thread, which on a busy machine is not there at once. */
  async function writeUntilThread(cfs: RequestClusterFs): Promise<CfsHealth> {
    for (let i = 0; i < MAX_WARM_WRITES; i += 1) {
      await cfs.write("warm", String(i));
      const health = await cfs.health();
      if (health?.commitMode === "thread") return health;
    }
    throw new Error(`commits are not made by a thread after ${MAX_WARM_WRITES} slow ones`);
  }

  test("keeps nobody waiting but writers: others are answered while a commit is under way", async () => {
    const pmxcfs = newProcess({ environment: { QUORATE_COMMIT_DELAY_MS: "50" } });
    await pmxcfs.start();
    const cfs = pmxcfs.client();
    const health = await writeUntilThread(cfs);
    expect(health.isWritable).toBe(true);
    // None, if they had waited for the commit; how many in its time depends on the machine, which may be busy just then.
    let most = 0;
    for (let i = 0; i < MAX_OBSERVED_WRITES && most <= 2; i += 1) most = Math.max(most, await answeredDuringWrite(i));
    expect(most).toBeGreaterThan(2);

    async function answeredDuringWrite(round: number): Promise<number> {
      let isWritten = false;
      let answered = 0;
      const write = cfs.write("a", String(round)).then(() => {
        isWritten = true;
      });
      while (!isWritten) {
        expect(await cfs.read("warm")).toBeDefined();
        if (health.isMounted) {
          await expect(stat(pmxcfs.path(`none-${round}-${answered}`))).rejects.toThrow("ENOENT");
        }
        if (!isWritten) answered += 1;
      }
      await write;
      return answered;
    }
  });

  test("lets writers that wait together share a commit", async () => {
    const pmxcfs = newProcess({ environment: { QUORATE_COMMIT_DELAY_MS: "50" } });
    await pmxcfs.start();
    const cfs = pmxcfs.client();
    await writeUntilThread(cfs);
    const start = performance.now();
    await Promise.all(Array.from({ length: 40 }, (_, i) => cfs.write(`f${i}`, "x")));
    // One after the other would be 40 × 50 ms at least.
    expect(performance.now() - start).toBeLessThan(40 * 50);
  });
});

describe.skipIf(process.getuid?.() !== 0)("a full disk", () => {
  test("refuses writes, loses nothing, and goes on when there is room again", async () => {
    const pmxcfs = newProcess();
    const { clusterLib } = makeLayout({ root: pmxcfs.layout.root, nodeName: "n1", isRootUser: true });
    mkdirSync(clusterLib, { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", clusterLib]);
    try {
      await pmxcfs.start();
      const cfs = pmxcfs.client();
      await cfs.write("kept", "before");
      writeFileSync(`${clusterLib}/filler`, Buffer.alloc(1_500_000));
      const results: string[] = [];
      for (let i = 0; i < 12 && !results.includes("ENOSPC"); i += 1) {
        results.push(await errnoOf(cfs.write(`big${i}`, Buffer.alloc(300_000, i))));
      }
      expect(results).toContain("ENOSPC");
      const failed = results.indexOf("ENOSPC");
      expect(await cfs.read(`big${failed}`)).toBeUndefined();
      expect((await cfs.read("kept"))?.data.toString()).toBe("before");
      expect((await cfs.health())?.lastCommitError).toMatch(/full/);
      const isMounted = (await cfs.health())?.isMounted;
      if (isMounted) expect(await readFile(pmxcfs.path("kept"), "utf8")).toBe("before");
      rmSync(`${clusterLib}/filler`);
      await cfs.write("after", "room");
      expect((await cfs.health())?.lastCommitError).toBeUndefined();
      await cfs.close();
      await pmxcfs.end();
      await pmxcfs.start();
      const again = pmxcfs.client();
      expect((await again.read("after"))?.data.toString()).toBe("room");
      expect((await again.read("kept"))?.data.toString()).toBe("before");
      for (let i = 0; i < failed; i += 1) expect((await again.read(`big${i}`))?.data.length).toBe(300_000);
      expect(await again.read(`big${failed}`)).toBeUndefined();
    } finally {
      await pmxcfs.end("SIGKILL");
      execFileSync("umount", [clusterLib]);
    }
  });
});
