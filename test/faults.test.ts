/** Any daemon may be killed at any time: guests, tasks and acknowledged writes outlive it, and `down` leaves nothing. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findProgram } from "../src/os/find-program.ts";
import { ApiCallError, ApiClient } from "./api-client.testing.ts";
import { PROJECT_DIR, startTestNode, type TestNode } from "./node.testing.ts";

const HAS_QEMU = findProgram("qemu-system-x86_64") !== undefined && findProgram("qemu-img") !== undefined;
const TIMEOUT_MS = 120_000;
const BACK_WITHIN_MS = 30_000;
const VMID = 400;

describe.skipIf(!HAS_QEMU)("faults (skipped without the packages qemu-system-x86 and qemu-utils)", () => {
  let node: TestNode;
  let api: ApiClient;
  let name: string;
  let vm: string;

  beforeAll(async () => {
    node = await startTestNode();
    api = await ApiClient.login(node);
    name = (await api.call<{ node: string }[]>("GET", "/nodes"))[0]?.node ?? "";
    vm = `/nodes/${name}/qemu/${VMID}`;
    const params = { vmid: VMID, memory: 64, scsi0: "local:1" };
    expect(await api.task("POST", `/nodes/${name}/qemu`, params)).toBe("OK");
    expect(await api.task("POST", `${vm}/status/start`)).toBe("OK");
  }, TIMEOUT_MS);
  // Also after a failed test nothing may stay behind.
  afterAll(async () => await node.stop(), TIMEOUT_MS);

  const pidOf = (daemon: string): number | undefined => {
    const path = join(node.root, "run/quorate", `${daemon}.json`);
    return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as { pid: number }).pid : undefined;
  };

  /** Waits for what a kill has set going. */
  async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const deadline = Date.now() + BACK_WITHIN_MS;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      if (Date.now() > deadline) throw new Error(`${what}: not within ${BACK_WITHIN_MS / 1000} s`);
      await sleep(50);
    }
  }

  const answers = (): Promise<true | undefined> =>
    // This needs the proxy, the daemon and the cluster file system.
    api.call("GET", `${vm}/status/current`).then(
      () => true as const,
      (error: unknown) => {
        // A proxy that is starting refuses the connection, one whose daemon is starting answers 595.
        if (error instanceof ApiCallError && error.status < 500) throw error;
        return undefined;
      },
    );

  test.each(["pvestatd", "rrdcached", "pvedaemon", "pveproxy", "pmxcfs"])(
    "%s is back after kill -9, with the guest and the last write",
    async (daemon) => {
      const killed = pidOf(daemon);
      // Without its package the archive's daemon is not there.
      if (killed === undefined) return;
      const guest = await api.call<{ pid: number }>("GET", `${vm}/status/current`);
      const mark = `written before ${daemon} was killed`;
      await api.call("PUT", `${vm}/config`, { description: mark });
      process.kill(killed, "SIGKILL");
      await eventually(`${daemon} runs again`, async () => {
        const pid = pidOf(daemon);
        return pid !== undefined && pid !== killed ? pid : undefined;
      });
      await eventually("the API answers", answers);
      expect((await api.call<{ description: string }>("GET", `${vm}/config`)).description.trim()).toBe(mark);
      const after = await eventually("the guest is seen", () =>
        api.call<{ pid: number; status: string }>("GET", `${vm}/status/current`).catch(() => undefined),
      );
      expect(after).toMatchObject({ pid: guest.pid, status: "running" });
      const config = join(node.root, "etc/pve/qemu-server", `${VMID}.conf`);
      if (readFileSync("/proc/mounts", "utf8").includes(` ${node.root}/etc/pve `)) {
        expect(readFileSync(config, "utf8")).toContain(mark.replaceAll(":", "%3A"));
      }
    },
    TIMEOUT_MS,
  );

  test(
    "a task outlives its daemon, and its outcome is known",
    async () => {
      // There is no system in the guest that could power off, so this takes its three seconds.
      const upid = await api.call<string>("POST", `${vm}/status/shutdown`, { timeout: 3 });
      const daemon = pidOf("pvedaemon");
      if (daemon !== undefined) process.kill(daemon, "SIGKILL");
      await eventually("the API answers", answers);
      expect(await api.ended(upid)).toMatch(/got timeout/);
      const rows = await api.call<{ upid: string; status: string }[]>("GET", `/nodes/${name}/tasks`);
      expect(rows.find((row) => row.upid === upid)?.status).toMatch(/got timeout/);
    },
    TIMEOUT_MS,
  );

  test(
    "a killed worker's task is known to have failed",
    async () => {
      const upid = await api.call<string>("POST", `${vm}/status/shutdown`, { timeout: 60 });
      const [, , pid] = upid.split(":");
      process.kill(Number.parseInt(pid ?? "", 16), "SIGKILL");
      expect(await api.ended(upid)).toBe("unexpected status");
      expect((await api.call<{ status: string }>("GET", `${vm}/status/current`)).status).toBe("running");
    },
    TIMEOUT_MS,
  );

  test(
    "a killed supervisor's daemons are taken over by the next start",
    async () => {
      const daemons = ["pmxcfs", "pvedaemon", "pveproxy", "pvestatd"];
      const before = daemons.map(pidOf);
      process.kill(node.pid, "SIGKILL");
      expect(await answers()).toBe(true);
      await node.quorate("up", "--detach", "--json", "--no-install");
      expect(daemons.map(pidOf)).toEqual(before);
      expect(pidOf("supervisor")).not.toBe(node.pid);
    },
    TIMEOUT_MS,
  );

  test(
    "a second start only looks on, and its ^C stops nothing",
    async () => {
      const second = spawn(join(PROJECT_DIR, "quorate"), ["up", "--no-install", "--root", node.root], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const ended = once(second, "exit");
      let said = "";
      second.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
      await eventually("the second start shows the node", async () => /only ends this view/.exec(said) ?? undefined);
      second.kill("SIGINT");
      expect(await ended).toEqual([0, null]);
      expect((await api.call<{ status: string }>("GET", `${vm}/status/current`)).status).toBe("running");
    },
    TIMEOUT_MS,
  );

  test(
    "down ends the guests also after the supervisor and the file system were killed",
    async () => {
      for (const daemon of ["supervisor", "pmxcfs"]) process.kill(pidOf(daemon) ?? 0, "SIGKILL");
      await node.quorate("down", "--timeout", "2");
      expectNothingLeft();
      await node.quorate("up", "--detach", "--json", "--no-install");
      expect(await api.task("POST", `${vm}/status/start`)).toBe("OK");
    },
    TIMEOUT_MS,
  );

  test(
    "down leaves no process, mount or socket, nor what clients start meanwhile",
    async () => {
      let isDown = false;
      const client = async (vmid: number): Promise<void> => {
        const refused = (): Promise<void> => sleep(20);
        while (!isDown) await api.call("POST", `/nodes/${name}/qemu`, { vmid: vmid++, memory: 32 }).catch(refused);
      };
      const clients = [1000, 2000, 3000, 4000].map(client);
      await node.quorate("down", "--timeout", "2");
      isDown = true;
      await Promise.all(clients);
      expectNothingLeft();
    },
    TIMEOUT_MS,
  );

  function expectNothingLeft(): void {
    const left = readdirSync("/proc")
      .filter((pid) => /^\d+$/.test(pid))
      // A task's title hides its command line.
      .filter((pid) => commandLine(pid).includes(node.root) || environmentOf(pid).includes(node.root));
    expect(left.map(commandLine)).toEqual([]);
    expect(readFileSync("/proc/mounts", "utf8")).not.toContain(node.root);
    const sockets = readFileSync("/proc/net/unix", "utf8");
    expect(sockets).not.toContain(node.root);
  }
});

const commandLine = (pid: string): string => wordsOf(pid, "cmdline");
const environmentOf = (pid: string): string => wordsOf(pid, "environ");

function wordsOf(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1").replaceAll("\0", " ");
  } catch {
    // It ended while the list was read, or belongs to somebody else.
    return "";
  }
}
