/** A guest that runs: devices come and go, it is paused, asked to power off, and powers itself off. */
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findProgram } from "../src/os/find-program.ts";
import { ApiClient } from "./api-client.testing.ts";
import { buildTestGuest, defaultCacheDir, KERNEL_ARGUMENTS } from "./guest/build.ts";
import { startTestNode, type TestNode } from "./node.testing.ts";

const HAS_QEMU = ["qemu-system-x86_64", "qemu-img", "cpio"].every((name) => findProgram(name) !== undefined);
const TIMEOUT_MS = 120_000;
const ANSWER_WITHIN_MS = 40_000;
const VMID = 500;

describe.skipIf(!HAS_QEMU)("a running guest (skipped without qemu-system-x86, qemu-utils and cpio)", () => {
  let node: TestNode;
  let api: ApiClient;
  let vm: string;

  beforeAll(async () => {
    node = await startTestNode();
    api = await ApiClient.login(node);
    const name = (await api.call<{ node: string }[]>("GET", "/nodes"))[0]?.node ?? "";
    vm = `/nodes/${name}/qemu/${VMID}`;
    const guest = await buildTestGuest(defaultCacheDir(process.env));
    // `args` is for root alone, hence the tool.
    const args = `-kernel ${guest.kernel} -initrd ${guest.initrd} -append '${KERNEL_ARGUMENTS}'`;
    const options = [
      "--memory",
      "256",
      "--serial0",
      "socket",
      "--scsihw",
      "virtio-scsi-pci",
      "--ide2",
      "none,media=cdrom",
    ];
    await node.tool(
      "qm",
      "create",
      String(VMID),
      ...options,
      "--scsi0",
      "local:1",
      "--boot",
      "order=scsi0",
      "--args",
      args,
    );
    expect(await api.task("POST", `${vm}/status/start`)).toBe("OK");
    await inGuest("echo up $((40+2))", "up 42");
  }, TIMEOUT_MS);
  afterAll(async () => await node.stop(), TIMEOUT_MS);

  const change = (params: Record<string, string | number>): Promise<unknown> => api.call("PUT", `${vm}/config`, params);
  const config = (): Promise<Record<string, string>> => api.call("GET", `${vm}/config`, { current: 1 });
  const monitor = (command: string): Promise<string> => api.call("POST", `${vm}/monitor`, { command });

  /** Types until the guest answers: a busy guest loses what comes meanwhile. */
  function inGuest(command: string, answer: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect(join(node.root, "var/run/qemu-server", `${VMID}.serial0`));
      let seen = "";
      const finish = (action: () => void): void => {
        clearTimeout(limit);
        clearInterval(again);
        socket.destroy();
        action();
      };
      const type = (): boolean => socket.write(`${command}\n`);
      const limit = setTimeout(
        () => finish(() => reject(new Error(`no '${answer}' in: ${seen.slice(-500)}`))),
        ANSWER_WITHIN_MS,
      );
      const again = setInterval(type, 1_000);
      socket.on("error", (error) => finish(() => reject(error)));
      socket.on("connect", type);
      socket.on("data", (bytes) => {
        seen += bytes.toString("latin1");
        if (seen.includes(answer)) finish(resolve);
      });
    });
  }

  async function untilStatus(wanted: string): Promise<void> {
    const deadline = Date.now() + ANSWER_WITHIN_MS;
    for (;;) {
      const { status } = await api.call<{ status: string }>("GET", `${vm}/status/current`);
      if (status === wanted) return;
      if (Date.now() > deadline) throw new Error(`still ${status}`);
      await sleep(50);
    }
  }

  test(
    "what it uses is measured, told to the cluster and kept",
    async () => {
      const row = async (): Promise<Record<string, unknown>> => {
        const rows = await api.call<Record<string, unknown>[]>("GET", "/cluster/resources", { type: "vm" });
        return rows.find(({ vmid }) => vmid === VMID) ?? {};
      };
      // A share of cpu takes two looks of pvestatd at the same process.
      const measured = { status: "running", maxcpu: 1, maxmem: 256 << 20 };
      const options = { timeout: ANSWER_WITHIN_MS, interval: 500 };
      await expect.poll(row, options).toMatchObject(measured);
      await expect.poll(async () => Number((await row()).cpu), options).toBeGreaterThan(0);
      const { mem, uptime } = await row();
      expect(Number(mem)).toBeGreaterThan(16 << 20);
      expect(Number(uptime)).toBeGreaterThan(0);
      const kept = await api.call<unknown[]>("GET", `${vm}/rrddata`, { timeframe: "hour" });
      expect(kept.length).toBeGreaterThanOrEqual(60);
    },
    TIMEOUT_MS,
  );

  test(
    "a disk is plugged, grown and unplugged, and the guest sees it each time",
    async () => {
      await change({ scsi1: "local:1,serial=PLUGGED" });
      expect((await config()).scsi1).toMatch(/^local:500\/vm-500-disk-1/);
      await inGuest("echo size=$(cat /sys/block/sdb/size)", "size=2097152");
      expect(await api.task("PUT", `${vm}/resize`, { disk: "scsi1", size: "+1G" })).toBe("OK");
      await inGuest("echo 1 >/sys/block/sdb/device/rescan; echo size=$(cat /sys/block/sdb/size)", "size=4194304");
      await change({ delete: "scsi1" });
      await inGuest("test -e /sys/block/sdb || echo it is g''one", "it is gone");
      const after = await config();
      expect(after.scsi1).toBeUndefined();
      expect(after.unused0).toMatch(/^local:500\/vm-500-disk-1/);
      expect(await monitor("info block")).not.toContain("drive-scsi1");
    },
    TIMEOUT_MS,
  );

  test("a changed limit of a disk holds at once", async () => {
    const { scsi0 } = await config();
    await change({ scsi0: `${scsi0},mbps_rd=7` });
    expect(await monitor("info block")).toMatch(/bps_rd=7340032/);
  });

  test("the disk that it boots from stays", async () => {
    await expect(change({ delete: "scsi0" })).rejects.toMatchObject({
      errors: { scsi0: expect.stringContaining("can't unplug bootdisk 'scsi0'") },
    });
    expect((await config()).scsi0).toBeDefined();
    await change({ revert: "scsi0" });
  });

  test(
    "a card is plugged, its link cut and it is unplugged",
    async () => {
      await change({ net0: "virtio=BC:24:11:00:00:07,bridge=vmbr0" });
      await inGuest("cat /sys/class/net/eth0/address", "bc:24:11:00:00:07");
      await change({ net0: "virtio=BC:24:11:00:00:07,bridge=vmbr0,link_down=1" });
      await inGuest("ip link set eth0 up; echo carrier=$(cat /sys/class/net/eth0/carrier)", "carrier=0");
      await change({ delete: "net0" });
      await inGuest("test -e /sys/class/net/eth0 || echo card g''one", "card gone");
      expect(await monitor("info network")).not.toContain("net0");
    },
    TIMEOUT_MS,
  );

  test("a medium is put into the drive and taken out", async () => {
    const guest = await buildTestGuest(defaultCacheDir(process.env));
    await node.tool("qm", "set", String(VMID), "--ide2", `${guest.iso},media=cdrom`);
    expect(await monitor("info block")).toContain(guest.iso);
    await change({ ide2: "none,media=cdrom" });
    expect(await monitor("info block")).not.toContain(guest.iso);
  });

  test("what cannot be plugged waits for the next start", async () => {
    await change({ memory: 300 });
    const rows = await api.call<{ key: string; pending?: unknown }[]>("GET", `${vm}/pending`);
    expect(rows.find(({ key }) => key === "memory")).toMatchObject({ value: "256", pending: "300" });
  });

  test("it is held and goes on", async () => {
    const state = async (): Promise<string> =>
      (await api.call<{ qmpstatus: string }>("GET", `${vm}/status/current`)).qmpstatus;
    expect(await api.task("POST", `${vm}/status/suspend`)).toBe("OK");
    expect(await state()).toBe("paused");
    expect(await api.task("POST", `${vm}/status/resume`)).toBe("OK");
    expect(await state()).toBe("running");
  });

  test(
    "a reboot brings what waited, with a new process",
    async () => {
      const pid = async (): Promise<number> => (await api.call<{ pid: number }>("GET", `${vm}/status/current`)).pid;
      const before = await pid();
      expect(await api.task("POST", `${vm}/status/reboot`, { timeout: 30 })).toBe("OK");
      expect(await pid()).not.toBe(before);
      expect((await config()).memory).toBe("300");
      await inGuest("echo up $((40+2))", "up 42");
    },
    TIMEOUT_MS,
  );

  test(
    "it powers itself off and is stopped; the next start is a fresh one",
    async () => {
      // Quotes, since the line itself is echoed whether or not the guest has heard all of it.
      await inGuest("echo good b''ye; poweroff -f", "good bye");
      await untilStatus("stopped");
      expect(await api.task("POST", `${vm}/status/reboot`)).toBe(`VM ${VMID} not running`);
      expect(await api.task("POST", `${vm}/status/start`)).toBe("OK");
      await inGuest("echo up $((40+2))", "up 42");
      expect(await api.task("POST", `${vm}/status/start`)).toBe(`VM ${VMID} already running`);
    },
    TIMEOUT_MS,
  );

  test(
    "a guest that ignores the power button is stopped only when that was asked for",
    async () => {
      await inGuest("killall acpid; echo deaf $((1+1))", "deaf 2");
      const refused = await api.task("POST", `${vm}/status/shutdown`, { timeout: 1 });
      expect(refused).toBe("VM quit/powerdown failed - got timeout");
      await untilStatus("running");
      expect(await api.task("POST", `${vm}/status/shutdown`, { timeout: 1, forceStop: 1 })).toMatch(/^(?:OK|WARNINGS)/);
      await untilStatus("stopped");
    },
    TIMEOUT_MS,
  );
});
