/** `agent/…` of a VM: questions and orders to the program in the guest that answers for it. */
import { ApiError } from "../../../rest/errors.ts";
import { defineMethod, type Method } from "../../../rest/method.ts";
import { hasAgent } from "../builder/index.ts";
import type { VmConfigs } from "../config-store.ts";
import { agentCommand, QmpClosedError, QmpCommandError, QmpTimeoutError } from "../qmp/index.ts";
import type { VmProcesses } from "../run/vm-process.ts";
import { node, vmid } from "./parameters.ts";

export interface AgentMethodDeps {
  readonly configs: VmConfigs;
  readonly processes: VmProcesses;
}

const PATH = "/nodes/{node}/qemu/{vmid}/agent";
const ALL = "VM.GuestAgent.Unrestricted";
const AUDIT = ["VM.GuestAgent.Audit", ALL];
const FILE_SYSTEMS = ["VM.GuestAgent.FileSystemMgmt", ALL];
const POWER = ["VM.PowerMgmt", ALL];

interface Command {
  readonly name: string;
  readonly method: "GET" | "POST";
  /** One of these. */
  readonly privileges: readonly string[];
  readonly description: string;
  /** It ends the guest's work: success has no answer. */
  readonly isLast?: true;
}

const COMMANDS: readonly Command[] = [
  { name: "ping", method: "POST", privileges: AUDIT, description: "Ask whether the agent answers." },
  { name: "get-time", method: "GET", privileges: AUDIT, description: "The guest's clock." },
  { name: "info", method: "GET", privileges: AUDIT, description: "The agent's version and what it can do." },
  { name: "network-get-interfaces", method: "GET", privileges: AUDIT, description: "Interfaces and addresses." },
  { name: "get-vcpus", method: "GET", privileges: AUDIT, description: "Processors." },
  { name: "get-fsinfo", method: "GET", privileges: AUDIT, description: "Mounted file systems." },
  { name: "get-memory-blocks", method: "GET", privileges: AUDIT, description: "Blocks of memory." },
  { name: "get-memory-block-info", method: "GET", privileges: AUDIT, description: "Size of a block of memory." },
  { name: "get-host-name", method: "GET", privileges: AUDIT, description: "Host name." },
  { name: "get-osinfo", method: "GET", privileges: AUDIT, description: "Operating system." },
  { name: "get-users", method: "GET", privileges: AUDIT, description: "Who is logged in." },
  { name: "get-timezone", method: "GET", privileges: AUDIT, description: "Time zone." },
  {
    name: "fsfreeze-status",
    method: "POST",
    privileges: ["VM.GuestAgent.Audit", ...FILE_SYSTEMS],
    description: "Whether the file systems are frozen.",
  },
  { name: "fsfreeze-freeze", method: "POST", privileges: FILE_SYSTEMS, description: "Freeze the file systems." },
  { name: "fsfreeze-thaw", method: "POST", privileges: FILE_SYSTEMS, description: "Thaw the file systems." },
  { name: "fstrim", method: "POST", privileges: FILE_SYSTEMS, description: "Give back unused blocks." },
  { name: "suspend-disk", method: "POST", privileges: POWER, description: "Suspend to disk.", isLast: true },
  { name: "suspend-hybrid", method: "POST", privileges: POWER, description: "Suspend to both.", isLast: true },
  { name: "suspend-ram", method: "POST", privileges: POWER, description: "Suspend to memory.", isLast: true },
  { name: "shutdown", method: "POST", privileges: POWER, description: "Power off.", isLast: true },
];

/** How long an order may take that is not answered when it is carried out. */
const LAST_TIMEOUT_MS = 5_000;

export function agentMethods({ configs, processes }: AgentMethodDeps): Method[] {
  const run = async (id: number, { name, isLast }: Command): Promise<{ result: unknown }> => {
    const { current } = await configs.load(id);
    if ((await processes.find(id)) === undefined) throw new ApiError(500, `VM ${id} is not running`);
    if (!hasAgent(current)) throw new ApiError(500, "No QEMU guest agent configured");
    const agent = { path: processes.socket(id, "qga"), peer: `agent of VM ${id}` };
    try {
      await agentCommand(agent, "guest-ping");
    } catch (error) {
      if (!(error instanceof QmpTimeoutError || error instanceof QmpClosedError)) throw error;
      throw new ApiError(500, "QEMU guest agent is not running");
    }
    try {
      const limits = isLast ? { timeoutMs: LAST_TIMEOUT_MS } : {};
      return { result: await agentCommand(agent, `guest-${name}`, {}, limits) };
    } catch (error) {
      if (error instanceof QmpCommandError) throw new ApiError(500, error.message);
      if (isLast && (error instanceof QmpTimeoutError || error instanceof QmpClosedError)) return { result: {} };
      throw error;
    }
  };
  const byName = new Map(COMMANDS.map((command) => [command.name, command]));
  return [
    ...COMMANDS.map((command) =>
      defineMethod({
        path: `${PATH}/${command.name}`,
        method: command.method,
        name: command.name,
        description: command.description,
        protected: 1,
        proxyto: "node",
        permissions: { check: ["perm", "/vms/{vmid}", command.privileges, "any", 1] },
        parameters: { node, vmid },
        returns: { type: "object" },
        handler: async (params) => await run(params.vmid, command),
      }),
    ),
    defineMethod({
      path: PATH,
      method: "POST",
      name: "agent",
      description: "Give the agent any of the commands that have no parameters.",
      protected: 1,
      proxyto: "node",
      permissions: { check: ["perm", "/vms/{vmid}", [ALL, ALL], "any", 1] },
      parameters: {
        node,
        vmid,
        command: { type: "string", enum: [...byName.keys()].sort(), description: "Its name." },
      },
      returns: { type: "object" },
      async handler(params) {
        const command = byName.get(params.command);
        if (command === undefined) throw new ApiError(500, `no command '${params.command}'`);
        return await run(params.vmid, command);
      },
    }),
  ];
}
