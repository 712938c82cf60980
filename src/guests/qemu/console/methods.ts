/** `vncproxy`, `termproxy` and `vncwebsocket` of VMs, `termproxy` and `vncwebsocket` of the node. */
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { AccessControl } from "../../../access/port.ts";
import type { ClusterFs } from "../../../cfs/port.ts";
import type { Layout } from "../../../os/layout.ts";
import { ApiError, notBuilt, parameterError } from "../../../rest/errors.ts";
import { type CallContext, defineMethod, type Method } from "../../../rest/method.ts";
import type { Json, Tasks } from "../../../tasks/port.ts";
import { callerOf } from "../api/config-methods.ts";
import { node, vmid } from "../api/parameters.ts";
import type { VmConfig } from "../config.ts";
import type { VmConfigs } from "../config-store.ts";
import type { VmProcesses } from "../run/vm-process.ts";
import { vga as vgaProperties } from "../schema/devices.ts";
import { readProperties } from "../values.ts";
import { reserveConsolePort } from "./one-client.ts";
import type { TerminalArgs, VncArgs } from "./tasks.ts";

export interface ConsoleMethodDeps {
  readonly layout: Layout;
  readonly tasks: Tasks;
  readonly configs: VmConfigs;
  readonly processes: VmProcesses;
  readonly access: AccessControl;
  readonly cfs: ClusterFs;
}

const CONSOLE = { check: ["perm", "/vms/{vmid}", ["VM.Console"]] } as const;
const SHELL = { check: ["perm", "/nodes/{node}", ["Sys.Console"]] } as const;
/** A VNC password has eight characters. */
const VNC_PASSWORD_BYTES = 6;
const CONNECT_TIMEOUT_MS = 8_000;
const CONNECT_RETRY_MS = 20;

const port = { type: "integer", minimum: 5900, maximum: 5999, description: "Port of the proxy." } as const;
const vncticket = { type: "string", maxLength: 512, description: "Ticket of the proxy." } as const;
const TERMINAL_RESULT = {
  additionalProperties: 0,
  properties: {
    port: { type: "integer" },
    ticket: { type: "string" },
    upid: { type: "string" },
    user: { type: "string" },
  },
} as const;

interface Begun {
  readonly user: string;
  readonly ticket: string;
  readonly port: string;
  readonly upid: string;
}

export function consoleMethods(deps: ConsoleMethodDeps): Method[] {
  return [...vmMethods(deps), ...nodeShellMethods(deps)];
}

function vmMethods(deps: ConsoleMethodDeps): Method[] {
  const { configs, processes, access, cfs } = deps;
  const requireRunning = async (id: number): Promise<void> => {
    await configs.load(id);
    if ((await processes.find(id)) === undefined) throw new ApiError(500, `VM ${id} not running`);
  };
  return [
    defineMethod({
      path: "/nodes/{node}/qemu/{vmid}/vncproxy",
      method: "POST",
      name: "vncproxy",
      description: "Open a VM's screen for one client.",
      protected: 1,
      permissions: CONSOLE,
      parameters: {
        node,
        vmid,
        websocket: { type: "boolean", optional: 1, description: "The client comes by WebSocket." },
        "generate-password": {
          type: "boolean",
          default: 0,
          optional: 1,
          description: "A password of its own instead of the ticket.",
        },
      },
      returns: {
        additionalProperties: 0,
        properties: {
          ...TERMINAL_RESULT.properties,
          cert: { type: "string" },
          password: { type: "string", optional: 1 },
        },
      },
      async handler(params, call) {
        await requireRunning(params.vmid);
        // `websocket` needs nothing: the screen's stream is the same for every client.
        requireScreen((await configs.load(params.vmid)).current);
        const generated =
          params["generate-password"] === true ? randomBytes(VNC_PASSWORD_BYTES).toString("base64url") : undefined;
        const begun = await begin(
          deps,
          call,
          `/vms/${params.vmid}`,
          "vncproxy",
          String(params.vmid),
          (number, ticket) => {
            const args: VncArgs = { vmid: params.vmid, port: number, password: generated ?? ticket.slice(0, 8) };
            return { ...args };
          },
        );
        const cert = await cfs.read(`nodes/${params.node}/pve-ssl.pem`);
        return {
          ...begun,
          cert: cert?.data.toString("utf8") ?? "",
          ...(generated === undefined ? {} : { password: generated }),
        };
      },
    }),
    defineMethod({
      path: "/nodes/{node}/qemu/{vmid}/termproxy",
      method: "POST",
      name: "termproxy",
      description: "Open a VM's serial port for one client.",
      protected: 1,
      permissions: CONSOLE,
      parameters: {
        node,
        vmid,
        serial: {
          type: "string",
          enum: ["serial0", "serial1", "serial2", "serial3"],
          optional: 1,
          description: "Which port.",
        },
      },
      returns: TERMINAL_RESULT,
      async handler(params, call) {
        const { current } = await configs.load(params.vmid);
        const serial =
          params.serial ?? ["serial0", "serial1", "serial2", "serial3"].find((key) => current[key] !== undefined);
        if (serial === undefined || current[serial] === undefined) {
          throw parameterError({ serial: "the VM has no such serial port" });
        }
        await requireRunning(params.vmid);
        const path = `/vms/${params.vmid}`;
        return await begin(deps, call, path, "vncproxy", String(params.vmid), (number) => {
          const args: TerminalArgs = { port: number, path, vmid: params.vmid, serial };
          return { ...args };
        });
      },
    }),
    defineMethod({
      path: "/nodes/{node}/qemu/{vmid}/vncwebsocket",
      method: "GET",
      name: "vncwebsocket",
      description: "The WebSocket to an opened console.",
      permissions: { ...CONSOLE, extra_checks_in_code: {} },
      parameters: { node, vmid, port, vncticket },
      returns: { type: "object", properties: { port: { type: "string" } } },
      websocket: (params, call) => connectConsole(access, call, `/vms/${params.vmid}`, params.port, params.vncticket),
    }),
  ];
}

