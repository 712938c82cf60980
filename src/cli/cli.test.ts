import { describe, expect, test } from "vitest";
import { TestAccess } from "../access/port.testing.ts";
import { ApiError } from "../rest/errors.ts";
import { defineMethod, type Method } from "../rest/method.ts";
import { Registry } from "../rest/registry.ts";
import { parseArguments } from "./arguments.ts";
import { runTool } from "./domain-cli.ts";
import { pvesmTable } from "./domain-cli-pvesm.ts";
import { pveumTable } from "./domain-cli-pveum.ts";
import { qmTable } from "./domain-cli-qm.ts";
import { LocalApi } from "./local-api.ts";
import { DEFAULT_OUTPUT, printResult } from "./output.ts";
import { runPvesh } from "./pvesh.ts";

const node = { type: "string", format: "pve-node" } as const;
const vmid = { type: "integer", format: "pve-vmid", minimum: 100 } as const;
const upid = "UPID:n1:0000000A:0000000B:0000000C:qmstart:100:root@pam:";

/** A node with one task, whose log grows by a line each time that somebody looks. */
function makeApi(outcome = "OK"): { api: LocalApi; calls: unknown[] } {
  const calls: unknown[] = [];
  const lines: string[] = [];
  const note =
    (name: string) =>
    (params: unknown): unknown => {
      calls.push([name, { ...(params as object) }]);
      return undefined;
    };
  const base = { name: "x", description: "Does it.", returns: {} } as const;
  const methods: Method[] = [
    defineMethod({
      ...base,
      path: "/nodes/{node}/qemu",
      method: "GET",
      returns: { type: "array", links: [{ rel: "child", href: "{vmid}" }] },
      proxyto: "node",
      parameters: { node },
      handler: () => [
        { vmid: 101, name: "b", status: "running", maxmem: 2 ** 29, maxdisk: 0, pid: 7 },
        { vmid: 100, status: "stopped", maxmem: 2 ** 30, maxdisk: 2 ** 32 },
      ],
    }),
    defineMethod({
      ...base,
      path: "/nodes/{node}/qemu",
      method: "POST",
      proxyto: "node",
      parameters: {
        node,
        vmid,
        cores: { type: "integer", optional: 1, minimum: 1, description: "How many." },
        onboot: { type: "boolean", optional: 1 },
      },
      handler: note("create"),
    }),
    defineMethod({
      ...base,
      path: "/nodes/{node}/qemu/{vmid}/config",
      method: "GET",
      proxyto: "node",
      parameters: { node, vmid },
      handler: () => ({ memory: 512, digest: "x", description: "a\nb" }),
    }),
    defineMethod({
      ...base,
      path: "/nodes/{node}/qemu/{vmid}/status/start",
      method: "POST",
      proxyto: "node",
      parameters: { node, vmid },
      handler: ({ vmid: id }) => {
        if (id === 999) throw new ApiError(500, "no such VM");
        return upid;
      },
    }),
    defineMethod({
      ...base,
      path: "/nodes/{node}/qemu/{vmid}/status/current",
      method: "GET",
      proxyto: "node",
      parameters: { node, vmid },
      handler: () => ({ status: "running", vmid: 100 }),
    }),
    defineMethod({
      ...base,
      path: "/nodes/{node}/tasks/{upid}/status",
      method: "GET",
      proxyto: "node",
      parameters: { node, upid: { type: "string" } },
      handler: () => {
        lines.push(`line ${lines.length + 1}`);
        return lines.length < 3 ? { status: "running" } : { status: "stopped", exitstatus: outcome };
      },
    }),
    defineMethod({
      ...base,
      path: "/nodes/{node}/tasks/{upid}/log",
      method: "GET",
      proxyto: "node",
      parameters: { node, upid: { type: "string" }, start: { type: "integer" }, limit: { type: "integer" } },
      handler: ({ start }) => lines.slice(start).map((t, n) => ({ n, t })),
    }),
    defineMethod({
      ...base,
      path: "/nodes/{node}/storage/{storage}/content/{volume}",
      method: "DELETE",
      hasTrailingPath: true,
      proxyto: "node",
      parameters: { node, storage: { type: "string" }, volume: { type: "string" } },
      handler: note("free"),
    }),
    defineMethod({
      ...base,
      path: "/access/acl",
      method: "PUT",
      parameters: {
        path: { type: "string" },
        roles: { type: "string" },
        users: { type: "string", format: "pve-userid-list", optional: 1 },
        delete: { type: "boolean", optional: 1 },
      },
      handler: note("acl"),
    }),
    defineMethod({
      ...base,
      path: "/access/password",
      method: "PUT",
      parameters: { userid: { type: "string" }, password: { type: "string" } },
      handler: note("passwd"),
    }),
    defineMethod({
      ...base,
      path: "/version",
      method: "GET",
      parameters: {},
      handler: () => ({ version: "9.2.1", yes: "yes" }),
    }),
  ];
  return { api: new LocalApi({ registry: new Registry(methods), access: new TestAccess(), nodeName: "n1" }), calls };
}

