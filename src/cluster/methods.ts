/** `/cluster`: resources, status, free guest ids, tasks, log and options. */
import assert from "node:assert/strict";
import type { CachedFiles } from "../cfs/cached-files.ts";
import { logDropped } from "../cfs/config-warnings.ts";
import type { ClusterFs } from "../cfs/port.ts";
import { nodeAddress } from "../os/node-address.ts";
import { ApiError, parameterError } from "../rest/errors.ts";
import { type CallContext, defineMethod, type Method, RawResponse } from "../rest/method.ts";
import { checkPropertyString } from "../rest/property-string.ts";
import type { Properties } from "../rest/schema.ts";
import { splitList } from "../rest/split-list.ts";
import { configMethods } from "./config-methods.ts";
import { containerListMethod } from "./container-list.ts";
import {
  DATACENTER_CONFIG,
  type DatacenterConfig,
  parseDatacenter,
  printDatacenter,
  readDatacenter,
} from "./datacenter-config.ts";
import { DATACENTER_PROPERTIES } from "./datacenter-properties.ts";
import { type EventStreamDeps, openEventStream } from "./events.ts";
import type { ClusterResources } from "./resources.ts";

export interface ClusterMethodDeps extends Pick<EventStreamDeps, "log"> {
  readonly cfs: ClusterFs;
  readonly files: CachedFiles;
  readonly resources: ClusterResources;
  /** Epoch seconds. */
  readonly now: () => number;
  /** This node's address, for a node alone: members of a cluster tell each other theirs. */
  readonly address?: () => string;
}

const VMID = {
  type: "integer",
  format: "pve-vmid",
  minimum: 100,
  maximum: 999_999_999,
  optional: 1,
  description: "Asks whether this id is free.",
} as const;
const DEFAULT_LOWER = 100;
const DEFAULT_UPPER = 1_000_000;

function authidOf(call: CallContext): string {
  if (call.authid === undefined) throw new ApiError(403, "Permission check failed (user != null)");
  return call.authid;
}

export function clusterMethods(deps: ClusterMethodDeps): Method[] {
  return [
    resourcesMethod(deps),
    statusMethod(deps),
    nextIdMethod(deps),
    tasksMethod(deps),
    logMethod(deps),
    ...optionMethods(deps),
    eventsMethod(deps),
    ...configMethods(deps),
    containerListMethod(deps),
  ];
}

function resourcesMethod({ resources, now }: ClusterMethodDeps): Method {
  return defineMethod({
    path: "/cluster/resources",
    method: "GET",
    name: "resources",
    description: "Nodes, guests and storages of the cluster with their figures.",
    permissions: { user: "all" },
    parameters: {
      type: { type: "string", enum: ["vm", "storage", "node", "sdn"], optional: 1, description: "Only this kind." },
    },
    returns: {
      type: "array",
      items: {
        type: "object",
        properties: {
          id: { type: "string" },
          type: { type: "string", enum: ["node", "storage", "pool", "qemu", "lxc", "openvz", "sdn", "network"] },
          status: { type: "string", optional: 1 },
          node: { type: "string", format: "pve-node", optional: 1 },
          vmid: { ...VMID },
          name: { type: "string", optional: 1 },
          cpu: { type: "number", minimum: 0, optional: 1 },
          maxcpu: { type: "number", minimum: 0, optional: 1 },
          mem: { type: "integer", minimum: 0, optional: 1 },
          maxmem: { type: "integer", optional: 1 },
          disk: { type: "integer", minimum: 0, optional: 1 },
          maxdisk: { type: "integer", minimum: 0, optional: 1 },
          uptime: { type: "integer", optional: 1 },
          storage: { type: "string", format: "pve-storage-id", optional: 1 },
          pool: { type: "string", optional: 1 },
        },
      },
    },
    async handler({ type }, call) {
      const rows = await resources.visible(call.access, authidOf(call), now(), type);
      return rows.map(({ at: _, ...row }) => row);
    },
  });
}

