/** `/version` and `/nodes`: what a node is and how it does. */
import { createHash } from "node:crypto";
import { readFile, statfs } from "node:fs/promises";
import { cpus, version as kernelVersion, machine, release, type as systemName } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { CachedFiles } from "../cfs/cached-files.ts";
import type { ClusterFs } from "../cfs/port.ts";
import { DATACENTER_CONFIG, parseDatacenter } from "../cluster/datacenter-config.ts";
import type { Layout } from "../os/layout.ts";
import { readCpuTimes, readLoadAverage, readMemory, readUptimeSeconds } from "../os/proc-figures.ts";
import { ApiError } from "../rest/errors.ts";
import { defineMethod, type Method } from "../rest/method.ts";
import { certificateMethods } from "./certificate-methods.ts";
import { CpuMeter } from "./cpu-meter.ts";
import { machineTimezone, utcOffsetSeconds } from "./machine-files.ts";
import { networkMethods } from "./network-methods.ts";
import { NODE } from "./node-parameter.ts";
import type { ReleaseInfo } from "./release-info.ts";

export interface NodeMethodDeps {
  readonly layout: Layout;
  readonly cfs: ClusterFs;
  readonly files: CachedFiles;
  readonly release: ReleaseInfo;
  /** Rows of kind `node` of the cluster's resources. */
  readonly nodeRows: () => Promise<readonly Record<string, unknown>[]>;
  /** SHA-256 of the node's certificate. */
  readonly fingerprint: (node: string) => Promise<string | undefined>;
}

const AUDIT = { check: ["perm", "/nodes/{node}", ["Sys.Audit"]] } as const;
const VERSION_PROPERTIES = {
  release: { type: "string" },
  repoid: { type: "string" },
  version: { type: "string" },
} as const;

export function versionMethods({ files, release: info }: Pick<NodeMethodDeps, "files" | "release">): Method[] {
  // One object for the life of the process: the same object means the same bytes on the wire.
  const plain = Object.freeze({ ...info });
  const byConsole = new Map<string, object>();
  return [
    defineMethod({
      path: "/version",
      method: "GET",
      name: "version",
      description: "Version of the API.",
      permissions: { user: "all" },
      parameters: {},
      returns: {
        type: "object",
        properties: {
          release: { type: "string" },
          repoid: { type: "string", pattern: "[0-9a-fA-F]{8,64}" },
          version: { type: "string" },
          console: { type: "string", enum: ["applet", "vv", "html5", "xtermjs"], optional: 1 },
        },
      },
      handler() {
        const withConsole = (name: string | undefined): object => {
          if (name === undefined) return plain;
          const known = byConsole.get(name) ?? Object.freeze({ ...info, console: name });
          byConsole.set(name, known);
          return known;
        };
        const options = files.get(DATACENTER_CONFIG, parseDatacenter);
        return options instanceof Promise
          ? options.then(({ console }) => withConsole(console))
          : withConsole(options.console);
      },
    }),
  ];
}

