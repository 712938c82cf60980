import { describe, expect, test } from "vitest";
import { memoryClusterFs } from "../cfs/memory.ts";
import type { Guests } from "../guests/port.ts";
import { parseStartup, startGroups, stopGroups } from "./boot-order.ts";
import { guestBootTasks } from "./guest-boot.ts";

describe("parseStartup", () => {
  test.each([
    [undefined, { order: undefined, up: undefined, down: undefined }],
    ["3", { order: 3, up: undefined, down: undefined }],
    ["3,up=5", { order: 3, up: 5, down: undefined }],
    ["order=0,up=10,down=60", { order: 0, up: 10, down: 60 }],
    ["down=7", { order: undefined, up: undefined, down: 7 }],
  ])("%s", (text, want) => expect(parseStartup(text)).toEqual(want));
});

describe("the order of guests", () => {
  const guests = [
    { vmid: 105, startup: undefined },
    { vmid: 101, startup: "order=2" },
    { vmid: 103, startup: "order=1" },
    { vmid: 104, startup: undefined },
    { vmid: 102, startup: "order=1" },
  ].map((guest) => ({ ...guest, onboot: true, template: false }));
  const ids = (groups: readonly (readonly { vmid: number }[])[]): number[][] =>
    groups.map((group) => group.map(({ vmid }) => vmid));

  test("they start by order, then by id, those without an order last", () => {
    expect(ids(startGroups(guests))).toEqual([[102, 103], [101], [104, 105]]);
  });

  test("they stop the other way round", () => {
    expect(ids(stopGroups(guests))).toEqual([[105, 104], [101], [103, 102]]);
  });

  test("no guests, no groups", () => expect(startGroups([])).toEqual([]));
});

describe("startall and stopall", () => {
  interface Fake {
    readonly vmid: number;
    readonly config: string;
    readonly isRunning?: boolean;
  }
  /** Guests that only say what was asked of them; `failing` does not start. */
  async function run(type: "startall" | "stopall", list: readonly Fake[], args: object = {}, failing = 0, more = {}) {
    const cfs = memoryClusterFs({
      nodeName: "n1",
      files: {
        ...Object.fromEntries(list.map(({ vmid, config }) => [`qemu-server/${vmid}.conf`, `${config}\n`])),
        ...more,
      },
    });
    const done: string[] = [];
    let atWork = 0;
    let mostAtWork = 0;
    const work = async (text: string): Promise<void> => {
      atWork += 1;
      mostAtWork = Math.max(mostAtWork, atWork);
      done.push(text);
      await new Promise((resolve) => setImmediate(resolve));
      atWork -= 1;
    };
    const guests = {
      status: async () =>
        list.map(({ vmid, config, isRunning }) => ({
          vmid,
          type: "qemu",
          status: isRunning ? "running" : "stopped",
          template: config.includes("template: 1"),
        })),
      start: async (vmid: number) => {
        await work(`start ${vmid}`);
        if (vmid === failing) throw new Error("no memory");
      },
      shutdown: (vmid: number, { timeoutMs, forceStop }: { timeoutMs: number; forceStop: boolean }) =>
        work(`stop ${vmid} ${timeoutMs} ${forceStop}`),
    } as unknown as Guests;
    const lines: string[] = [];
    const table = guestBootTasks({ cfs, guests, maxWorkers: async () => 2 });
    const task = {
      upid: "",
      authid: "root@pam",
      log: (line: string) => lines.push(line),
      warn: (line: string) => lines.push(`WARN: ${line}`),
      signal: new AbortController().signal,
    };
    await table[type]?.(args as never, task);
    return { done, lines, mostAtWork };
  }
  const NOW = "startup: up=0";

  test("only guests that start at boot start, no templates, none that run already", async () => {
    const { done, lines } = await run("startall", [
      { vmid: 100, config: `onboot: 1\n${NOW}` },
      { vmid: 101, config: NOW },
      { vmid: 102, config: `onboot: 1\n${NOW}`, isRunning: true },
      { vmid: 103, config: `onboot: 1\ntemplate: 1\n${NOW}` },
    ]);
    expect(done).toEqual(["start 100"]);
    expect(lines).toEqual(["Starting VM 100", "Waiting for 0 seconds (startup delay)"]);
  });

  test("force takes the others too, a list only narrows", async () => {
    const list = [
      { vmid: 100, config: NOW },
      { vmid: 101, config: NOW },
      { vmid: 102, config: `onboot: 1\n${NOW}` },
      { vmid: 103, config: `onboot: 1\n${NOW}` },
    ];
    expect((await run("startall", list, { vmids: [101, 102] })).done).toEqual(["start 102"]);
    expect((await run("startall", list, { vmids: [101], force: true })).done).toEqual(["start 101"]);
    expect((await run("startall", list.slice(0, 2), { force: true })).done).toEqual(["start 100", "start 101"]);
  });

  test("the node's delay comes before the first guest, but not before guests that somebody names", async () => {
    const list = [{ vmid: 100, config: `onboot: 1\n${NOW}` }];
    const files = { "nodes/n1/config": "startall-onboot-delay: 1\n" };
    const { lines } = await run("startall", list, {}, undefined, files);
    expect(lines[0]).toBe("Waiting for 1 seconds before the first guest");
    expect((await run("startall", list, { vmids: [100] }, undefined, files)).lines[0]).toBe("Starting VM 100");
  });

  test("a guest that does not start is a warning, and the next one starts", async () => {
    const list = [
      { vmid: 100, config: `onboot: 1\n${NOW}` },
      { vmid: 101, config: `onboot: 1\n${NOW}` },
    ];
    const { done, lines } = await run("startall", list, { maxWorkers: 1 }, 100);
    expect(done).toEqual(["start 100", "start 101"]);
    expect(lines).toContain("WARN: Starting VM 100 failed: no memory");
  });

  test("a later group begins when the one before is through, no more than allowed at a time", async () => {
    const config = (order: number): string => `onboot: 1\nstartup: order=${order},up=0`;
    const list = [4, 3, 2, 1].map((n) => ({ vmid: 100 + n, config: config(n < 4 ? 1 : 2) }));
    const { done, mostAtWork } = await run("startall", list);
    expect(done).toEqual(["start 101", "start 102", "start 103", "start 104"]);
    expect(mostAtWork).toBe(2);
  });

  test("all running guests stop, each within its own time", async () => {
    const list = [
      { vmid: 100, config: "startup: order=1,down=30", isRunning: true },
      { vmid: 101, config: "name: x", isRunning: true },
      { vmid: 102, config: "name: y" },
    ];
    const { done, lines } = await run("stopall", list, { forceStop: false });
    expect(done).toEqual(["stop 101 180000 false", "stop 100 30000 false"]);
    expect(lines).toEqual([
      "Stopping VM 101 (timeout = 180 seconds)",
      "Stopping VM 100 (timeout = 30 seconds)",
      "all VMs and CTs stopped",
    ]);
    expect((await run("stopall", list, { timeoutS: 5 })).done).toEqual(["stop 101 5000 true", "stop 100 30000 true"]);
  });
});
