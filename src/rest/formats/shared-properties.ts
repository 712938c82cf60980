/** Property strings of containers, backups, storages, nodes and realms. */
import type { Properties } from "../schema.ts";

export const sharedProperties = {
  "pve-ct-mountpoint": {
    acl: { optional: 1, type: "boolean" },
    backup: { optional: 1, type: "boolean" },
    idmap: {
      optional: 1,
      pattern: "(?:^(?:passthrough|[ug]:[0-9]+:[0-9]+:[1-9][0-9]*(?:;[ug]:[0-9]+:[0-9]+:[1-9][0-9]*)*)$)",
      type: "string",
    },
    keepattrs: { default: 0, optional: 1, type: "boolean" },
    mountoptions: {
      optional: 1,
      pattern:
        "(?:(?:(discard|lazytime|noatime|nodev|noexec|nosuid))(;(?:(discard|lazytime|noatime|nodev|noexec|nosuid)))*)",
      type: "string",
    },
    mp: { format: "pve-lxc-mp-string", type: "string" },
    quota: { optional: 1, type: "boolean" },
    replicate: { default: 1, optional: 1, type: "boolean" },
    ro: { optional: 1, type: "boolean" },
    shared: { default: 0, optional: 1, type: "boolean" },
    size: { format: "disk-size", optional: 1, type: "string" },
    volume: { default_key: 1, format: "pve-lxc-mp-string", type: "string" },
  },
  "pve-lxc-network": {
    bridge: { optional: 1, pattern: "[-_.\\w\\d]+", type: "string" },
    firewall: { optional: 1, type: "boolean" },
    gw: { format: "ipv4", optional: 1, type: "string" },
    gw6: { format: "ipv6", optional: 1, type: "string" },
    "host-managed": { optional: 1, type: "boolean" },
    hwaddr: { format: "mac-addr", optional: 1, type: "string" },
    ip: { format: "pve-ipv4-config", optional: 1, type: "string" },
    ip6: { format: "pve-ipv6-config", optional: 1, type: "string" },
    link_down: { optional: 1, type: "boolean" },
    mtu: { maximum: 65535, minimum: 64, optional: 1, type: "integer" },
    name: { pattern: "[-_.\\w\\d]+", type: "string" },
    rate: { optional: 1, type: "number" },
    tag: { maximum: 4094, minimum: 1, optional: 1, type: "integer" },
    trunks: { optional: 1, pattern: "(?:\\d+(?:;\\d+)*)", type: "string" },
    type: { enum: ["veth"], optional: 1, type: "string" },
  },
  "backup-fleecing": {
    enabled: { default: 0, default_key: 1, optional: 1, type: "boolean" },
    storage: { format: "pve-storage-id", optional: 1, type: "string" },
  },
  "backup-performance": {
    "max-workers": { default: 16, maximum: 256, minimum: 1, optional: 1, type: "integer" },
    "pbs-entries-max": { default: 1048576, minimum: 1, optional: 1, type: "integer" },
  },
  bwlimit: {
    clone: { minimum: 0, optional: 1, type: "number" },
    default: { minimum: 0, optional: 1, type: "number" },
    migration: { minimum: 0, optional: 1, type: "number" },
    move: { minimum: 0, optional: 1, type: "number" },
    restore: { minimum: 0, optional: 1, type: "number" },
  },
  "proxmox-remote": {
    apitoken: { type: "string" },
    fingerprint: { optional: 1, pattern: "([A-Fa-f0-9]{2}:){31}[A-Fa-f0-9]{2}", type: "string" },
    host: { type: "string" },
    port: { optional: 1, type: "integer" },
  },
  "prune-backups": {
    "keep-all": { optional: 1, type: "boolean" },
    "keep-daily": { minimum: 0, optional: 1, type: "integer" },
    "keep-hourly": { minimum: 0, optional: 1, type: "integer" },
    "keep-last": { minimum: 0, optional: 1, type: "integer" },
    "keep-monthly": { minimum: 0, optional: 1, type: "integer" },
    "keep-weekly": { minimum: 0, optional: 1, type: "integer" },
    "keep-yearly": { minimum: 0, optional: 1, type: "integer" },
  },
  "pve-node-location": {
    latitude: { maximum: 90, minimum: -90, type: "number" },
    longitude: { maximum: 180, minimum: -180, type: "number" },
    name: { maxLength: 128, optional: 1, type: "string" },
  },
  "pve-sdn-dhcp-range": {
    "end-address": { type: "string", format: "ip" },
    "start-address": { type: "string", format: "ip" },
  },
  "pve-tfa-config": {
    digits: { default: 6, maximum: 8, minimum: 6, optional: 1, type: "integer" },
    id: { optional: 1, type: "string" },
    key: { optional: 1, type: "string" },
    step: { default: 30, minimum: 10, optional: 1, type: "integer" },
    type: { enum: ["yubico", "oath"], type: "string" },
    url: { optional: 1, type: "string" },
  },
  "realm-sync-options": {
    "enable-new": { default: 1, optional: 1, type: "boolean" },
    full: { optional: 1, type: "boolean" },
    purge: { optional: 1, type: "boolean" },
    "remove-vanished": {
      default: "none",
      optional: 1,
      pattern: "(?:(?:(?:acl|properties|entry);)*(?:acl|properties|entry))|none",
      type: "string",
    },
    scope: { enum: ["users", "groups", "both"], optional: 1, type: "string" },
  },
} as const satisfies Readonly<Record<string, Properties>>;
