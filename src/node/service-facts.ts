/** The services that the API knows, which daemon of ours each is, and how a daemon's state reads as a unit's. Pure. */
import { ApiError } from "../rest/errors.ts";

export const SERVICES = [
  ...(["chrony", "corosync", "cron", "ksmtuned", "lxcfs", "postfix", "proxmox-firewall", "pve-cluster"] as const),
  ...(["pve-firewall", "pve-ha-crm", "pve-ha-lrm", "pve-lxc-syscalld", "pvedaemon", "pvefw-logger"] as const),
  ...(["pveproxy", "pvescheduler", "pvestatd", "qmeventd", "spiceproxy", "sshd", "syslog"] as const),
  ...(["systemd-journald", "systemd-timesyncd"] as const),
] as const;

export type Service = (typeof SERVICES)[number];

/** The services that are daemons of this program. */
const DAEMONS: Readonly<Record<string, string>> = { "pve-cluster": "pmxcfs" };
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  chrony: "chrony, an NTP client/server",
  corosync: "Corosync Cluster Engine",
  cron: "Regular background program processing daemon",
  "pve-cluster": "Cluster file system",
  pvedaemon: "API daemon",
  pveproxy: "API proxy and web interface",
  pvestatd: "Status and statistics daemon",
  sshd: "OpenBSD Secure Shell server",
  syslog: "System Logging Service",
  "systemd-journald": "Journal Service",
  "systemd-timesyncd": "Network Time Synchronization",
};

export interface ServiceRow {
  readonly service: string;
  readonly name: string;
  readonly desc: string;
  readonly state: string;
  readonly "active-state": string;
  readonly "unit-state": string;
}

export function daemonOf(service: string): string {
  return DAEMONS[service] ?? service;
}

/** @param state as the supervisor says; undefined: it has no such daemon. */
export function serviceRow(service: string, state: string | undefined): ServiceRow {
  const base = { service, name: service, desc: DESCRIPTIONS[service] ?? service };
  switch (state) {
    case undefined:
      return { ...base, state: "dead", "active-state": "inactive", "unit-state": "not-found" };
    case "running":
      return { ...base, state: "running", "active-state": "active", "unit-state": "enabled" };
    case "starting":
      return { ...base, state: "start", "active-state": "activating", "unit-state": "enabled" };
    case "backing-off":
      return { ...base, state: "auto-restart", "active-state": "activating", "unit-state": "enabled" };
    case "failed":
      return { ...base, state: "failed", "active-state": "failed", "unit-state": "enabled" };
    default:
      return { ...base, state: "dead", "active-state": "inactive", "unit-state": "enabled" };
  }
}

/** A row of what `systemctl show` says of a unit of the machine. */
export function unitRow(service: string, properties: Readonly<Record<string, string>>): ServiceRow {
  const { LoadState, ActiveState = "unknown", SubState = "unknown", UnitFileState, Description } = properties;
  return {
    service,
    name: service,
    desc: Description || DESCRIPTIONS[service] || service,
    state: SubState,
    "active-state": ActiveState,
    "unit-state": LoadState === "not-found" ? "not-found" : UnitFileState || "unknown",
  };
}

export type ServiceAction = "start" | "stop" | "restart" | "reload";

const ESSENTIAL: ReadonlySet<string> = new Set(["pveproxy", "pvedaemon", "pve-cluster"]);

/** @throws ApiError 500 for stopping what the API itself stands on. */
export function assertAllowed(service: string, action: ServiceAction): void {
  if (action === "stop" && ESSENTIAL.has(service)) {
    throw new ApiError(500, `invalid service cmd '${service} stop': refusing to stop essential service!`);
  }
}