export function nodeMethods(deps: NodeMethodDeps): Method[] {
  const { layout, release: info, nodeRows, fingerprint } = deps;
  const figures = new StatusReader(layout.root);
  return [
    defineMethod({
      path: "/nodes",
      method: "GET",
      name: "index",
      description: "List nodes.",
      permissions: { user: "all" },
      parameters: {},
      returns: {
        type: "array",
        items: {
          type: "object",
          properties: {
            node: { type: "string", format: "pve-node" },
            status: { type: "string", enum: ["unknown", "online", "offline"] },
            cpu: { type: "number", optional: 1 },
            level: { type: "string", optional: 1 },
            maxcpu: { type: "integer", optional: 1 },
            maxmem: { type: "integer", optional: 1 },
            mem: { type: "integer", optional: 1 },
            ssl_fingerprint: { type: "string", optional: 1 },
            uptime: { type: "integer", optional: 1 },
          },
        },
        links: [{ rel: "child", href: "{node}" }],
      },
      async handler(_, call) {
        const rows = await nodeRows();
        return await Promise.all(
          rows.map(async (row) => {
            const node = String(row.node);
            const { id, status, type } = row;
            const print = await fingerprint(node);
            const base = { id, node, status, type, ...(print === undefined ? {} : { ssl_fingerprint: print }) };
            return call.can(`/nodes/${node}`, ["Sys.Audit"]) ? { ...row, ...base } : base;
          }),
        );
      },
    }),
    defineMethod({
      path: "/nodes/{node}/version",
      method: "GET",
      name: "version",
      description: "Version of the API on a node.",
      proxyto: "node",
      permissions: { user: "all" },
      parameters: { node: NODE },
      returns: { type: "object", properties: VERSION_PROPERTIES },
      handler: () => ({ ...info }),
    }),
    defineMethod({
      path: "/nodes/{node}/status",
      method: "GET",
      name: "status",
      description: "Load, memory, kernel and hardware of a node, measured now.",
      proxyto: "node",
      permissions: AUDIT,
      parameters: { node: NODE },
      returns: {
        type: "object",
        additionalProperties: 1,
        properties: {
          "boot-info": {
            type: "object",
            properties: {
              mode: { type: "string", enum: ["efi", "legacy-bios"] },
              secureboot: { type: "boolean", optional: 1 },
            },
          },
          cpu: { type: "number" },
          cpuinfo: {
            type: "object",
            properties: {
              cores: { type: "integer" },
              cpus: { type: "integer" },
              model: { type: "string" },
              sockets: { type: "integer" },
            },
          },
          "current-kernel": {
            type: "object",
            properties: {
              machine: { type: "string" },
              release: { type: "string" },
              sysname: { type: "string" },
              version: { type: "string" },
            },
          },
          loadavg: { type: "array", items: { type: "string" } },
          memory: {
            type: "object",
            properties: {
              available: { type: "integer" },
              free: { type: "integer" },
              total: { type: "integer" },
              used: { type: "integer" },
            },
          },
          pveversion: { type: "string" },
          rootfs: {
            type: "object",
            properties: {
              avail: { type: "integer" },
              free: { type: "integer" },
              total: { type: "integer" },
              used: { type: "integer" },
            },
          },
        },
      },
      handler: async () => ({ ...(await figures.read()), pveversion: `pve-manager/${info.version}/${info.repoid}` }),
    }),
    defineMethod({
      path: "/nodes/{node}/time",
      method: "GET",
      name: "time",
      description: "A node's time and time zone.",
      proxyto: "node",
      permissions: AUDIT,
      parameters: { node: NODE },
      returns: {
        type: "object",
        additionalProperties: 0,
        properties: {
          localtime: { type: "integer", minimum: 1_297_163_644 },
          time: { type: "integer", minimum: 1_297_163_644 },
          timezone: { type: "string" },
        },
      },
      handler() {
        const time = Math.floor(Date.now() / 1000);
        // Asked each time: the zone may have been changed since this process began.
        const timezone = machineTimezone(layout);
        return { time, localtime: time + utcOffsetSeconds(timezone, time), timezone };
      },
    }),
    defineMethod({
      path: "/nodes/{node}/dns",
      method: "GET",
      name: "dns",
      description: "A node's name servers.",
      proxyto: "node",
      permissions: AUDIT,
      parameters: { node: NODE },
      returns: {
        type: "object",
        additionalProperties: 0,
        properties: {
          search: { type: "string", optional: 1 },
          dns1: { type: "string", optional: 1 },
          dns2: { type: "string", optional: 1 },
          dns3: { type: "string", optional: 1 },
        },
      },
      handler: async () => parseResolver(await readFile(layout.hostResolvConf, "utf8")),
    }),
    defineMethod({
      path: "/nodes/{node}/hosts",
      method: "GET",
      name: "get_etc_hosts",
      description: "A node's /etc/hosts.",
      protected: 1,
      proxyto: "node",
      permissions: { check: ["perm", "/", ["Sys.Audit"]] },
      parameters: { node: NODE },
      returns: {
        type: "object",
        properties: { data: { type: "string" }, digest: { type: "string", maxLength: 64, optional: 1 } },
      },
      async handler() {
        const data = await readFile(layout.hostEtcHosts);
        return { data: data.toString("utf8"), digest: createHash("sha1").update(data).digest("hex") };
      },
    }),
    defineMethod({
      path: "/nodes/{node}/subscription",
      method: "GET",
      name: "get",
      description: "There are no subscriptions.",
      proxyto: "node",
      permissions: { user: "all" },
      parameters: { node: NODE },
      returns: {
        type: "object",
        additionalProperties: 0,
        properties: {
          status: { type: "string", enum: ["new", "notfound", "active", "invalid", "expired", "suspended"] },
          message: { type: "string", optional: 1 },
          url: { type: "string", optional: 1 },
        },
      },
      handler: () => ({ status: "notfound", message: "There is no subscription key" }),
    }),
    ...refusals(),
    ...certificateMethods({ cfs: deps.cfs }),
    ...networkMethods({ layout }),
  ];
}