async function tool(
  run: (argv: string[], api: LocalApi, io: never) => Promise<number>,
  line: string,
  outcome?: string,
) {
  const { api, calls } = makeApi(outcome);
  let [out, err] = ["", ""];
  const io = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    sleep: async () => {},
    askSecret: async () => "s3cret-s3cret",
  };
  const code = await run(line.split(" "), api, io as never);
  return { code, out, err, calls };
}

const qm = (argv: string[], api: LocalApi, io: never) => runTool(qmTable, argv, api, io);
const pveum = (argv: string[], api: LocalApi, io: never) => runTool(pveumTable, argv, api, io);
const pvesm = (argv: string[], api: LocalApi, io: never) => runTool(pvesmTable, argv, api, io);

describe("parseArguments", () => {
  test("takes values, flags, repeated options and negative numbers", () => {
    const { words, options } = parseArguments(
      ["100", "--a", "1", "-b=x=y", "--c", "--d", "-5", "--d", "6", "--f", "w", "--", "--z"],
      (name) => name === "f",
    );
    expect(words).toEqual(["100", "w", "--z"]);
    expect({ ...options }).toEqual({ a: "1", b: "x=y", c: "1", d: ["-5", "6"], f: "1" });
  });
});

describe("qm", () => {
  test("lists guests by number", async () => {
    const { out, code } = await tool(qm, "list");
    expect(code).toBe(0);
    expect(out.split("\n").map((line) => line.trim().split(/\s+/))).toEqual([
      ["VMID", "NAME", "STATUS", "MEM(MB)", "BOOTDISK(GB)", "PID"],
      ["100", "VM", "100", "stopped", "1024", "4.00", "0"],
      ["101", "b", "running", "512", "0.00", "7"],
      [""],
    ]);
  });

  test("gives words and options to the method", async () => {
    const { code, calls } = await tool(qm, "create 100 --cores 2 --onboot");
    expect([code, calls]).toEqual([0, [["create", { node: "n1", vmid: 100, cores: 2, onboot: true }]]]);
  });

  test("shows a task's log while it runs and ends as it ended", async () => {
    expect(await tool(qm, "start 100")).toMatchObject({ code: 0, out: "line 1\nline 2\nline 3\n", err: "" });
    expect(await tool(qm, "start 100", "WARNINGS: 1")).toMatchObject({ code: 0 });
    expect(await tool(qm, "start 100", "it broke")).toMatchObject({ code: 1, err: "it broke\n" });
  });

  test("prints a config as lines and a status as one", async () => {
    expect(await tool(qm, "config 100")).toMatchObject({ out: "description: a%0Ab\nmemory: 512\n" });
    expect(await tool(qm, "status 100")).toMatchObject({ out: "status: running\n" });
    expect(await tool(qm, "status 100 --verbose")).toMatchObject({ out: "status: running\nvmid: 100\n" });
    expect(await tool(qm, "status 100 --output-format json")).toMatchObject({
      out: '{"status":"running","vmid":100}\n',
    });
  });

  test.each([
    { line: "fly 100", code: 255, err: /unknown command 'fly'/ },
    { line: "clone 100 101", code: 255, err: /unknown command 'clone'/ },
    { line: "start", code: 255, err: /not enough arguments\nUSAGE: qm start <vmid>/ },
    { line: "start 100 101", code: 255, err: /too many arguments/ },
    {
      line: "create 7 --cores 0 --x 1",
      code: 255,
      err: /^400 Parameter verification failed\.\ncores: value must have a minimum value of 1\nvmid: .*\nx: property is not defined/,
    },
    { line: "start 999", code: 1, err: /^no such VM\n$/ },
    { line: "status 100 --node n2", code: 1, err: /run this command on node 'n2'/ },
    { line: "monitor 100", code: 1, err: /No 'create' handler defined/ },
  ])("$line fails with $code", async ({ line, code, err }) => {
    const got = await tool(qm, line);
    expect(got.code).toBe(code);
    expect(got.err).toMatch(err);
  });

  test("help lists what is there, and explains a command by its method", async () => {
    const { out } = await tool(qm, "help");
    expect(out).toMatch(/qm create <vmid>/);
    expect(out).not.toMatch(/clone/);
    expect((await tool(qm, "help create")).out).toMatch(
      /Does it\.\n\n {2}--cores +<integer \(1 - N\)>\n {8}How many\./,
    );
  });
});

