/**
 * Whoever starts or stops a VM may be killed at any step, and so may QEMU. Afterwards the VM can be stopped and started,
 * a guest never runs unnoticed or half equipped, and nothing is left in the run directory or among the control groups.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findProgram } from "../../../os/find-program.ts";
import { scopeDirectories } from "../../../os/guest-scope.ts";
import { qmpCommand } from "../qmp/index.ts";
import { type Operation, PowerRoom, VMID } from "./power-room.testing.ts";
import { QEMU_BINARY } from "./qemu-binary.ts";

const HAS_QEMU = findProgram(QEMU_BINARY) !== undefined;
const TIMEOUT_MS = 120_000;
const MAX_STEPS = 60;
const CONFIG = "kvm: 0\nmemory: 32\nname: dies\nserial0: socket\n";

describe.skipIf(!HAS_QEMU)("killed at any step (skipped without qemu-system-x86)", () => {
  let root: string;
  let room: PowerRoom;
  let workers: ChildProcess[];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "quorate-power-"));
    room = new PowerRoom(root);
    workers = [];
    room.config = CONFIG;
  });
  afterEach(async () => {
    await room.run("stop");
    rmSync(root, { recursive: true, force: true });
  });

  /**
   * @param step 0: it does not die by itself.
   * @returns the step at which the worker died; undefined when it came to its end before.
   */
  function worker(operation: Operation, step: number): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      const program = join(import.meta.dirname, "power-room.testing.ts");
      const child = spawn(process.execPath, [program, root, operation, String(step)], {
        stdio: ["ignore", "pipe", "pipe"],
        timeout: 30_000,
        env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), "quorate-test-compile-cache") },
      });
      workers.push(child);
      let out = "";
      let err = "";
      child.stdout.on("data", (bytes) => {
        out += bytes;
      });
      child.stderr.on("data", (bytes) => {
        err += bytes;
      });
      child.on("error", reject);
      child.on("exit", (code, signal) => {
        if (signal === "SIGKILL" && out !== "") resolve(out);
        else if (code === 0) resolve(undefined);
        else reject(new Error(`the worker ended with ${code ?? signal}: ${err}`));
      });
    });
  }

  const isRunning = async (): Promise<boolean> => (await room.processes.search(VMID)) !== undefined;
  const monitor = (command: string, args?: Record<string, unknown>): Promise<unknown> =>
    qmpCommand({ path: room.processes.socket(VMID, "qmp"), peer: "VM" }, command, args);
  const status = (): Promise<unknown> => monitor("query-status");

  async function expectStopped(after: string): Promise<void> {
    expect(await isRunning(), after).toBe(false);
    const left = existsSync(room.layout.qemuRun) ? readdirSync(room.layout.qemuRun) : [];
    expect(left, after).toEqual([]);
    expect(scopeDirectories(room.layout.qemuSlice, VMID).filter(existsSync), after).toEqual([]);
    expect(room.config, after).not.toContain("lock:");
  }

  async function expectRunning(after: string): Promise<void> {
    expect(await status(), after).toMatchObject({ status: "running" });
    // The last thing that a guest is given before it is let run.
    const interval = { path: "machine/peripheral/balloon0", property: "guest-stats-polling-interval" };
    expect(await monitor("qom-get", interval), after).toBe(2);
  }

  /** Lets a worker die before its first step, its second and so on, until one comes to its end. */
  async function killEach(operation: Operation, prepare: () => Promise<void>, check: (at: string) => Promise<void>) {
    for (let step = 1; ; step += 1) {
      expect(step).toBeLessThan(MAX_STEPS);
      await prepare();
      const died = await worker(operation, step);
      await check(`${operation}, worker killed before step ${step}: ${died ?? "it came to its end"}`);
      if (died === undefined) return;
    }
  }

  test(
    "a start whose worker is killed is done again, and its guest runs once and fully",
    () =>
      killEach(
        "start",
        async () => {
          room.config = `${CONFIG}\n[PENDING]\nname: again\n`;
        },
        async (at) => {
          const again = await outcome(room.run("start"));
          // Only a guest that has been let run needs no second start.
          expect(["OK", `VM ${VMID} already running`], at).toContain(again);
          await expectRunning(at);
          expect(room.config, at).toBe(CONFIG.replace("dies", "again"));
          await room.run("stop");
          await expectStopped(at);
        },
      ),
    TIMEOUT_MS,
  );

  test.each(["stop", "shutdown"] as const)(
    "a %s whose worker is killed is done again and leaves nothing, and the VM starts",
    async (operation) => {
      await room.run("start");
      await killEach(
        operation,
        async () => {},
        async (at) => {
          await room.run(operation);
          // The power button is for what runs; what an earlier death has left a stop removes.
          await room.run("stop");
          await expectStopped(at);
          await room.run("start");
          await expectRunning(at);
        },
      );
    },
    TIMEOUT_MS,
  );

  test(
    "a shutdown that waits for its guest leaves alone what somebody has started meanwhile",
    async () => {
      await room.run("start");
      const hasWaited = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      const waiter = new PowerRoom(root, (what) => {
        if (what !== "VmConfigs.locked") return undefined;
        hasWaited.resolve();
        return goOn.promise;
      });
      const shutdown = waiter.run("shutdown");
      await hasWaited.promise;
      await room.run("stop");
      await room.run("start");
      const started = await room.processes.search(VMID);
      goOn.resolve();
      await shutdown;
      await expectRunning("after the shutdown");
      expect(await room.processes.search(VMID)).toEqual(started);
    },
    TIMEOUT_MS,
  );

  test.each(["start", "stop", "shutdown"] as const)(
    "a QEMU that dies at any step of a %s leaves a VM that is stopped and starts",
    async (operation) => {
      let countdown = 0;
      let hasKilled = false;
      const dying = new PowerRoom(root, () => {
        countdown -= 1;
        const pidFile = room.processes.socket(VMID, "pid");
        if (countdown !== 0 || !existsSync(pidFile)) return undefined;
        process.kill(Number(readFileSync(pidFile, "latin1")), "SIGKILL");
        hasKilled = true;
        return undefined;
      });
      let kills = 0;
      for (let step = 1; step < MAX_STEPS; step += 1) {
        if (operation !== "start") await room.run("start");
        countdown = step;
        hasKilled = false;
        const at = `QEMU killed before step ${step} of ${operation}`;
        const ended = await outcome(dying.run(operation));
        const isOver = countdown > 0;
        if (hasKilled) kills += 1;
        if (operation === "start" && hasKilled) expect(ended, at).not.toBe("OK");
        if (operation !== "start") expect(ended, at).toBe("OK");
        if (!hasKilled || operation === "shutdown") await room.run("stop");
        await expectStopped(at);
        if (isOver) break;
      }
      expect(kills).toBeGreaterThan(0);
      await room.run("start");
      await expectRunning(`after ${kills} deaths`);
    },
    TIMEOUT_MS,
  );

  describe("a QEMU that hangs while it comes up", () => {
    beforeEach(() => {
      // It waits for somebody to connect, with its pid file written and without answering its monitor.
      room.config = `args: -chardev socket,id=hangs,path=${root}/hangs,server=on,wait=on\n${CONFIG}`;
    });

    test(
      "is ended when the start's limit is over",
      async () => {
        expect(await outcome(room.run("start", 1_000))).toContain("got timeout");
        await expectStopped("after the limit");
      },
      TIMEOUT_MS,
    );

    test(
      "is found and stopped when its worker was killed",
      async () => {
        const starting = worker("start", 0);
        await expect.poll(isRunning, { timeout: 20_000 }).toBe(true);
        workers.at(-1)?.kill("SIGKILL");
        await expect(starting).rejects.toThrow("SIGKILL");
        expect(await isRunning()).toBe(true);
        await room.run("stop");
        await expectStopped("after a hanging start");
      },
      TIMEOUT_MS,
    );
  });

  test("a guest whose pid file is gone is not started twice, and is stopped", async () => {
    await room.run("start");
    rmSync(room.processes.socket(VMID, "pid"));
    expect(await outcome(room.run("start"))).toBe(`VM ${VMID} already running`);
    await room.run("stop");
    await expectStopped("without a pid file");
  });

  test("a QEMU that refuses its command line leaves nothing", async () => {
    room.config = `args: -device nothing-of-the-kind\n${CONFIG}`;
    expect(await outcome(room.run("start"))).toContain("nothing-of-the-kind");
    await expectStopped("after a refusal");
  });

  test("the hook script sees each phase, and fails only what has not begun", async () => {
    const directory = join(root, "storage/local/snippets");
    const script = (last: string): void => {
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, "hook"), `#!/bin/sh\necho "$1 $2" >>${root}/phases\n${last}\n`, { mode: 0o755 });
    };
    room.config = `hookscript: local:snippets/hook\n${CONFIG}`;
    script("exit 0");
    await room.run("start");
    await room.run("stop");
    const phases = ["pre-start", "post-start", "pre-stop", "post-stop"].map((phase) => `${VMID} ${phase}\n`).join("");
    expect(readFileSync(join(root, "phases"), "utf8")).toBe(phases);

    script("exit 1");
    expect(await outcome(room.run("start"))).toContain("snippets/hook 100 pre-start' failed");
    await expectStopped("after a failed pre-start");
    script('[ "$2" = pre-start ]');
    await room.run("start");
    await room.run("stop");
    expect(room.logs.filter((line) => line.startsWith("WARN: hook script"))).toHaveLength(3);
  });

  test("a guest that is to wait for its operator waits, and is not let run by a second start", async () => {
    room.config = `freeze: 1\n${CONFIG}`;
    await room.run("start");
    expect(await outcome(room.run("start"))).toBe(`VM ${VMID} already running`);
    expect(await status()).toMatchObject({ status: "prelaunch" });
  });
});

function outcome(work: Promise<void>): Promise<string> {
  return work.then(
    () => "OK",
    (error: Error) => error.message,
  );
}
