import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FileLockTimeoutError, withFileLock } from "./file-lock.ts";
import { runCommand } from "./run-command.ts";

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "quorate-lock-"));
  path = join(directory, "lock");
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Another process that tries the lock once. */
const isFreeForOthers = (): Promise<boolean> =>
  runCommand(["flock", "-n", path, "true"], { timeoutMs: 5_000 }).then(
    () => true,
    () => false,
  );

describe("a file lock", () => {
  test("keeps other processes out while the work runs, and lets them in afterwards", async () => {
    expect(await withFileLock(path, 1000, isFreeForOthers)).toBe(false);
    expect(await isFreeForOthers()).toBe(true);
  });

  test("that another process holds is waited for up to the limit", async () => {
    const holder = new AbortController();
    const held = runCommand(["flock", path, "sleep", "60"], { timeoutMs: 60_000, signal: holder.signal });
    held.catch(() => {});
    await expect.poll(isFreeForOthers).toBe(false);
    await expect(withFileLock(path, 50, () => 1)).rejects.toThrow(FileLockTimeoutError);
    const waiting = withFileLock(path, 10_000, () => "had");
    holder.abort();
    expect(await waiting).toBe("had");
  });

  test("serves the callers of one process in order, and a failure is its caller's alone", async () => {
    const order: number[] = [];
    const failing = withFileLock(path, 1000, () => {
      order.push(1);
      throw new Error("mine");
    });
    const next = withFileLock(path, 1000, () => order.push(2));
    await expect(failing).rejects.toThrow("mine");
    await next;
    expect(order).toEqual([1, 2]);
  });
});