function statusMethod({ cfs, address = nodeAddress }: ClusterMethodDeps): Method {
  return defineMethod({
    path: "/cluster/status",
    method: "GET",
    name: "get_status",
    description: "Members of the cluster and whether it has a quorum.",
    protected: 1,
    permissions: { check: ["perm", "/", ["Sys.Audit"]] },
    parameters: {},
    returns: {
      type: "array",
      items: {
        type: "object",
        properties: {
          id: { type: "string" },
          name: { type: "string" },
          type: { type: "string", enum: ["cluster", "node"] },
          ip: { type: "string", optional: 1 },
          level: { type: "string", optional: 1 },
          local: { type: "boolean", optional: 1 },
          nodeid: { type: "integer", optional: 1 },
          nodes: { type: "integer", optional: 1 },
          online: { type: "boolean", optional: 1 },
          quorate: { type: "boolean", optional: 1 },
          version: { type: "integer", optional: 1 },
        },
      },
    },
    async handler() {
      const { nodeName, isQuorate, cluster } = await cfs.info();
      if (cluster === undefined) {
        const ip = address();
        return [
          {
            type: "node",
            id: `node/${nodeName}`,
            name: nodeName,
            local: 1,
            nodeid: 0,
            online: 1,
            level: "",
            ip,
          },
        ];
      }
      const { name, version, members } = cluster;
      return [
        { type: "cluster", id: "cluster", name, version, nodes: members.length, quorate: isQuorate ? 1 : 0 },
        ...members.map((member) => ({
          type: "node",
          id: `node/${member.name}`,
          name: member.name,
          nodeid: member.id,
          local: member.name === nodeName ? 1 : 0,
          online: member.online ? 1 : 0,
          level: "",
          ...(member.ip === undefined ? {} : { ip: member.ip }),
        })),
      ];
    },
  });
}

function nextIdMethod({ cfs, files }: ClusterMethodDeps): Method {
  return defineMethod({
    path: "/cluster/nextid",
    method: "GET",
    name: "nextid",
    description: "The lowest free guest id, or whether one is free.",
    permissions: { user: "all" },
    parameters: { vmid: VMID },
    returns: { type: "integer" },
    async handler({ vmid }) {
      const guests = await cfs.guests();
      if (vmid !== undefined) {
        if (guests.has(vmid)) throw parameterError({ vmid: `VM ${vmid} already exists` });
        return String(vmid);
      }
      const range = (await files.get(DATACENTER_CONFIG, parseDatacenter))["next-id"] ?? "";
      const bound = (name: string, fallback: number): number =>
        Number(new RegExp(`${name}=(\\d+)`).exec(range)?.[1] ?? fallback);
      const lower = bound("lower", DEFAULT_LOWER);
      const upper = bound("upper", DEFAULT_UPPER);
      for (let id = lower; id < upper; id += 1) if (!guests.has(id)) return String(id);
      throw new ApiError(500, `unable to get any free VMID in range [${lower}, ${upper}]`);
    },
  });
}

function tasksMethod({ cfs }: ClusterMethodDeps): Method {
  return defineMethod({
    path: "/cluster/tasks",
    method: "GET",
    name: "tasks",
    description: "Running and recent tasks of all nodes.",
    permissions: { user: "all" },
    parameters: {},
    returns: { type: "array", items: { type: "object", properties: { upid: { type: "string" } } } },
    handler: (_, call) => visibleTasks(cfs, call),
  });
}

/** What the nodes broadcast of their tasks, as far as the caller may see it. */
export async function visibleTasks(cfs: ClusterFs, call: CallContext): Promise<Record<string, unknown>[]> {
  const authid = authidOf(call);
  const rows: Record<string, unknown>[] = [];
  for (const [node, text] of await cfs.statusOfAll("tasklist")) {
    const list = parseTaskList(text);
    const seesAll = call.can(`/nodes/${node}`, ["Sys.Audit"]);
    for (const row of list) {
      const owner = row.tokenid === undefined ? row.user : `${row.user}!${row.tokenid}`;
      const isOwn = owner === authid || (authid === call.userid && row.user === authid);
      if (seesAll || isOwn) rows.push({ ...row, node, saved: row.endtime === undefined ? 0 : 1 });
    }
  }
  return rows.sort((a, b) => Number(b.starttime) - Number(a.starttime));
}

/** What another node sends is not ours to trust: a list that cannot be read hides no other one. */
function parseTaskList(text: string): Record<string, unknown>[] {
  try {
    const list: unknown = JSON.parse(text.replace(/\0+$/, "") || "[]");
    return Array.isArray(list) ? list.filter((row) => typeof row === "object" && row !== null) : [];
  } catch {
    return [];
  }
}

function logMethod({ cfs }: ClusterMethodDeps): Method {
  return defineMethod({
    path: "/cluster/log",
    method: "GET",
    name: "log",
    description: "The cluster's log, newest first.",
    permissions: { user: "all", extra_checks_in_code: { privs: ["Sys.Syslog"] } },
    parameters: { max: { type: "integer", minimum: 1, optional: 1, description: "At most so many entries." } },
    returns: { type: "array", items: { type: "object", properties: {} } },
    handler: (params, call) => visibleLog(cfs, call, params.max),
  });
}

export async function visibleLog(cfs: ClusterFs, call: CallContext, max?: number): Promise<Record<string, unknown>[]> {
  const user = call.can("/", ["Sys.Syslog"]) ? undefined : authidOf(call);
  const entries = await cfs.readLog({ ...(max === undefined ? {} : { max }), ...(user === undefined ? {} : { user }) });
  return entries.map((entry) => ({ ...entry, id: `${entry.uid}:${entry.node}` }));
}