/** @throws ApiError for a VM that shows nothing, or shows it on a serial port. */
export function requireScreen({ vga }: VmConfig): void {
  const { type } = vga === undefined ? {} : readProperties("vga", vgaProperties, vga);
  if (type === "none") throw new ApiError(500, "the VM has no screen (vga: none)");
  if (/^serial\d$/.test(String(type))) throw notBuilt(`the screen of a VM with 'vga: ${type}' (use termproxy)`);
}

function nodeShellMethods(deps: ConsoleMethodDeps): Method[] {
  return [
    defineMethod({
      path: "/nodes/{node}/termproxy",
      method: "POST",
      name: "termproxy",
      description: "Open a shell of the node for one client.",
      protected: 1,
      permissions: SHELL,
      parameters: {
        node,
        cmd: {
          type: "string",
          enum: ["ceph_install", "login", "upgrade"],
          default: "login",
          optional: 1,
          description: "What runs.",
        },
        "cmd-opts": { type: "string", default: "", optional: 1, requires: "cmd", description: "Options of it." },
      },
      returns: TERMINAL_RESULT,
      async handler(params, call) {
        if (params.cmd !== undefined && params.cmd !== "login") throw notBuilt(`a shell for '${params.cmd}'`);
        if (params["cmd-opts"]) throw parameterError({ "cmd-opts": "'login' takes no options" });
        // Where the daemon is not root's, its shell is its owner's: for those who may change the node anyway.
        if (process.getuid?.() !== 0) call.check("/", ["Sys.Modify"]);
        const path = `/nodes/${params.node}`;
        return await begin(deps, call, path, "vncshell", "", (number) => {
          const args: TerminalArgs = { port: number, path, shellOf: callerOf(call) };
          return { ...args };
        });
      },
    }),
    defineMethod({
      path: "/nodes/{node}/vncwebsocket",
      method: "GET",
      name: "vncwebsocket",
      description: "The WebSocket to an opened shell.",
      permissions: { ...SHELL, extra_checks_in_code: {} },
      parameters: { node, port, vncticket },
      returns: { type: "object", properties: { port: { type: "string" } } },
      websocket: (params, call) =>
        connectConsole(deps.access, call, `/nodes/${params.node}`, params.port, params.vncticket),
    }),
  ];
}

async function begin(
  { tasks, access }: ConsoleMethodDeps,
  call: CallContext,
  path: string,
  type: string,
  id: string,
  argsFor: (port: number, ticket: string) => Json,
): Promise<Begun> {
  const user = callerOf(call);
  const port = await reserveConsolePort();
  try {
    const ticket = await access.issueConsoleTicket(user, path, port.number);
    const upid = await tasks.start({ type, id, authid: user, args: argsFor(port.number, ticket) });
    return { user, ticket, port: String(port.number), upid };
  } catch (error) {
    port.release();
    throw error;
  }
}

/** The proxy listens a moment after its task was named, hence the retries. */
async function connectConsole(
  access: AccessControl,
  call: CallContext,
  path: string,
  number: number,
  ticket: string,
): Promise<Socket> {
  if (!(await access.verifyConsoleTicket(ticket, callerOf(call), path, number))) {
    throw new ApiError(401, "permission denied - invalid PVEVNC ticket");
  }
  const deadline = performance.now() + CONNECT_TIMEOUT_MS;
  for (;;) {
    const socket = await tryConnect(number);
    if (socket instanceof Error) {
      if (performance.now() > deadline)
        throw new ApiError(500, `no console listens on port ${number}: ${socket.message}`);
      await sleep(CONNECT_RETRY_MS);
    } else {
      return socket;
    }
  }
}

function tryConnect(number: number): Promise<Socket | Error> {
  return new Promise((resolve) => {
    const socket = connect(number, "127.0.0.1");
    socket.once("error", resolve);
    socket.once("connect", () => {
      socket.off("error", resolve);
      resolve(socket);
    });
  });
}
