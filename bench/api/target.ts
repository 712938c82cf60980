/** The node that is measured: a real one, started for the run in a directory of its own, with one virtual machine. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const QUORATE = new URL("../../quorate", import.meta.url).pathname;
const START_MS = 120_000;
const VMID = 100;

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly cookie: string;
  readonly configPath: string;
  stop(): Promise<void>;
}

export interface Reply {
  readonly status: number;
  readonly body: string;
}

/** One request, without keep-alive. */
export function ask(
  { host, port }: Pick<Target, "host" | "port">,
  verb: string,
  path: string,
  { headers = {}, form }: { headers?: Record<string, string>; form?: Record<string, string> } = {},
): Promise<Reply> {
  const body = form === undefined ? undefined : new URLSearchParams(form).toString();
  const type =
    body === undefined
      ? {}
      : { "Content-Type": "application/x-www-form-urlencoded", "Content-Length": Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host,
        port,
        path,
        method: verb,
        headers: { ...type, ...headers },
        rejectUnauthorized: false,
        agent: false,
        timeout: 30_000,
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
      },
    );
    call.on("error", reject);
    call.on("timeout", () => call.destroy(new Error(`no answer to ${verb} ${path}`)));
    call.end(body);
  });
}

export async function startTarget(): Promise<Target> {
  const root = await mkdtemp(join(tmpdir(), "quorate-bench-"));
  const stop = async (): Promise<void> => {
    await run(QUORATE, ["down", "--root", root], { timeout: START_MS });
    await rm(root, { recursive: true, force: true });
  };
  try {
    const { stdout } = await run(QUORATE, ["up", "--root", root, "--detach", "--json"], { timeout: START_MS });
    const started = JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}") as Record<string, unknown>;
    const where = { host: "127.0.0.1", port: Number(started.port) };
    const login = { username: String(started.username), password: String(started.password) };
    const ticket = JSON.parse((await ask(where, "POST", "/api2/json/access/ticket", { form: login })).body) as {
      data: { ticket: string; CSRFPreventionToken: string };
    };
    const cookie = `PVEAuthCookie=${encodeURIComponent(ticket.data.ticket)}`;
    const headers = { Cookie: cookie, CSRFPreventionToken: ticket.data.CSRFPreventionToken };
    const nodes = JSON.parse((await ask(where, "GET", "/api2/json/nodes", { headers })).body) as {
      data: { node: string }[];
    };
    const base = `/api2/json/nodes/${nodes.data[0]?.node}/qemu`;
    const form = {
      vmid: String(VMID),
      name: "bench",
      memory: "2048",
      cores: "2",
      scsi0: "local:1",
      net0: "virtio,bridge=vmbr0",
      ostype: "l26",
    };
    const created = await ask(where, "POST", base, { headers, form });
    if (created.status !== 200) throw new Error(`cannot create a VM to measure: ${created.body}`);
    await waitForConfig(where, headers, `${base}/${VMID}/config`);
    return { ...where, cookie, configPath: `${base}/${VMID}/config`, stop };
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
}

/** The VM is made by a task. */
async function waitForConfig(
  where: { host: string; port: number },
  headers: Record<string, string>,
  path: string,
): Promise<void> {
  const untilMs = Date.now() + START_MS;
  for (;;) {
    const { status, body } = await ask(where, "GET", path, { headers });
    if (status === 200 && body.includes('"scsi0"') && !body.includes('"lock"')) return;
    if (Date.now() > untilMs) throw new Error(`the VM to measure did not come into being: ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
