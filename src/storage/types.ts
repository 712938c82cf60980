/** The types of storages: which options each has, what may lie on it and in which formats. Tables only. */
import type { SectionOption, SectionSchema } from "../section-config/index.ts";
import { STORAGE_PROPERTIES, type StorageProperty } from "./properties.ts";

export type Content = "images" | "rootdir" | "vztmpl" | "iso" | "backup" | "snippets" | "import" | "none";
export type ImageFormat = "raw" | "qcow2" | "vmdk" | "subvol";

export interface StorageType {
  readonly content: readonly Content[];
  readonly defaultContent: readonly Content[];
  readonly formats: readonly ImageFormat[];
  readonly defaultFormat: ImageFormat;
  /** Every node sees the same content, whatever the section says. */
  readonly isAlwaysShared?: true;
  /** Volumes are chosen from what exists, never made. */
  readonly selectsExisting?: true;
  /** Content lies in folders of a directory. */
  readonly isDirectory?: true;
  /** Options that are kept below `priv/` and never in the file. */
  readonly secrets?: readonly string[];
  readonly options: Readonly<Partial<Record<StorageProperty, SectionOption>>>;
}

const REQUIRED = { fixed: 1 } as const;
const FIXED = { fixed: 1, optional: 1 } as const;
const OPTIONAL = { optional: 1 } as const;

const ALL_CONTENT: readonly Content[] = ["images", "rootdir", "vztmpl", "iso", "backup", "snippets", "import"];
const GUEST_CONTENT: readonly Content[] = ["images", "rootdir"];

function optional<const N extends StorageProperty>(...names: readonly N[]): Record<N, SectionOption> {
  return Object.fromEntries(names.map((name) => [name, OPTIONAL])) as Record<N, SectionOption>;
}

const COMMON = optional("nodes", "disable", "content");
const PRUNING = optional("prune-backups", "max-protected-backups");
const MAKING = optional("mkdir", "create-base-path", "create-subdirs");
const NETWORK_MOUNT = {
  ...COMMON,
  ...PRUNING,
  ...MAKING,
  ...optional("content-dirs", "options", "format", "bwlimit", "preallocation"),
  "snapshot-as-volume-chain": FIXED,
  path: FIXED,
};

