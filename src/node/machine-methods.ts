/**
 * What a node changes of its machine: time zone, name servers, hosts, power. Only the node that is the machine does so;
 * a node below a directory leaves the machine alone, and says it.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { withFileLock } from "../os/file-lock.ts";
import type { Layout } from "../os/layout.ts";
import { readInterfaceCounters } from "../os/proc-figures.ts";
import { runCommand } from "../os/run-command.ts";
import { ApiError, parameterError } from "../rest/errors.ts";
import { defineMethod, type Method } from "../rest/method.ts";
import { printResolver, replaceFile } from "./machine-files.ts";
import { NODE } from "./node-parameter.ts";

const MODIFY = { check: ["perm", "/nodes/{node}", ["Sys.Modify"]] } as const;
const ADDRESS = { type: "string", format: "ip", optional: 1 } as const;
const HOSTS_LOCK_TIMEOUT_MS = 10_000;
const POWER_TIMEOUT_MS = 30_000;

export function machineMethods({ layout }: { readonly layout: Layout }): Method[] {
  const assertMachine = (what: string): void => {
    if (layout.isSystem) return;
    throw new ApiError(501, `cannot ${what}: this node lives below ${layout.root} and leaves its machine alone`);
  };
  return [
    defineMethod({
      path: "/nodes/{node}/time",
      method: "PUT",
      name: "set_timezone",
      description: "Set a node's time zone.",
      protected: 1,
      proxyto: "node",
      permissions: MODIFY,
      parameters: { node: NODE, timezone: { type: "string", description: "Name, e.g. Europe/Vienna." } },
      returns: { type: "null" },
      async handler({ timezone }) {
        assertZone(layout, timezone);
        assertMachine("set the time zone");
        await setTimezone(layout, timezone);
        return undefined;
      },
    }),
    defineMethod({
      path: "/nodes/{node}/dns",
      method: "PUT",
      name: "update_dns",
      description: "Set a node's name servers.",
      protected: 1,
      proxyto: "node",
      permissions: MODIFY,
      parameters: {
        node: NODE,
        search: { type: "string", description: "Domain in which names without a dot are looked up." },
        dns1: { ...ADDRESS, description: "First name server." },
        dns2: { ...ADDRESS, description: "Second name server." },
        dns3: { ...ADDRESS, description: "Third name server." },
      },
      returns: { type: "null" },
      async handler({ search, dns1, dns2, dns3 }) {
        // The file is lines of words: a line feed would add settings that nobody checked.
        if (!/^[A-Za-z0-9._ -]+$/.test(search)) throw parameterError({ search: "is not a list of domain names" });
        assertMachine("set name servers");
        const servers = [dns1, dns2, dns3].filter((server) => server !== undefined);
        const before = existsSync(layout.hostResolvConf) ? await readFile(layout.hostResolvConf, "utf8") : "";
        await replaceFile(layout.hostResolvConf, printResolver(before, { search, servers }));
        return undefined;
      },
    }),
    defineMethod({
      path: "/nodes/{node}/hosts",
      method: "POST",
      name: "write_etc_hosts",
      description: "Replace a node's /etc/hosts.",
      protected: 1,
      proxyto: "node",
      permissions: MODIFY,
      parameters: {
        node: NODE,
        data: { type: "string", description: "The file's whole text." },
        digest: { type: "string", maxLength: 64, optional: 1, description: "Fail if the file changed since." },
      },
      returns: { type: "null" },
      async handler({ data, digest }) {
        assertMachine("write /etc/hosts");
        await withFileLock(layout.etcHostsLock, HOSTS_LOCK_TIMEOUT_MS, async () => {
          const before = await readFile(layout.hostEtcHosts);
          if (digest !== undefined && digest !== createHash("sha1").update(before).digest("hex")) {
            throw new ApiError(500, "detected modified configuration - file changed by other user? Try again.");
          }
          await replaceFile(layout.hostEtcHosts, data);
        });
        return undefined;
      },
    }),
    defineMethod({
      path: "/nodes/{node}/status",
      method: "POST",
      name: "node_cmd",
      description: "Reboot a node or switch it off.",
      protected: 1,
      proxyto: "node",
      permissions: { check: ["perm", "/nodes/{node}", ["Sys.PowerMgmt"]] },
      parameters: {
        node: NODE,
        command: { type: "string", enum: ["reboot", "shutdown"], description: "What to do." },
      },
      returns: { type: "null" },
      async handler({ command }) {
        assertMachine(`${command} the machine`);
        await runCommand(["shutdown", command === "reboot" ? "-r" : "-h", "now"], { timeoutMs: POWER_TIMEOUT_MS });
        return undefined;
      },
    }),
    defineMethod({
      path: "/nodes/{node}/netstat",
      method: "GET",
      name: "netstat",
      description: "Traffic of each guest's network devices, in bytes since their start.",
      proxyto: "node",
      permissions: { check: ["perm", "/nodes/{node}", ["Sys.Audit"]] },
      parameters: { node: NODE },
      returns: { type: "array", items: { type: "object", properties: {} } },
      handler: async () => guestTraffic(await readInterfaceCounters()),
    }),
  ];
}

/** Host ends of guests' network devices. What the host end receives, the guest has sent. */
export function guestTraffic(
  counters: ReadonlyMap<string, { readonly receivedBytes: number; readonly sentBytes: number }>,
): { vmid: string; dev: string; in: number; out: number }[] {
  return [...counters].flatMap(([name, { receivedBytes, sentBytes }]) => {
    const [, vmid, number] = /^(?:tap|veth)(\d+)i(\d+)$/.exec(name) ?? [];
    if (vmid === undefined || number === undefined) return [];
    return [{ vmid, dev: `net${number}`, in: sentBytes, out: receivedBytes }];
  });
}

function assertZone({ hostZoneinfo }: Layout, timezone: string): void {
  const isName = /^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*$/.test(timezone);
  if (!isName || !existsSync(join(hostZoneinfo, timezone))) throw parameterError({ timezone: "No such timezone." });
}

async function setTimezone({ hostZoneinfo, hostLocaltime, hostTimezone }: Layout, timezone: string): Promise<void> {
  const link = `${hostLocaltime}.tmp.${process.pid}`;
  await rm(link, { force: true });
  await symlink(join(hostZoneinfo, timezone), link);
  await rename(link, hostLocaltime);
  await replaceFile(hostTimezone, `${timezone}\n`);
}
