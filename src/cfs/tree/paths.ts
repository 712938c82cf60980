/**
 * What a path alone decides: private or not, mode, guest config or lock, versioned or not. Paths are relative to the
 * mount, without a leading slash; the empty path is the root.
 */

/** Links in the root; their targets depend on the node. */
export const LINK_NAMES = ["local", "qemu-server", "lxc", "openvz"] as const;
export const VIRTUAL_FILE_NAMES = [".version", ".members", ".vmlist", ".rrd", ".clusterlog", ".debug"] as const;

export type LinkName = (typeof LINK_NAMES)[number];
export type VirtualFileName = (typeof VIRTUAL_FILE_NAMES)[number];

const LINKS: ReadonlySet<string> = new Set(LINK_NAMES);
const VIRTUAL_FILES: ReadonlySet<string> = new Set(VIRTUAL_FILE_NAMES);

export function isLinkName(name: string): name is LinkName {
  return LINKS.has(name);
}

export function isVirtualFileName(name: string): name is VirtualFileName {
  return VIRTUAL_FILES.has(name);
}

/** @returns the relative target of a link in the root. */
export function linkTarget(name: LinkName, nodeName: string): string {
  return name === "local" ? `nodes/${nodeName}` : `nodes/${nodeName}/${name}`;
}

/** Whether the path is a virtual name of the root or lies below one. */
export function isVirtualPath(path: string): boolean {
  const slash = path.indexOf("/");
  const first = slash === -1 ? path : path.slice(0, slash);
  return LINKS.has(first) || VIRTUAL_FILES.has(first);
}

/** Follows the root's links, drops empty components: the one spelling by which events name a path. */
export function canonicalPath(path: string, nodeName: string): string {
  const clean = path
    .split("/")
    .filter((part) => part !== "")
    .join("/");
  const slash = clean.indexOf("/");
  const first = slash === -1 ? clean : clean.slice(0, slash);
  if (!isLinkName(first)) return clean;
  const target = linkTarget(first, nodeName);
  return slash === -1 ? target : target + clean.slice(slash);
}

export function joinPath(parent: string, name: string): string {
  return parent === "" ? name : `${parent}/${name}`;
}

export function parentPath(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash === -1 ? "" : path.slice(0, slash);
}

const PRIVATE = /^(?:nodes\/[^/]+\/)?priv(?:\/|$)/;

/** Below `priv` or `nodes/<any>/priv`: for root only. */
export function isPrivatePath(path: string): boolean {
  return PRIVATE.test(path);
}

/** Scripts of ancient container tools; they have to be executable. */
const LEGACY_SCRIPT = /(?:^|\/)(?:[1-9][0-9]*|vps)\.(?:mount|umount|start|stop|premount|postumount)$/;
const WRITE_BITS = 0o222;
const OWNER_EXECUTE = 0o100;

/**
 * The permission bits: nothing about them is stored.
 * @param isWritable false without quorum: then nobody may write.
 */
export function modeOf(path: string, isDirectoryEntry: boolean, isWritable: boolean): number {
  if (path === "") return 0o755;
  const isPrivate = isPrivatePath(path);
  let mode = isDirectoryEntry ? (isPrivate ? 0o700 : 0o755) : isPrivate ? 0o600 : 0o640;
  if (!isDirectoryEntry && LEGACY_SCRIPT.test(path)) mode |= OWNER_EXECUTE;
  return isWritable ? mode : mode & ~WRITE_BITS;
}

/** What `chmod` may name: the mode that a file of this path has anyway. */
export function allowedChmod(path: string): number {
  return isPrivatePath(path) ? 0o600 : 0o640;
}

const LOCK_PREFIX = "priv/lock/";

/** Whether a directory of this path is a cluster lock, or lies below one. */
export function isLockPath(path: string): boolean {
  return path.length > LOCK_PREFIX.length && path.startsWith(LOCK_PREFIX);
}

export type GuestType = "qemu" | "lxc" | "openvz";

export interface GuestPath {
  readonly vmid: number;
  readonly node: string;
  readonly type: GuestType;
}

const GUEST = /^nodes\/([A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)\/(qemu-server|lxc|openvz)\/([1-9][0-9]{0,9})\.conf$/;
const MAX_VMID = 4294967295;

/** @returns what guest's config a file of this path is, undefined when it is none. */
export function parseGuestPath(path: string): GuestPath | undefined {
  const match = GUEST.exec(path);
  if (match === null) return undefined;
  const [, node = "", directory = "", digits = ""] = match;
  const vmid = Number(digits);
  if (vmid > MAX_VMID) return undefined;
  return { vmid, node, type: directory === "qemu-server" ? "qemu" : directory === "lxc" ? "lxc" : "openvz" };
}

export function guestPath(guest: GuestPath): string {
  return `nodes/${guest.node}/${guest.type === "qemu" ? "qemu-server" : guest.type}/${guest.vmid}.conf`;
}

/** Paths with a counter in `.version`, in its order. */
export const VERSIONED_PATHS: readonly string[] = [
  "corosync.conf",
  "corosync.conf.new",
  "storage.cfg",
  "user.cfg",
  "domains.cfg",
  "notifications.cfg",
  "priv/notifications.cfg",
  "priv/shadow.cfg",
  "priv/acme/plugins.cfg",
  "priv/tfa.cfg",
  "priv/token.cfg",
  "priv/wg-keys.cfg",
  "datacenter.cfg",
  "vzdump.cron",
  "vzdump.conf",
  "jobs.cfg",
  "ha/crm_commands",
  "ha/manager_status",
  "ha/resources.cfg",
  "ha/rules.cfg",
  "ha/groups.cfg",
  "ha/fence.cfg",
  "status.cfg",
  "replication.cfg",
  "ceph.conf",
  "sdn/vnets.cfg",
  "sdn/zones.cfg",
  "sdn/controllers.cfg",
  "sdn/subnets.cfg",
  "sdn/ipams.cfg",
  "sdn/mac-cache.json",
  "sdn/pve-ipam-state.json",
  "sdn/dns.cfg",
  "sdn/fabrics.cfg",
  "sdn/route-maps.cfg",
  "sdn/prefix-lists.cfg",
  "sdn/.running-config",
  "virtual-guest/cpu-models.conf",
  "virtual-guest/profiles.cfg",
  "firewall/cluster.fw",
  "mapping/directory.cfg",
  "mapping/pci.cfg",
  "mapping/usb.cfg",
];
