/** `GET /nodes/{node}/lxc`: the containers of a node, from their configs and from what nodes broadcast. */
import type { ClusterFs } from "../cfs/port.ts";
import { defineMethod, type Method } from "../rest/method.ts";
import type { Properties } from "../rest/schema.ts";
import type { ClusterResources, ResourceRow } from "./resources.ts";

export interface ContainerListDeps {
  readonly cfs: ClusterFs;
  readonly resources: ClusterResources;
  /** Epoch seconds. */
  readonly now: () => number;
}

const text = { type: "string", optional: 1 } as const;
const whole = { type: "integer", optional: 1 } as const;
const number = { type: "number", optional: 1 } as const;

const CONTAINER: Properties = {
  vmid: { type: "integer", format: "pve-vmid", minimum: 100, maximum: 999999999 },
  status: { type: "string", enum: ["stopped", "running"] },
  name: text,
  tags: text,
  lock: text,
  template: { type: "boolean", default: 0, optional: 1 },
  cpu: number,
  cpus: number,
  mem: whole,
  maxmem: whole,
  maxswap: whole,
  disk: { type: "integer", minimum: 0, optional: 1 },
  maxdisk: whole,
  diskread: whole,
  diskwrite: whole,
  netin: whole,
  netout: whole,
  uptime: whole,
  pressurecpusome: number,
  pressureiosome: number,
  pressureiofull: number,
  pressurememorysome: number,
  pressurememoryfull: number,
};

export function containerListMethod({ cfs, resources, now }: ContainerListDeps): Method {
  return defineMethod({
    path: "/nodes/{node}/lxc",
    method: "GET",
    name: "vmlist",
    description: "The containers of a node that the caller may see. Nothing runs them yet.",
    protected: 1,
    proxyto: "node",
    permissions: { user: "all", extra_checks_in_code: { privs: ["VM.Audit"], paths: ["/vms/<vmid>"] } },
    parameters: { node: { type: "string", format: "pve-node", description: "Name of the node." } },
    returns: {
      type: "array",
      items: { type: "object", properties: CONTAINER },
      links: [{ rel: "child", href: "{vmid}" }],
    },
    async handler(_params, call) {
      // The call has reached its node, whatever name the path has for it.
      const [{ nodeName }, rows] = await Promise.all([cfs.info(), resources.rows(now())]);
      return rows
        .filter((row) => row.type === "lxc" && row.node === nodeName && call.can(`/vms/${row.vmid}`, ["VM.Audit"]))
        .map(containerRow);
    },
  });
}

function containerRow(row: ResourceRow): Record<string, unknown> {
  const { id: _id, type: _type, node: _node, at: _at, memhost: _memhost, maxcpu: cpus, status, ...figures } = row;
  return { ...figures, cpus, status: status === "running" ? "running" : "stopped" };
}
