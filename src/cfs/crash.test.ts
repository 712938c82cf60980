import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PmxcfsProcess } from "./pmxcfs.testing.ts";
import type { RequestClusterFs } from "./request-client.ts";

const KILLS = 200;
/** Side by side, each with a file system of its own. */
const SUBJECTS = 2;
const WRITERS = 3;
const TIMEOUT_MS = 300_000;

let cache = "";
beforeAll(() => {
  cache = mkdtempSync(join(tmpdir(), "quorate-cache-"));
});
afterAll(() => rmSync(cache, { recursive: true, force: true }));

/** What a writer has been told of, and what it has asked for last. */
interface Progress {
  acknowledged: number;
  attempted: number;
}

/** Writes ever higher numbers until pmxcfs is gone. */
async function countUp(
  progress: Progress,
  write: (value: number) => Promise<unknown>,
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
    progress.attempted += 1;
    try {
      await write(progress.attempted);
    } catch (error) {
      if (isOver()) return;
      throw error;
    }
    progress.acknowledged = progress.attempted;
  }
}

async function storedNumber(cfs: RequestClusterFs, path: string): Promise<number> {
  return Number((await cfs.read(path))?.data.toString() ?? 0);
}

/** Small, seeded: a failure can be repeated. */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

async function torture(seed: number, kills: number): Promise<void> {
  const random = makeRandom(seed);
  const pmxcfs = new PmxcfsProcess({ environment: { NODE_COMPILE_CACHE: cache } });
  const bySocket = Array.from({ length: WRITERS }, (): Progress => ({ acknowledged: 0, attempted: 0 }));
  const byMount: Progress = { acknowledged: 0, attempted: 0 };
  try {
    for (let round = 0; round < kills; round += 1) {
      expect(await pmxcfs.start(), pmxcfs.output.slice(-2000)).toBeUndefined();
      const cfs = pmxcfs.client();
      const isMounted = (await cfs.health())?.isMounted ?? false;
      if (round === 0) await cfs.mkdir("d");
      for (const [i, progress] of [...bySocket.entries(), ["m", byMount] as const]) {
        const value = await storedNumber(cfs, `d/${i}`);
        const where = `seed ${seed}, round ${round}, writer ${i}`;
        expect(value, where).toBeGreaterThanOrEqual(progress.acknowledged);
        expect(value, where).toBeLessThanOrEqual(progress.attempted);
        progress.acknowledged = value;
        progress.attempted = value;
      }
      let isOver = false;
      const writers = bySocket.map((progress, i) =>
        countUp(
          progress,
          (value) => cfs.write(`d/${i}`, String(value)),
          () => isOver,
        ),
      );
      if (isMounted) {
        const replace = async (value: number): Promise<void> => {
          await writeFile(pmxcfs.path("d/m.tmp"), String(value));
          await rename(pmxcfs.path("d/m.tmp"), pmxcfs.path("d/m"));
        };
        writers.push(countUp(byMount, replace, () => isOver));
        // Makes and removes entries meanwhile: the tree must be whole afterwards.
        const churn: Progress = { acknowledged: 0, attempted: 0 };
        writers.push(
          countUp(
            churn,
            (value) => mkdir(pmxcfs.path(`d/dir-${round}-${value}`)),
            () => isOver,
          ),
        );
      }
      await new Promise((resolve) => setTimeout(resolve, random() * 40));
      isOver = true;
      await pmxcfs.end("SIGKILL");
      await cfs.close();
      await Promise.all(writers);
    }
    const database = new DatabaseSync(pmxcfs.layout.configDb);
    expect(database.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
    database.close();
    expect(Math.min(...bySocket.map(({ acknowledged }) => acknowledged))).toBeGreaterThan(kills);
  } finally {
    await pmxcfs.dispose();
  }
}

test(
  `${KILLS} kills at random moments under load lose no acknowledged write`,
  async () => {
    const seeds = Array.from({ length: SUBJECTS }, (_, i) => 4711 + i);
    await Promise.all(seeds.map((seed) => torture(seed, KILLS / SUBJECTS)));
  },
  TIMEOUT_MS,
);
