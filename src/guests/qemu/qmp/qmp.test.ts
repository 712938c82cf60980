import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findProgram } from "../../../os/find-program.ts";
import { agentCommand } from "./agent.ts";
import { JsonConnection } from "./connection.ts";
import { QmpClosedError, QmpCommandError, QmpTimeoutError } from "./errors.ts";
import { JsonLines } from "./json-lines.ts";
import { commandTimeoutMs } from "./limits.ts";
import { qmpCommand, withQmp } from "./monitor.ts";

const HAS_QEMU = findProgram("qemu-system-x86_64") !== undefined;

describe("JsonLines", () => {
  test("values survive any division of the stream into chunks", () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { maxLength: 8 }),
        fc.array(fc.nat(40), { maxLength: 30 }),
        (values, cuts) => {
          const bytes = Buffer.from(values.map((value) => `${JSON.stringify(value)}\r\n`).join(""));
          const lines = new JsonLines();
          const got: unknown[] = [];
          let at = 0;
          for (const size of cuts) {
            got.push(...lines.push(bytes.subarray(at, at + size)));
            at += size;
          }
          got.push(...lines.push(bytes.subarray(at)));
          expect(JSON.stringify(got)).toBe(JSON.stringify(values));
        },
      ),
    );
  });

  test("what precedes the agent's delimiter is dropped", () => {
    const lines = new JsonLines();
    expect(lines.push(Buffer.from('{"return": "of a former cl'))).toEqual([]);
    expect(lines.push(Buffer.concat([Buffer.from([0xff]), Buffer.from('{"return":7}\n')]))).toEqual([{ return: 7 }]);
  });

  test("a line without end is refused at its limit", () => {
    const lines = new JsonLines(10);
    lines.push(Buffer.from("123456789"));
    expect(() => lines.push(Buffer.from("01"))).toThrow(RangeError);
  });
});

test("slow commands have longer limits than the default", () => {
  expect(commandTimeoutMs("query-status")).toBe(5_000);
  expect(commandTimeoutMs("device_del")).toBe(60_000);
  expect(commandTimeoutMs("guest-fsfreeze-freeze")).toBe(3_600_000);
});

describe.skipIf(!HAS_QEMU)("a QEMU process (skipped without the package qemu-system-x86)", () => {
  let dir: string;
  let path: string;
  let qemu: ChildProcess;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "quorate-qmp-"));
    path = join(dir, "vm.qmp");
    const monitor = ["-chardev", `socket,id=qmp,path=${path},server=on,wait=off`, "-mon", "chardev=qmp,mode=control"];
    const machine = ["-M", "none", "-nodefaults", "-display", "none", "-S"];
    qemu = spawn("qemu-system-x86_64", [...machine, ...monitor], { stdio: "ignore" });
    await untilListening(path);
  });
  afterAll(async () => {
    qemu.kill("SIGKILL");
    await rm(dir, { recursive: true, force: true });
  });

  test("answers a command", async () => {
    expect(await qmpCommand({ path, peer: "VM 100" }, "query-status")).toMatchObject({ status: "prelaunch" });
  });

  test("an unknown command is an error with QEMU's class and text", async () => {
    const error = await qmpCommand({ path, peer: "VM 100" }, "no-such").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(QmpCommandError);
    expect(error).toMatchObject({ errorClass: "CommandNotFound", command: "no-such" });
    expect(String(error)).toContain("VM 100 qmp command 'no-such' failed - The command no-such has not been found");
  });

  test("events reach the session that waits for them", async () => {
    const event = await withQmp({ path, peer: "VM 100" }, async (qmp) => {
      const resumed = qmp.nextEvent("RESUME", { timeoutMs: 5_000 }, ({ event }) => event === "RESUME");
      await qmp.execute("cont");
      return resumed;
    });
    expect(event.event).toBe("RESUME");
  });

  test("the human monitor's text comes back", async () => {
    const text = await withQmp({ path, peer: "VM 100" }, (qmp) => qmp.human("info version"));
    expect(text).toMatch(/^\d+\.\d+/);
  });

  test("a second session waits for the first one's end, within its limit", async () => {
    const second = await withQmp({ path, peer: "VM 100" }, () =>
      qmpCommand({ path, peer: "VM 100", connectTimeoutMs: 100 }, "query-status").catch((thrown: unknown) => thrown),
    );
    expect(second).toBeInstanceOf(QmpTimeoutError);
    expect(await qmpCommand({ path, peer: "VM 100" }, "query-status")).toBeDefined();
  });

  test("an abort ends the wait", async () => {
    const stop = new AbortController();
    const waiting = withQmp({ path, peer: "VM 100", signal: stop.signal }, (qmp) => {
      const never = qmp.nextEvent("STOP", { timeoutMs: 60_000 }, () => false);
      stop.abort();
      return never;
    });
    await expect(waiting).rejects.toThrow("interrupted");
  });

  test("a command under way when the process dies fails as closed", async () => {
    const dying = withQmp({ path, peer: "VM 100" }, (qmp) => {
      const never = qmp.nextEvent("STOP", { timeoutMs: 60_000 }, () => false);
      qemu.kill("SIGKILL");
      return never;
    });
    await expect(dying).rejects.toBeInstanceOf(QmpClosedError);
    await expect(qmpCommand({ path, peer: "VM 100" }, "query-status")).rejects.toBeInstanceOf(QmpClosedError);
  });
});

