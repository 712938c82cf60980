import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { silentLogger } from "../log/logger.ts";
import { processStartTicks } from "../os/process-identity.ts";
import type { DaemonSpec } from "./daemon-specs.ts";
import { PidFiles, type PidRecord } from "./pid-files.ts";
import { Supervised } from "./supervised.ts";

const READY = 'process.send({ kind: "ready" }); setInterval(() => {}, 1000)';

let directory: string;
const started: Supervised[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "quorate-supervised-"));
});
afterEach(async () => {
  for (const daemon of started.splice(0)) await daemon.stop();
  await rm(directory, { recursive: true });
});

function makeDaemon(script: string, pidFiles = new PidFiles(directory), log = silentLogger): Supervised {
  const spec: DaemonSpec = {
    name: "d",
    argv: [process.execPath, "-e", script],
    after: [],
    readiness: "channel",
    isUnprivileged: false,
    isOneShot: false,
    isOptional: false,
    stopTimeoutMs: 5_000,
  };
  const daemon = new Supervised(spec, {
    pidFiles,
    release: "r",
    logFile: join(directory, "d.log"),
    env: { PATH: process.env.PATH },
    user: undefined,
    log,
  });
  started.push(daemon);
  return daemon;
}

/** A disk that has no room for the file that would name the process. */
class FullDisk extends PidFiles {
  pid = 0;
  override write(_name: string, pid: number): PidRecord | undefined {
    this.pid = pid;
    throw new Error("ENOSPC: no space left on device, write");
  }
}

describe("a supervised daemon", () => {
  test("that cannot be named in a pid file does not go on unseen", async () => {
    const disk = new FullDisk(directory);
    const daemon = makeDaemon(READY, disk);
    await expect(daemon.start()).rejects.toThrow("no space left");
    expect(disk.pid).toBeGreaterThan(0);
    expect(processStartTicks(disk.pid)).toBeUndefined();
    expect(daemon.state).toBe("failed");
  });

  test("has its time to end, also when the clock is set meanwhile", async () => {
    const mark = join(directory, "ended");
    const end = `setTimeout(() => { require("node:fs").writeFileSync(${JSON.stringify(mark)}, ""); process.exit(0); }, 200)`;
    const daemon = makeDaemon(`process.on("SIGTERM", () => ${end}); ${READY}`);
    await daemon.start();
    const hour = 3_600_000;
    let now = Date.now();
    const clock = vi.spyOn(Date, "now").mockImplementation(() => {
      now += hour;
      return now;
    });
    try {
      await daemon.stop();
    } finally {
      clock.mockRestore();
    }
    expect(existsSync(mark)).toBe(true);
  });

  test("that does not start says why, in the words of its log", async () => {
    const line = JSON.stringify({ level: "error", msg: "cannot serve", err: { message: "port 8006 is taken" } });
    const daemon = makeDaemon(`console.log(${JSON.stringify(line)}); process.exit(3)`);
    await expect(daemon.start()).rejects.toThrow(/^d ended with exit code 3: cannot serve: port 8006 is taken \(see /);
  });

  test("that ends again and again is started after ever longer pauses", async () => {
    const pauses: unknown[] = [];
    const daemon = makeDaemon("process.send({ kind: 'ready' }); setTimeout(() => process.exit(1), 20)", undefined, {
      ...silentLogger,
      error: (fields) => void pauses.push("delayMs" in fields ? fields.delayMs : undefined),
    });
    await daemon.start();
    await expect.poll(() => pauses, { timeout: 15_000 }).toEqual([200, 400]);
  });

  test("that a restart cannot bring back is tried again until what is wrong is mended", async () => {
    const mark = join(directory, "mended");
    const daemon = makeDaemon(`if (!require("node:fs").existsSync(${JSON.stringify(mark)})) process.exit(1); ${READY}`);
    await mkdir(mark);
    await daemon.start();
    await rm(mark, { recursive: true });
    await expect(daemon.restart()).rejects.toThrow("ended with exit code 1");
    expect(daemon.state).toBe("backing-off");
    await mkdir(mark);
    await expect.poll(() => daemon.state, { timeout: 10_000 }).toBe("running");
  });
});