/** Subscriptions cannot be set: there are none to be had. */
function refusals(): Method[] {
  const refuse = (): never => {
    throw new ApiError(500, "this project has no subscriptions: nothing is to be set here");
  };
  const common = {
    path: "/nodes/{node}/subscription",
    description: "Refused: there are no subscriptions.",
    protected: 1,
    proxyto: "node",
    permissions: { check: ["perm", "/nodes/{node}", ["Sys.Modify"]] },
    returns: { type: "null" },
    handler: refuse,
  } as const;
  return [
    defineMethod({ ...common, method: "DELETE", name: "delete", parameters: { node: NODE } }),
    defineMethod({
      ...common,
      method: "POST",
      name: "update",
      parameters: { node: NODE, force: { type: "boolean", default: 0, optional: 1, description: "Check again." } },
    }),
    defineMethod({
      ...common,
      method: "PUT",
      name: "set",
      parameters: {
        node: NODE,
        key: {
          type: "string",
          maxLength: 32,
          pattern: "\\s*pve([1248])([cbsp])-(arm-)?[0-9a-f]{10}\\s*",
          description: "A key.",
        },
      },
    }),
  ];
}

/** What resolv.conf(5) says, as far as the API shows it. */
export function parseResolver(text: string): Record<string, string> {
  const result: Record<string, string> = {};
  const servers = [...text.matchAll(/^nameserver\s+(\S+)/gm)].flatMap(([, server]) => server ?? []);
  for (const [index, server] of servers.slice(0, 3).entries()) result[`dns${index + 1}`] = server;
  const search = /^(?:search|domain)\s+(\S+)/m.exec(text)?.[1];
  if (search !== undefined) result.search = search;
  return result;
}

class StatusReader {
  readonly #root: string;
  readonly #cpus = new CpuMeter({ read: readCpuTimes, nowMs: () => performance.now(), sleep: (ms) => sleep(ms) });

  constructor(root: string) {
    this.#root = root;
  }

  async read(): Promise<Record<string, unknown>> {
    const [use, memory, load, uptime, root, cpuText] = await Promise.all([
      this.#cpus.measure(),
      readMemory(),
      readLoadAverage(),
      readUptimeSeconds(),
      statfs(this.#root),
      readFile("/proc/cpuinfo", "latin1"),
    ]);
    const swapUsed = memory.swapTotalBytes - memory.swapFreeBytes;
    return {
      uptime: Math.floor(uptime),
      idle: 0,
      loadavg: load.map((value) => value.toFixed(2)),
      kversion: `${systemName()} ${release()} ${kernelVersion()}`,
      "current-kernel": { sysname: systemName(), release: release(), version: kernelVersion(), machine: machine() },
      "boot-info": await bootInfo(),
      cpuinfo: describeCpus(cpuText),
      cpu: use.busy,
      wait: use.iowait,
      memory: {
        total: memory.totalBytes,
        free: memory.freeBytes,
        available: memory.availableBytes,
        used: memory.totalBytes - memory.availableBytes,
      },
      swap: { total: memory.swapTotalBytes, free: memory.swapFreeBytes, used: swapUsed },
      ksm: { shared: await sharedBytes() },
      rootfs: {
        total: root.blocks * root.bsize,
        free: root.bfree * root.bsize,
        avail: root.bavail * root.bsize,
        used: (root.blocks - root.bfree) * root.bsize,
      },
    };
  }
}

const PAGE_BYTES = 4096;
/** The global variable of the UEFI specification, by its vendor's GUID. */
const SECURE_BOOT = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

async function sharedBytes(): Promise<number> {
  const pages = await readFile("/sys/kernel/mm/ksm/pages_sharing", "latin1").catch(() => "0");
  return Number(pages) * PAGE_BYTES;
}

async function bootInfo(): Promise<{ mode: string; secureboot?: number }> {
  const isEfi = await readFile("/sys/firmware/efi/fw_platform_size").then(
    () => true,
    () => false,
  );
  if (!isEfi) return { mode: "legacy-bios" };
  // Four bytes of attributes come before the value; firmware without the variable knows no secure boot.
  const variable = await readFile(SECURE_BOOT).catch(() => undefined);
  return { mode: "efi", secureboot: variable?.[4] === 1 ? 1 : 0 };
}

export function describeCpus(text: string): Record<string, unknown> {
  const field = (name: string): string => new RegExp(`^${name}\\s*:\\s*(.*)$`, "m").exec(text)?.[1] ?? "";
  const all = (name: string): Set<string> =>
    new Set([...text.matchAll(new RegExp(`^${name}\\s*:\\s*(.*)$`, "gm"))].flatMap(([, value]) => value ?? []));
  const count = cpus().length;
  const flags = field("flags");
  return {
    cpus: count,
    cores: Number(field("cpu cores")) || count,
    sockets: Math.max(1, all("physical id").size),
    model: field("model name") || "unknown",
    mhz: field("cpu MHz"),
    flags,
    hvm: /\b(vmx|svm)\b/.test(flags) ? "1" : "0",
    user_hz: 100,
  };
}