describe("a peer that misbehaves", () => {
  let dir: string;
  let server: Server;
  const answers = new Map<string, string>();

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "quorate-qmp-"));
    server = createServer((socket: Socket) => {
      socket.on("error", () => {}); // The client leaves in the middle on purpose.
      socket.on("data", (chunk) => {
        const {
          execute,
          id,
          arguments: args,
        } = JSON.parse(chunk.toString()) as {
          execute: string;
          id: string;
          arguments?: { id?: number };
        };
        socket.write((answers.get(execute) ?? "").replaceAll("$id", id).replaceAll("$sync", String(args?.id)));
      });
    });
    await new Promise<void>((resolve) => server.listen(join(dir, "s"), resolve));
  });
  afterAll(async () => {
    server.close();
    await rm(dir, { recursive: true, force: true });
  });

  const cases = [
    { name: "silence ends at the limit", answer: "", want: QmpTimeoutError },
    {
      name: "an answer to somebody else does not count",
      answer: '{"return":{},"id":"other"}\n',
      want: QmpTimeoutError,
    },
    { name: "a line that is no JSON ends the connection", answer: "so what\n", want: QmpClosedError },
  ];
  test.each(cases)("$name", async ({ answer, want }) => {
    answers.set("probe", answer);
    const connection = await JsonConnection.open({ path: join(dir, "s"), peer: "VM 1", timeoutMs: 1_000 });
    await expect(connection.execute("probe", {}, { timeoutMs: 100 })).rejects.toBeInstanceOf(want);
    connection.close();
  });

  test("a command after the peer has gone fails at once", async () => {
    const connection = await JsonConnection.open({ path: join(dir, "s"), peer: "VM 1", timeoutMs: 1_000 });
    answers.set("probe", "so what\n");
    // The first finds out, the second may still see the end coming, the third comes after it.
    for (const limits of [{}, { timeoutMs: 1_000 }, { timeoutMs: 1_000 }])
      await expect(connection.execute("probe", {}, limits)).rejects.toBeInstanceOf(QmpClosedError);
  });

  test("an agent that has only the answer to somebody else is not spoken to", async () => {
    answers.set("guest-sync", '{"return":1}\n');
    answers.set("guest-ping", '{"return":{},"id":"$id"}\n');
    const agent = { path: join(dir, "s"), peer: "agent of VM 1", syncTimeoutMs: 100 };
    await expect(agentCommand(agent, "guest-ping")).rejects.toBeInstanceOf(QmpTimeoutError);
  });

  test("what an agent still has for somebody else is passed over", async () => {
    answers.set("guest-sync", '{"return":1}\n{"return":$sync}\n');
    answers.set("guest-ping", '{"return":"pong","id":"$id"}\n');
    expect(await agentCommand({ path: join(dir, "s"), peer: "agent of VM 1" }, "guest-ping")).toBe("pong");
  });

  test("a late answer is not taken for the next command's", async () => {
    answers.set("slow", "");
    answers.set("next", '{"return":"late","id":"quorate-1"}\n{"return":"right","id":"$id"}\n');
    const connection = await JsonConnection.open({ path: join(dir, "s"), peer: "VM 1", timeoutMs: 1_000 });
    await expect(connection.execute("slow", {}, { timeoutMs: 50 })).rejects.toBeInstanceOf(QmpTimeoutError);
    expect(await connection.execute("next", {}, { timeoutMs: 1_000 })).toBe("right");
    connection.close();
  });
});

async function untilListening(path: string): Promise<void> {
  const end = performance.now() + 10_000;
  for (;;) {
    try {
      (await JsonConnection.open({ path, peer: "probe", timeoutMs: 1_000 })).close();
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
