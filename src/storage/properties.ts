/**
 * Every property that a section of storage.cfg can have, once: the config reader and the API methods both use these
 * schemas.
 */
import type { Properties } from "../rest/schema.ts";

const flag = (description: string, more: { readonly default?: string | number } = {}) =>
  ({ type: "boolean", optional: 1, description, ...more }) as const;
const text = (description: string, more: object = {}) =>
  ({ type: "string", optional: 1, description, ...more }) as const;
const named = (format: string, description: string) => text(description, { format });
/** KiB/s; 0 is none. */
const limit = { type: "number", minimum: 0, optional: 1 } as const;

export const BWLIMIT_PROPERTIES = {
  clone: limit,
  default: limit,
  migration: limit,
  move: limit,
  restore: limit,
} satisfies Properties;

const smbVersions = ["default", "2.0", "2.1", "3", "3.0", "3.11"] as const;

export const STORAGE_PROPERTIES = {
  authsupported: text("Authentication methods of the cluster."),
  base: named("pve-volume-id", "Base volume, which is activated first."),
  blocksize: named("pve-storage-zfs-blocksize", "Block size of new volumes."),
  bwlimit: text("Limits for input and output of operations.", { format: BWLIMIT_PROPERTIES }),
  comstar_hg: text("Host group for COMSTAR views."),
  comstar_tg: text("Target group for COMSTAR views."),
  content: named("pve-storage-content-list", "What may lie here; `none` for nothing."),
  "content-dirs": named("pve-dir-override-list", "Other folders for some contents."),
  "create-base-path": flag("Make the base directory when it is missing.", { default: "yes" }),
  "create-subdirs": flag("Make the folders of the enabled contents.", { default: "yes" }),
  "data-pool": text("Pool for data, where metadata lies elsewhere."),
  datastore: text("Datastore of the backup server."),
  disable: flag("Do not use this storage."),
  domain: text("Domain of the account.", { maxLength: 256 }),
  "encryption-key": text("Key for encrypted backups, or `autogen`."),
  export: named("pve-storage-path", "Path of the export on the server."),
  fingerprint: text("SHA-256 fingerprint of the server's certificate.", {
    pattern: "([A-Fa-f0-9]{2}:){31}[A-Fa-f0-9]{2}",
  }),
  format: text("Format of new images.", { enum: ["raw", "qcow2", "subvol", "vmdk"] }),
  "fs-name": named("pve-configid", "Name of the file system."),
  fuse: flag("Mount through FUSE."),
  is_mountpoint: text("The path, or this other one, must be a mount point.", { default: "no" }),
  iscsiprovider: text("Kind of the iSCSI target."),
  keyring: text("Keyring of the client."),
  krbd: flag("Map images through the kernel.", { default: 0 }),
  lio_tpg: text("Target portal group of a LIO target."),
  "master-pubkey": text("Public RSA key that encrypts a copy of the encryption key."),
  "max-protected-backups": {
    type: "integer",
    minimum: -1,
    optional: 1,
    default: "Unlimited for users with Datastore.Allocate privilege, 5 for other users",
    description: "Most protected backups of one guest; -1 for no limit.",
  },
  mkdir: flag("Make missing directories.", { default: "yes" }),
  monhost: named("pve-storage-portal-dns-list", "Addresses of the monitors."),
  mountpoint: named("pve-storage-path", "Where the file system is mounted."),
  namespace: text("Namespace."),
  nocow: flag("No copy-on-write for image files.", { default: 0 }),
  nodes: named("pve-node-list", "The nodes that have this storage; all by default."),
  nowritecache: flag("Turn the target's write cache off."),
  options: named("pve-storage-options", "Mount options."),
  password: text("Password of the account.", { maxLength: 256 }),
  path: named("pve-storage-path", "The directory."),
  pool: text("Pool."),
  port: { type: "integer", minimum: 1, maximum: 65535, optional: 1, description: "Port of the server." },
  portal: named("pve-storage-portal-dns", "iSCSI portal, with or without a port."),
  preallocation: text("How the space of new raw and qcow2 images is set aside.", {
    enum: ["off", "metadata", "falloc", "full"],
    default: "metadata",
  }),
  "prune-backups": named("prune-backups", "Which backups to keep."),
  saferemove: flag("Overwrite the data of removed volumes."),
  "saferemove-stepsize": {
    type: "integer",
    enum: ["1", "2", "4", "8", "16", "32"],
    optional: 1,
    default: 32,
    description: "MiB that are overwritten in one step.",
  },
  saferemove_throughput: text("Throughput of the overwriting."),
  server: named("pve-storage-server", "Address or name of the server."),
  share: text("Share of the server."),
  shared: flag("The same content on every node that has it (this alone does not share anything)."),
  "skip-cert-verification": flag("Do not check the server's certificate.", { default: "false" }),
  smbversion: text("Version of the SMB protocol.", { enum: smbVersions, default: "default" }),
  "snapshot-as-volume-chain": flag("Snapshots as chains of volumes.", { default: 0 }),
  sparse: flag("Do not reserve the space of new volumes."),
  subdir: named("pve-storage-path", "Folder to mount."),
  tagged_only: flag("Only logical volumes with the tag of a guest."),
  target: text("iSCSI target."),
  thinpool: named("pve-storage-vgname", "Logical volume that is the thin pool."),
  username: text("Name of the account."),
  vgname: named("pve-storage-vgname", "Volume group."),
  "zfs-base-path": named("pve-storage-path", "Where the zvols' device nodes are."),
} as const satisfies Properties;

export type StorageProperty = keyof typeof STORAGE_PROPERTIES;