export const STORAGE_TYPES: Readonly<Record<string, StorageType>> = {
  dir: {
    content: [...ALL_CONTENT, "none"],
    defaultContent: GUEST_CONTENT,
    formats: ["raw", "qcow2", "vmdk", "subvol"],
    defaultFormat: "raw",
    isDirectory: true,
    options: {
      ...COMMON,
      ...PRUNING,
      ...MAKING,
      ...optional("content-dirs", "shared", "format", "is_mountpoint", "bwlimit", "preallocation"),
      "snapshot-as-volume-chain": FIXED,
      path: REQUIRED,
    },
  },
  nfs: {
    content: ALL_CONTENT,
    defaultContent: ["images"],
    formats: ["raw", "qcow2", "vmdk"],
    defaultFormat: "raw",
    isAlwaysShared: true,
    isDirectory: true,
    options: { ...NETWORK_MOUNT, server: REQUIRED, export: REQUIRED },
  },
  cifs: {
    content: ALL_CONTENT,
    defaultContent: ["images"],
    formats: ["raw", "qcow2", "vmdk"],
    defaultFormat: "raw",
    isAlwaysShared: true,
    isDirectory: true,
    secrets: ["password"],
    options: {
      ...NETWORK_MOUNT,
      ...optional("subdir", "username", "password", "domain", "smbversion"),
      server: REQUIRED,
      share: REQUIRED,
    },
  },
  cephfs: {
    content: ["vztmpl", "iso", "backup", "snippets", "import"],
    defaultContent: ["backup"],
    formats: ["raw"],
    defaultFormat: "raw",
    isAlwaysShared: true,
    isDirectory: true,
    secrets: ["keyring"],
    options: {
      ...COMMON,
      ...PRUNING,
      ...MAKING,
      ...optional("monhost", "subdir", "username", "fuse", "keyring", "fs-name", "options", "content-dirs", "bwlimit"),
      path: FIXED,
    },
  },
  btrfs: {
    content: [...ALL_CONTENT, "none"],
    defaultContent: GUEST_CONTENT,
    formats: ["raw", "subvol"],
    defaultFormat: "raw",
    isDirectory: true,
    options: {
      ...COMMON,
      ...PRUNING,
      ...MAKING,
      ...optional("shared", "format", "is_mountpoint", "nocow", "preallocation", "content-dirs", "bwlimit"),
      path: REQUIRED,
    },
  },
  lvm: {
    content: GUEST_CONTENT,
    defaultContent: ["images"],
    formats: ["raw", "qcow2"],
    defaultFormat: "raw",
    options: {
      ...COMMON,
      ...optional("shared", "saferemove", "saferemove-stepsize", "saferemove_throughput", "tagged_only", "bwlimit"),
      ...optional("snapshot-as-volume-chain"),
      vgname: REQUIRED,
      base: FIXED,
    },
  },
  lvmthin: {
    content: GUEST_CONTENT,
    defaultContent: GUEST_CONTENT,
    formats: ["raw"],
    defaultFormat: "raw",
    options: { ...COMMON, ...optional("bwlimit"), vgname: REQUIRED, thinpool: REQUIRED },
  },
  zfspool: {
    content: GUEST_CONTENT,
    defaultContent: GUEST_CONTENT,
    formats: ["raw", "subvol"],
    defaultFormat: "raw",
    options: { ...COMMON, ...optional("blocksize", "sparse", "mountpoint", "bwlimit"), pool: REQUIRED },
  },
  zfs: {
    content: ["images"],
    defaultContent: ["images"],
    formats: ["raw"],
    defaultFormat: "raw",
    isAlwaysShared: true,
    options: {
      ...COMMON,
      ...optional("nowritecache", "sparse", "comstar_hg", "comstar_tg", "lio_tpg", "zfs-base-path", "bwlimit"),
      portal: REQUIRED,
      target: REQUIRED,
      pool: REQUIRED,
      blocksize: REQUIRED,
      iscsiprovider: REQUIRED,
    },
  },
  iscsi: {
    content: ["images", "none"],
    defaultContent: ["images"],
    formats: ["raw"],
    defaultFormat: "raw",
    isAlwaysShared: true,
    selectsExisting: true,
    options: { ...COMMON, ...optional("bwlimit"), portal: REQUIRED, target: REQUIRED },
  },
  iscsidirect: {
    content: ["images", "none"],
    defaultContent: ["images"],
    formats: ["raw"],
    defaultFormat: "raw",
    isAlwaysShared: true,
    selectsExisting: true,
    options: { ...COMMON, ...optional("bwlimit"), portal: REQUIRED, target: REQUIRED },
  },
  rbd: {
    content: GUEST_CONTENT,
    defaultContent: ["images"],
    formats: ["raw"],
    defaultFormat: "raw",
    isAlwaysShared: true,
    secrets: ["keyring"],
    options: {
      ...COMMON,
      ...optional("monhost", "pool", "data-pool", "namespace", "username", "krbd", "keyring", "bwlimit"),
    },
  },
  pbs: {
    content: ["backup", "none"],
    defaultContent: ["backup"],
    formats: ["raw"],
    defaultFormat: "raw",
    isAlwaysShared: true,
    secrets: ["password", "encryption-key", "master-pubkey"],
    options: {
      ...COMMON,
      ...PRUNING,
      ...optional("namespace", "port", "username", "password", "encryption-key", "master-pubkey", "fingerprint"),
      server: REQUIRED,
      datastore: REQUIRED,
    },
  },
  esxi: {
    content: ["import"],
    defaultContent: ["import"],
    formats: ["raw", "qcow2", "vmdk"],
    defaultFormat: "raw",
    secrets: ["password"],
    options: {
      ...COMMON,
      ...optional("password", "skip-cert-verification", "port", "shared"),
      server: {},
      username: {},
    },
  },
};

export const STORAGE_TYPE_NAMES = Object.keys(STORAGE_TYPES).sort();

/** How storage.cfg is read and written. */
export const STORAGE_SECTIONS: SectionSchema = {
  shared: {
    type: { type: "string" },
    id: { type: "string", format: "pve-storage-id" },
    ...STORAGE_PROPERTIES,
  },
  types: Object.fromEntries(
    Object.entries(STORAGE_TYPES).map(([name, { options }]) => [name, { options: { ...options } }]),
  ),
  lowercasesTypes: true,
};