function optionMethods({ cfs, files, log }: ClusterMethodDeps): Method[] {
  return [
    defineMethod({
      path: "/cluster/options",
      method: "GET",
      name: "get_options",
      description: "Options of the datacenter.",
      permissions: { user: "all", check: ["perm", "/", ["Sys.Audit"]] },
      parameters: {},
      returns: {
        type: "object",
        properties: { ...DATACENTER_PROPERTIES, "allowed-tags": { type: "array", items: { type: "string" } } },
      },
      async handler(_, call) {
        const values = await files.get(DATACENTER_CONFIG, parseDatacenter);
        const shown = describeOptions(values);
        if (call.can("/", ["Sys.Audit"])) return shown;
        // What everybody's screens and tools depend on.
        const open = ["console", "tag-style", "description", "consent-text", "allowed-tags", "mac_prefix"];
        return Object.fromEntries(Object.entries(shown).filter(([key]) => open.includes(key)));
      },
    }),
    defineMethod({
      path: "/cluster/options",
      method: "PUT",
      name: "set_options",
      description: "Change options of the datacenter.",
      protected: 1,
      permissions: { check: ["perm", "/", ["Sys.Modify"]] },
      parameters: {
        ...DATACENTER_PROPERTIES,
        delete: { type: "string", format: "pve-configid-list", optional: 1, description: "Options to reset." },
      },
      returns: { type: "null" },
      async handler({ delete: removed, ...given }) {
        await changeOptions({ cfs, log }, given, splitList(removed ?? ""));
        return undefined;
      },
    }),
  ];
}

function describeOptions(values: DatacenterConfig): Record<string, unknown> {
  const shown: Record<string, unknown> = { mac_prefix: "BC:24:11", ...values };
  for (const [key, value] of Object.entries(values)) {
    const { type, format } = (DATACENTER_PROPERTIES as Properties)[key] ?? {};
    if (type === "integer") shown[key] = Number(value);
    else if (type === "boolean") shown[key] = /^(?:1|on|yes|true)$/i.test(value) ? 1 : 0;
    else if (typeof format === "object") shown[key] = asObject(value, format);
  }
  const registered = splitList(values["registered-tags"] ?? "");
  return { ...shown, "allowed-tags": registered };
}

/** Property strings are shown taken apart. What was read passed its schema. */
function asObject(text: string, format: Properties): Record<string, unknown> {
  const result = checkPropertyString(format, text);
  assert(result.ok, `'${text}' was read although it does not parse`);
  const items = Object.entries(result.value);
  return Object.fromEntries(items.map(([key, value]) => [key, typeof value === "boolean" ? Number(value) : value]));
}

async function changeOptions(
  { cfs, log }: Pick<ClusterMethodDeps, "cfs" | "log">,
  given: Readonly<Record<string, unknown>>,
  removed: readonly string[],
): Promise<void> {
  for (const key of removed) {
    if (!Object.hasOwn(DATACENTER_PROPERTIES, key)) throw parameterError({ delete: `unknown option '${key}'` });
    if (given[key] !== undefined)
      throw parameterError({ [key]: `you can't use '-${key}' and -delete ${key} at the same time` });
  }
  await cfs.lock("file-datacenter_cfg", async () => {
    const file = await cfs.read(DATACENTER_CONFIG);
    const before = readDatacenter(file);
    const values: Record<string, string> = { ...before.values };
    for (const key of removed) delete values[key];
    for (const [key, value] of Object.entries(given)) {
      if (value === undefined) continue;
      const text = typeof value === "boolean" ? String(Number(value)) : String(value);
      // The description alone has a way to write more lines than one.
      if (key !== "description" && /[\r\n]/.test(text)) throw parameterError({ [key]: "value contains a line feed" });
      if (text === "") delete values[key];
      else values[key] = text;
    }
    await cfs.write(DATACENTER_CONFIG, printDatacenter(values), { ifDigest: file?.digest ?? null });
    logDropped(log, before.warnings);
  });
}

function eventsMethod({ cfs, resources, now, log }: ClusterMethodDeps): Method {
  return defineMethod({
    path: "/cluster/events",
    method: "GET",
    name: "events",
    description: "Server-sent events: resources, tasks and log as they change. Each carries an id.",
    permissions: { user: "all" },
    parameters: {},
    returns: { type: "null" },
    handler(_, call) {
      const authid = authidOf(call);
      const body = openEventStream({
        cfs,
        log,
        signal: call.signal,
        sources: {
          resources: () => resources.visible(call.access, authid, now()),
          tasks: () => visibleTasks(cfs, call),
          log: () => visibleLog(cfs, call),
        },
      });
      return new RawResponse("text/event-stream", body, { "Cache-Control": "no-store", "X-Accel-Buffering": "no" });
    },
  });
}
