/** Property strings of everything in a VM that is not a drive. */
import type { Properties, Schema } from "../../../rest/schema.ts";

const flag = (description: string): Schema => ({ type: "boolean", optional: 1, description });
const flagOr = (fallback: 0 | 1, description: string): Schema => ({
  type: "boolean",
  default: fallback,
  optional: 1,
  description,
});

export const NET_MODELS = [
  "e1000",
  "e1000-82540em",
  "e1000-82544gc",
  "e1000-82545em",
  "e1000e",
  "i82551",
  "i82557b",
  "i82559er",
  "ne2k_isa",
  "ne2k_pci",
  "pcnet",
  "rtl8139",
  "virtio",
  "vmxnet3",
] as const;

const cpuRanges = "(?:\\d+(?:-\\d+)?(?:;\\d+(?:-\\d+)?)*)";

export const net: Properties = {
  ...Object.fromEntries(NET_MODELS.map((model) => [model, { alias: "macaddr", keyAlias: "model" }])),
  model: { type: "string", enum: NET_MODELS, default_key: 1, description: "The card that the guest sees." },
  macaddr: { type: "string", format: "mac-addr", optional: 1, description: "Its MAC address; made up when absent." },
  bridge: {
    type: "string",
    format: "pve-bridge-id",
    optional: 1,
    description: "Bridge to attach to; without one the card is behind user-mode NAT.",
  },
  firewall: flag("Whether the firewall looks at this card."),
  "host-tunnel": flag("Whether tunnel offloads of the host are offered to the guest."),
  link_down: flag("Start with the cable unplugged."),
  mtu: {
    type: "integer",
    minimum: 1,
    maximum: 65520,
    optional: 1,
    description: "MTU told to the guest (virtio only); 1 is the bridge's.",
  },
  queues: { type: "integer", minimum: 0, maximum: 64, optional: 1, description: "Number of packet queues." },
  rate: { type: "number", minimum: 0, optional: 1, description: "Most MB per second." },
  tag: { type: "integer", minimum: 1, maximum: 4094, optional: 1, description: "VLAN tag of the card's packets." },
  trunks: { type: "string", pattern: cpuRanges, optional: 1, description: "VLAN tags passed through to the guest." },
};

export const agent: Properties = {
  enabled: { type: "boolean", default: 0, default_key: 1, description: "Whether the guest agent's channel exists." },
  "freeze-fs": flagOr(1, "Whether backups and snapshots freeze the guest's file systems."),
  "freeze-fs-on-backup": { alias: "freeze-fs" },
  "guest-fsfreeze": { alias: "freeze-fs" },
  fstrim_cloned_disks: flagOr(0, "Trim file systems after a disk has moved."),
  type: {
    type: "string",
    enum: ["virtio", "isa"],
    default: "virtio",
    optional: 1,
    description: "The device that carries the channel.",
  },
};

export const audio: Properties = {
  device: { type: "string", enum: ["ich9-intel-hda", "intel-hda", "AC97"], description: "The sound card." },
  driver: {
    type: "string",
    enum: ["spice", "none"],
    default: "spice",
    optional: 1,
    description: "Where the sound goes.",
  },
};

export const ivshmem: Properties = {
  name: { type: "string", pattern: "[a-zA-Z0-9\\-]+", optional: 1, description: "Name of the shared file." },
  size: { type: "integer", minimum: 1, description: "Size in MiB." },
};

export const machine: Properties = {
  type: {
    type: "string",
    pattern:
      "(pc|pc(-i440fx)?-\\d+(\\.\\d+)+(\\+pve\\d+)?(\\.pxe)?|q35|pc-q35-\\d+(\\.\\d+)+(\\+pve\\d+)?(\\.pxe)?|virt(?:-\\d+(\\.\\d+)+)?(\\+pve\\d+)?)",
    maxLength: 40,
    default_key: 1,
    optional: 1,
    description: "Machine type, with a version to pin it.",
  },
  viommu: { type: "string", enum: ["intel", "virtio"], optional: 1, description: "The guest's IOMMU." },
  "aw-bits": {
    type: "number",
    minimum: 32,
    maximum: 64,
    optional: 1,
    description: "Address width of the IOMMU in bits.",
  },
  "enable-s3": flag("Whether suspend to RAM is offered."),
  "enable-s4": flag("Whether suspend to disk is offered."),
};

export const memory: Properties = {
  current: { type: "integer", minimum: 16, default: 512, default_key: 1, description: "Memory in MiB." },
};

export const meta: Properties = {
  "creation-qemu": {
    type: "string",
    pattern: "\\d+(\\.\\d+)+",
    optional: 1,
    description: "QEMU's version when the VM was created.",
  },
  ctime: { type: "integer", minimum: 0, optional: 1, description: "Creation time, epoch seconds." },
};

export const numaNode: Properties = {
  cpus: { type: "string", pattern: cpuRanges, description: "The guest's CPUs in this node." },
  memory: { type: "number", optional: 1, description: "Memory of this node in MiB." },
  hostnodes: { type: "string", pattern: cpuRanges, optional: 1, description: "Host nodes that back it." },
  policy: {
    type: "string",
    enum: ["preferred", "bind", "interleave"],
    optional: 1,
    description: "How strictly the host nodes bind.",
  },
};

export const spiceEnhancements: Properties = {
  foldersharing: flagOr(0, "Folder sharing through WebDAV."),
  videostreaming: {
    type: "string",
    enum: ["off", "all", "filter"],
    default: "off",
    optional: 1,
    description: "Compress detected video.",
  },
};

export const usb: Properties = {
  host: {
    type: "string",
    pattern:
      "(?:(?:(?:(?:(0x)?([0-9A-Fa-f]{4}):(0x)?([0-9A-Fa-f]{4})))|(?:(?:(\\d+)\\-(\\d+(\\.\\d+)*)))|[Ss][Pp][Ii][Cc][Ee]))",
    default_key: 1,
    optional: 1,
    description: "Vendor and product id, bus and port, or `spice`.",
  },
  mapping: { type: "string", format: "pve-configid", optional: 1, description: "A mapped device." },
  usb3: flagOr(0, "Attach to a USB 3 controller."),
};

export const vga: Properties = {
  type: {
    type: "string",
    enum: [
      "cirrus",
      "qxl",
      "qxl2",
      "qxl3",
      "qxl4",
      "none",
      "serial0",
      "serial1",
      "serial2",
      "serial3",
      "std",
      "virtio",
      "virtio-gl",
      "vmware",
    ],
    default: "std",
    default_key: 1,
    optional: 1,
    description: "The display adapter, or the serial port that takes its place.",
  },
  memory: { type: "integer", minimum: 4, maximum: 512, optional: 1, description: "Its memory in MiB." },
  clipboard: { type: "string", enum: ["vnc"], optional: 1, description: "Clipboard through the VNC console." },
};

export const virtiofs: Properties = {
  dirid: { type: "string", format: "pve-configid", default_key: 1, description: "The directory mapping to share." },
  cache: {
    type: "string",
    enum: ["auto", "always", "metadata", "never"],
    default: "auto",
    optional: 1,
    description: "How long the guest may cache.",
  },
  "direct-io": flagOr(0, "Honour O_DIRECT of the guest."),
  "expose-acl": flagOr(0, "Offer POSIX ACLs."),
  "expose-xattr": flagOr(0, "Offer extended attributes."),
};
