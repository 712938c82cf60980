/**
 * Every path, port and socket of a node, from one place. Made once at start and passed down; nothing else in the
 * program writes a path literally. The system layout is the standard one; any other root puts the same tree below it.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";

export interface Layout {
  /** `/` in the system layout, else the directory given with `--root`. */
  readonly root: string;
  /** The standard paths and ports of a machine (needs root), as opposed to a tree below `root`. */
  readonly isSystem: boolean;
  /**
   * Whether files get owner root and group www-data and pveproxy runs as www-data: the system layout, as root. Below any
   * other root everything belongs to the caller.
   */
  readonly dropsPrivileges: boolean;
  readonly nodeName: string;

  /** Where the cluster file system is mounted. */
  readonly etcPve: string;
  /** `config.db` and the lock file of pmxcfs. */
  readonly clusterLib: string;
  readonly clusterRun: string;
  readonly configDb: string;
  readonly pmxcfsPid: string;
  /** Root's socket of pmxcfs: everything (0600). */
  readonly cfsSocket: string;
  /** Everyone's socket of pmxcfs: read, status, token check (0660 root:www-data). */
  readonly cfsReadSocket: string;

  /** pvedaemon: a TCP port on 127.0.0.1 in the system layout, else a Unix socket. */
  readonly pvedaemon: { readonly port: number } | { readonly socket: string };
  readonly pveproxyLogDir: string;
  readonly pveproxyDefaults: string;
  /** Task logs, `index` and `active`. */
  readonly taskDir: string;
  readonly uploadDir: string;

  readonly qemuRun: string;
  readonly qemuLock: string;
  /** Name of the cgroup below which each VM has a scope. Control groups are the machine's: nodes side by side need names of their own. */
  readonly qemuSlice: string;
  /** The host's own resolv.conf(5), whatever the root. */
  readonly hostResolvConf: string;
  /** The host's interfaces(5), whatever the root. */
  readonly hostInterfaces: string;
  /** The host's hosts(5), time zone link and name, and zone files, whatever the root. */
  readonly hostEtcHosts: string;
  readonly hostLocaltime: string;
  readonly hostTimezone: string;
  readonly hostZoneinfo: string;
  readonly etcHostsLock: string;
  /** UEFI firmware images of the host (Debian's package ovmf), whatever the root. */
  readonly hostFirmwareDir: string;
  /** The default storage `local`. */
  readonly localStorage: string;
  /** Lock files of storages that only this node has. */
  readonly storageLock: string;

  readonly rrdDir: string;
  readonly rrdJournalDir: string;
  readonly rrdcachedSocket: string;
  readonly rrdcachedPid: string;

  /** The supervisor's own: pid files, state, the admin's first password, releases, compile cache, one log a daemon. */
  readonly quorateRun: string;
  readonly quorateLib: string;
  readonly quorateCache: string;
  readonly quorateLogDir: string;
  /** Line JSON: status, stop, restart of daemons. */
  readonly supervisorSocket: string;
  /** The first administrator's generated password, readable by its owner only. */
  readonly adminPasswordFile: string;
}

export interface LayoutOptions {
  /** Absolute; `/` for the system layout. */
  readonly root: string;
  readonly nodeName: string;
  readonly isRootUser: boolean;
}

export const DEFAULT_PROXY_PORT = 8006;
/** Loopback only, as the reference. */
const PVEDAEMON_PORT = 85;

export function makeLayout({ root, nodeName, isRootUser }: LayoutOptions): Layout {
  const isSystem = root === "/";
  const at = (path: string): string => join(root, path);
  return {
    root,
    isSystem,
    dropsPrivileges: isSystem && isRootUser,
    nodeName,
    etcPve: at("/etc/pve"),
    clusterLib: at("/var/lib/pve-cluster"),
    clusterRun: at("/run/pve-cluster"),
    configDb: at("/var/lib/pve-cluster/config.db"),
    pmxcfsPid: at("/var/run/pve-cluster.pid"),
    cfsSocket: at("/run/pve-cluster/cfs.sock"),
    cfsReadSocket: at("/run/pve-cluster/cfs-read.sock"),
    pvedaemon: isSystem ? { port: PVEDAEMON_PORT } : { socket: at("/run/pvedaemon.sock") },
    pveproxyLogDir: at("/var/log/pveproxy"),
    pveproxyDefaults: at("/etc/default/pveproxy"),
    taskDir: at("/var/log/pve/tasks"),
    uploadDir: at("/var/tmp"),
    qemuRun: at("/var/run/qemu-server"),
    qemuLock: at("/var/lock/qemu-server"),
    qemuSlice: isSystem
      ? "qemu.slice"
      : `quorate-${createHash("sha256").update(root).digest("hex").slice(0, 12)}.slice`,
    hostResolvConf: "/etc/resolv.conf",
    hostInterfaces: "/etc/network/interfaces",
    hostEtcHosts: "/etc/hosts",
    hostLocaltime: "/etc/localtime",
    hostTimezone: "/etc/timezone",
    hostZoneinfo: "/usr/share/zoneinfo",
    etcHostsLock: at("/var/lock/pve-etchosts.lck"),
    hostFirmwareDir: "/usr/share/OVMF",
    localStorage: at("/var/lib/vz"),
    storageLock: at("/var/lock/pve-manager"),
    rrdDir: at("/var/lib/rrdcached/db"),
    rrdJournalDir: at("/var/lib/rrdcached/journal"),
    rrdcachedSocket: at("/var/run/rrdcached.sock"),
    rrdcachedPid: at("/var/run/rrdcached.pid"),
    quorateRun: at("/run/quorate"),
    quorateLib: at("/var/lib/quorate"),
    quorateCache: at("/var/cache/quorate"),
    quorateLogDir: at("/var/log/quorate"),
    supervisorSocket: at("/run/quorate/supervisor.sock"),
    adminPasswordFile: at("/var/lib/quorate/admin-password"),
  };
}

/** How a parent hands its layout to a child process: one environment variable with JSON of {@link LayoutOptions}. */
export const LAYOUT_ENV = "QUORATE_LAYOUT";

export function encodeLayoutOptions(layout: Layout): string {
  return JSON.stringify({
    root: layout.root,
    nodeName: layout.nodeName,
    isRootUser: layout.dropsPrivileges,
  } satisfies LayoutOptions);
}

/** @throws Error when the text is not what {@link encodeLayoutOptions} writes. */
export function decodeLayout(text: string | undefined): Layout {
  const value: unknown = text === undefined ? undefined : JSON.parse(text);
  if (
    typeof value === "object" &&
    value !== null &&
    "root" in value &&
    typeof value.root === "string" &&
    "nodeName" in value &&
    typeof value.nodeName === "string" &&
    "isRootUser" in value &&
    typeof value.isRootUser === "boolean"
  ) {
    return makeLayout({ root: value.root, nodeName: value.nodeName, isRootUser: value.isRootUser });
  }
  throw new Error(`${LAYOUT_ENV} is missing or malformed: start the daemons with \`quorate up\``);
}