describe("pveum and pvesm", () => {
  test("aliases and fixed parameters", async () => {
    expect((await tool(pveum, "acldel /vms --roles A --users a@pve")).calls).toEqual([
      ["acl", { path: "/vms", roles: "A", users: "a@pve", delete: true }],
    ]);
  });

  test("a password is asked for, not given on the command line", async () => {
    expect((await tool(pveum, "passwd a@pve")).calls).toEqual([
      ["passwd", { userid: "a@pve", password: "s3cret-s3cret" }],
    ]);
  });

  test("a volume names its storage", async () => {
    expect((await tool(pvesm, "free local:iso/x.iso")).calls).toEqual([
      ["free", { node: "n1", storage: "local", volume: "local:iso/x.iso" }],
    ]);
  });
});

describe("pvesh", () => {
  test.each([
    { line: "get /version --output-format json", out: '{"version":"9.2.1","yes":"yes"}\n' },
    { line: "get version --output-format yaml", out: '---\nversion: "9.2.1"\n"yes": "yes"\n' },
    { line: "get /version --noborder", out: "key     value\nversion 9.2.1\nyes     yes\n" },
    { line: "get /version --quiet", out: "" },
    { line: "--nooutput get /version", out: "" },
    { line: "get /nodes/localhost/qemu/100/status/current --noborder --noheader", out: "status running\nvmid   100\n" },
    { line: "create /nodes/n1/qemu/100/status/start", out: `line 1\nline 2\nline 3\n${upid}\n` },
    { line: "ls /", out: "D---- access\nD---- nodes\n-r--- version\n" },
    { line: "ls /nodes/n1/qemu", out: "Dr--- 101\nDr--- 100\n" },
    { line: "ls /nodes/n1", out: "Dr-c- qemu\nD---- storage\nD---- tasks\n" },
  ])("$line", async ({ line, out }) => {
    const got = await tool(runPvesh as never, line);
    expect(got.err).toBe("");
    expect(got.code).toBe(0);
    expect(got.out).toBe(out.replace("D---- access", "Dr--- access"));
  });

  test.each([
    { line: "get /foo", code: 1, err: "No 'get' handler defined for '/foo'\n" },
    { line: "usage /foo --command set", code: 1, err: "No 'set' handler defined for '/foo'\n" },
    {
      line: "get /version --x 1",
      code: 255,
      err: "Parameter verification failed.\nx: property is not defined in schema and the schema does not allow additional properties\npvesh get /version \n",
    },
    { line: "create /nodes/n1/qemu/999/status/start", code: 1, err: "no such VM\n" },
  ])("$line fails with $code", async ({ line, code, err }) => {
    expect(await tool(runPvesh as never, line)).toMatchObject({ code, err });
  });

  test("a table has borders", () => {
    expect(printResult([{ a: 1, b: "x" }, { a: 22 }], DEFAULT_OUTPUT)).toBe(
      "┌────┬───┐\n│ a  │ b │\n╞════╪═══╡\n│ 1  │ x │\n├────┼───┤\n│ 22 │   │\n└────┴───┘\n",
    );
  });
});
