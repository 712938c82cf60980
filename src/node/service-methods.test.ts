import { describe, expect, test } from "vitest";
import { makeWorld, type Reply } from "../access/access-world.testing.ts";
import type { TaskSpec } from "../tasks/port.ts";
import { parseProperties, ServiceControl, type ServiceControlDeps } from "./service-control.ts";
import { serviceRow, unitRow } from "./service-facts.ts";
import { serviceMethods } from "./service-methods.ts";
import { serviceTasks } from "./service-tasks.ts";

type Request = Parameters<ServiceControlDeps["askSupervisor"]>[0];

/** A supervisor that keeps states and notes what it is asked. */
function supervisor(states: Record<string, string>): { control: ServiceControl; asked: Request[] } {
  const asked: Request[] = [];
  const control = new ServiceControl({
    hasMachineUnits: false,
    async askSupervisor(request) {
      asked.push(request);
      return { daemons: Object.entries(states).map(([name, state]) => ({ name, state })) };
    },
  });
  return { control, asked };
}

const started: TaskSpec[] = [];
const tasks = {
  async start(spec: TaskSpec): Promise<string> {
    started.push(spec);
    return "UPID:n1:00000001:00000001:00000001:x:y:root@pam:";
  },
};

async function call(control: ServiceControl, verb: string, path: string): Promise<Reply> {
  const world = makeWorld({ otherMethods: serviceMethods({ control, tasks }) });
  try {
    return await world.call(verb, `/nodes/n1/services${path}`);
  } finally {
    world.close();
  }
}

describe("the state of services", () => {
  test("is that of the supervisor's daemons, by the services' names", async () => {
    const { control } = supervisor({ pmxcfs: "running", pvestatd: "backing-off" });
    const { data } = await call(control, "GET", "");
    expect(data).toHaveLength(23);
    expect(data).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ service: "pve-cluster", state: "running", "active-state": "active" }),
        expect.objectContaining({ service: "pvestatd", state: "auto-restart", "active-state": "activating" }),
        expect.objectContaining({ service: "spiceproxy", state: "dead", "unit-state": "not-found" }),
      ]),
    );
  });

  test("of one is told alone", async () => {
    const { control } = supervisor({ pvedaemon: "running" });
    expect((await call(control, "GET", "/pvedaemon/state")).data).toMatchObject({
      name: "pvedaemon",
      state: "running",
    });
    expect((await call(control, "GET", "/nonsense/state")).status).toBe(400);
  });

  test.each([
    ["running", "running", "active"],
    ["starting", "start", "activating"],
    ["failed", "failed", "failed"],
    ["stopped", "dead", "inactive"],
  ])("a daemon that is %s reads as %s, %s", (state, sub, active) => {
    expect(serviceRow("pvestatd", state)).toMatchObject({
      state: sub,
      "active-state": active,
      "unit-state": "enabled",
    });
  });

  test("of the machine's units is what systemd says", () => {
    const text = "LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\nDescription=a=b\n";
    expect(unitRow("cron", parseProperties(text))).toEqual({
      service: "cron",
      name: "cron",
      desc: "a=b",
      state: "running",
      "active-state": "active",
      "unit-state": "enabled",
    });
    const missing = unitRow(
      "cron",
      parseProperties("LoadState=not-found\nActiveState=inactive\nSubState=dead\nUnitFileState=\n"),
    );
    expect(missing).toMatchObject({ "unit-state": "not-found", state: "dead" });
  });
});

describe("acting on services", () => {
  test.each([
    ["start", "start-daemon"],
    ["stop", "stop-daemon"],
    ["restart", "restart-daemon"],
    ["reload", "restart-daemon"],
  ] as const)("%s is a task that asks for %s", async (action, command) => {
    started.length = 0;
    const { control, asked } = supervisor({ pvestatd: "running" });
    expect((await call(control, "POST", `/pvestatd/${action}`)).data).toMatch(/^UPID:/);
    expect(started).toEqual([
      { type: `srv${action}`, id: "pvestatd", authid: "root@pam", args: { service: "pvestatd" } },
    ]);
    const task = { upid: "", authid: "", log() {}, warn() {}, signal: new AbortController().signal };
    await serviceTasks({ control })[`srv${action}`]?.({ service: "pvestatd" } as never, task);
    expect(asked.at(-1)).toEqual({ command, daemon: "pvestatd" });
  });

  test.each(["pveproxy", "pvedaemon", "pve-cluster"])("%s is not stopped", async (service) => {
    started.length = 0;
    const reply = await call(supervisor({}).control, "POST", `/${service}/stop`);
    expect(reply).toMatchObject({
      status: 500,
      reason: `invalid service cmd '${service} stop': refusing to stop essential service!`,
    });
    expect(started).toEqual([]);
  });

  test("what does not exist here is said so", async () => {
    const { control } = supervisor({});
    await expect(control.act("spiceproxy", "start", () => {})).rejects.toThrow("'spiceproxy' does not exist");
  });
});
