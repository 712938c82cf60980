/** Every key of a VM's config: how a request may set it, and how a file may hold it. */
import type { Properties, Schema } from "../../../rest/schema.ts";
import {
  agent,
  audio,
  ivshmem,
  machine,
  memory,
  meta,
  net,
  numaNode,
  spiceEnhancements,
  usb,
  vga,
  virtiofs,
} from "./devices.ts";
import { requestedDrives, storedDrives, unusedDrive } from "./drive.ts";

const flag = (description: string, fallback?: 0 | 1): Schema => ({
  type: "boolean",
  optional: 1,
  description,
  ...(fallback === undefined ? {} : { default: fallback }),
});
const text = (description: string, more: Schema = {}): Schema => ({
  type: "string",
  optional: 1,
  description,
  ...more,
});
const integer = (description: string, more: Schema): Schema => ({ type: "integer", optional: 1, description, ...more });
/** A family `name0`, `name1`… up to `last`. */
const family = (last: number, description: string, more: Schema): Schema => ({
  type: "string",
  optional: 1,
  description,
  index: [0, last],
  ...more,
});

export const OS_TYPES = [
  "other",
  "wxp",
  "w2k",
  "w2k3",
  "w2k8",
  "wvista",
  "win7",
  "win8",
  "win10",
  "win11",
  "l24",
  "l26",
  "solaris",
] as const;

export const VM_LOCKS = [
  "backup",
  "clone",
  "create",
  "migrate",
  "rollback",
  "snapshot",
  "snapshot-delete",
  "suspending",
  "suspended",
] as const;

const KEYBOARDS =
  "de de-ch da en-gb en-us es fi fr fr-be fr-ca fr-ch hu is it ja lt mk nl no pl pt pt-br sv sl tr".split(" ");

/** Highest index of each indexed family. */
export const LAST_INDEX = { ide: 3, scsi: 30, virtio: 15, sata: 5, unused: 255, net: 31 } as const;

const plain: Properties = {
  acpi: flag("Whether the guest has ACPI.", 1),
  affinity: text("Host CPUs that the VM may run on.", { format: "pve-cpuset" }),
  agent: text("The guest agent's channel and what it is used for.", { format: agent }),
  "allow-ksm": flag("Whether equal memory pages may be merged with those of other guests.", 1),
  "amd-sev": text("Memory encryption of AMD CPUs.", { format: "pve-qemu-sev-fmt" }),
  arch: text("Architecture of the virtual CPU; the host's by default.", { enum: ["x86_64", "aarch64"] }),
  args: text("More arguments for QEMU; for root only."),
  audio0: text("A sound card.", { format: audio }),
  autostart: flag("Kept for old configs; has no effect.", 0),
  balloon: integer("Least memory in MiB when the host is short; 0 for no balloon.", { minimum: 0 }),
  bios: text("The firmware.", { enum: ["seabios", "ovmf"], default: "seabios" }),
  boot: text("What to boot from, in order.", { format: "pve-qm-boot" }),
  bootdisk: text("Old way to name the boot disk.", {
    format: "pve-qm-bootdisk",
    pattern: "(ide|sata|scsi|virtio)\\d+",
  }),
  cicustom: text("Snippets in place of generated cloud-init files.", { format: "pve-qm-cicustom" }),
  cipassword: text("Password of the cloud-init user; stored as a hash."),
  citype: text("Format of the cloud-init drive.", { enum: ["configdrive2", "nocloud", "opennebula"] }),
  ciupgrade: flag("Whether cloud-init upgrades packages at first boot.", 1),
  ciuser: text("Name of the cloud-init user."),
  cores: integer("Cores in each socket.", { minimum: 1, default: 1 }),
  cpu: text("The CPU that the guest sees.", { format: "pve-vm-cpu-conf" }),
  cpulimit: {
    type: "number",
    minimum: 0,
    maximum: 128,
    default: 0,
    optional: 1,
    description: "Most host CPUs in use.",
  },
  cpuunits: integer("Weight against other guests.", {
    minimum: 1,
    maximum: 262144,
    default: "cgroup v1: 1024, cgroup v2: 100",
  }),
  description: text("Notes for people, Markdown.", { maxLength: 8192 }),
  freeze: flag("Start paused."),
  hookscript: text("Snippet run before and after start and stop.", { format: "pve-volume-id" }),
  hotplug: text("What may change while the guest runs.", {
    format: "pve-hotplug-features",
    default: "network,disk,usb",
  }),
  hugepages: text("Size of huge pages in MiB, or any.", { enum: ["any", "2", "1024"] }),
  "intel-tdx": text("Memory encryption of Intel CPUs.", { format: "pve-qemu-tdx-fmt" }),
  ivshmem: text("Memory shared with the host or another guest.", { format: ivshmem }),
  keephugepages: flag("Keep huge pages after the guest has stopped.", 0),
  keyboard: text("Keyboard layout of the VNC console.", { enum: KEYBOARDS, default: null }),
  kvm: flag("Whether the host's CPU runs the guest directly.", 1),
  localtime: flag("Whether the clock starts at local time."),
  lock: text("What the VM is locked for.", { enum: VM_LOCKS }),
  machine: text("The virtual board.", { format: machine }),
  memory: text("Memory of the guest.", { format: memory }),
  migrate_downtime: {
    type: "number",
    minimum: 0,
    default: 0.1,
    optional: 1,
    description: "Longest pause at the end of a live migration, in seconds.",
  },
  migrate_speed: integer("Most MB per second in a migration; 0 for no limit.", { minimum: 0, default: 0 }),
  name: text("Name of the VM.", { format: "dns-name" }),
  nameserver: text("DNS servers for cloud-init.", { format: "address-list" }),
  numa: flag("Whether the guest has NUMA nodes.", 0),
  onboot: flag("Start when the node boots.", 0),
  ostype: text("The guest's operating system; tunes many defaults.", { enum: OS_TYPES, default: "other" }),
  protection: flag("Refuse removal of the VM and of its disks.", 0),
  reboot: flag("Whether a reboot by the guest is allowed; else it ends.", 1),
  rng0: text("A random number generator.", { format: "pve-qm-rng" }),
  scsihw: text("The SCSI controller.", {
    enum: ["lsi", "lsi53c810", "virtio-scsi-pci", "virtio-scsi-single", "megasas", "pvscsi"],
    default: "lsi",
  }),
  searchdomain: text("DNS search domains for cloud-init."),
  shares: integer("Weight in automatic ballooning; 0 for none.", { minimum: 0, maximum: 50000, default: 1000 }),
  smbios1: text("Texts of SMBIOS type 1.", { format: "pve-qm-smbios1", maxLength: 512 }),
  smp: integer("Old name of sockets.", { minimum: 1, default: 1 }),
  sockets: integer("CPU sockets.", { minimum: 1, default: 1 }),
  spice_enhancements: text("Extras of the SPICE console.", { format: spiceEnhancements }),
  sshkeys: text("Public keys for cloud-init, URL-encoded lines.", { format: "urlencoded" }),
  startdate: text("Where the clock starts.", {
    pattern: "(now|\\d{4}-\\d{1,2}-\\d{1,2}(T\\d{1,2}:\\d{1,2}:\\d{1,2})?)",
    default: "now",
  }),
  startup: text("Place in the start order, and delays.", { format: "pve-startup-order" }),
  tablet: flag("Whether there is a USB tablet for absolute pointing.", 1),
  tags: text("Labels.", { format: "pve-tag-list" }),
  tdf: flag("Correct time drift.", 0),
  template: flag("Whether this is a template.", 0),
  vcpus: integer("CPUs present at start; all by default.", { minimum: 1, default: 0 }),
  vga: text("The display adapter.", { format: vga }),
  vmgenid: text("Generation id; 1 makes one, 0 has none.", {
    pattern: "(?:[a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}|[01])",
    default: "1 (autogenerated)",
  }),
  vmstatestorage: text("Storage for saved RAM.", { format: "pve-storage-id" }),
  watchdog: text("A watchdog device.", { format: "pve-qm-watchdog" }),
};

const families: Properties = {
  "hostpci[n]": family(15, "A device of the host passed through.", { format: "pve-qm-hostpci" }),
  "ipconfig[n]": family(31, "Addresses of the card with this number, for cloud-init.", { format: "pve-qm-ipconfig" }),
  "net[n]": family(LAST_INDEX.net, "A network card.", { format: net }),
  "numa[n]": family(7, "A NUMA node of the guest.", { format: numaNode }),
  "parallel[n]": family(2, "A parallel port of the host.", { pattern: "/dev/parport\\d+|/dev/usb/lp\\d+" }),
  "serial[n]": family(3, "A serial port: one of the host, or a socket.", { pattern: "(/dev/[^,]+|socket)" }),
  "unused[n]": family(LAST_INDEX.unused, "A volume that is kept but not attached.", { format: unusedDrive }),
  "usb[n]": family(13, "A USB device.", { format: usb }),
  "virtiofs[n]": family(9, "A directory of the host shared with the guest.", { format: virtiofs }),
};

function drives(formats: typeof requestedDrives): Properties {
  return {
    "ide[n]": family(LAST_INDEX.ide, "An IDE drive.", { format: formats.ide }),
    "sata[n]": family(LAST_INDEX.sata, "A SATA drive.", { format: formats.sata }),
    "scsi[n]": family(LAST_INDEX.scsi, "A SCSI drive.", { format: formats.scsi }),
    "virtio[n]": family(LAST_INDEX.virtio, "A virtio block drive.", { format: formats.virtio }),
    efidisk0: text("Where the firmware keeps its variables.", { format: formats.efidisk }),
    tpmstate0: text("Where the TPM keeps its state.", { format: formats.tpmstate }),
    cdrom: text("Old name of ide2.", { format: "pve-qm-ide" }),
  };
}

/** What a request may set. */
export const requestOptions: Properties = { ...plain, ...families, ...drives(requestedDrives) };

/** Keys that only the system writes. */
const systemOptions: Properties = {
  meta: text("How the VM came to be.", { format: meta }),
  parent: text("The snapshot that this state follows.", { format: "pve-configid", maxLength: 40 }),
  "running-nets-host-mtu": text("MTUs of the cards when the RAM was saved.", {
    pattern: "net\\d+=\\d+(,net\\d+=\\d+)*",
  }),
  runningcpu: text("CPU of the running guest when its RAM was saved.", {
    pattern: "(?:^((?:[+-]?[\\w\\-\\._=]+,?)+)$)",
  }),
  runningmachine: text("Machine type of the running guest when its RAM was saved.", { format: machine }),
  snaptime: integer("When the snapshot was taken, epoch seconds.", { minimum: 0 }),
  vmstate: text("Volume with the saved RAM.", { format: "pve-volume-id" }),
};

/** What a config file may hold. */
export const storedOptions: Properties = { ...plain, ...families, ...drives(storedDrives), ...systemOptions };

/** The schema of one key as a file spells it (`net3`, `cores`), or undefined for a key that no VM has. */
export function storedOption(key: string): Schema | undefined {
  return lookUp(storedOptions, key);
}

/** Like {@link storedOption} for requests. */
export function requestOption(key: string): Schema | undefined {
  return lookUp(requestOptions, key);
}

function lookUp(options: Properties, key: string): Schema | undefined {
  if (Object.hasOwn(options, key)) return key.endsWith("[n]") ? undefined : options[key];
  const parts = /^(.*\D)(0|[1-9]\d*)$/.exec(key);
  const schema = parts?.[1] === undefined ? undefined : options[`${parts[1]}[n]`];
  const last = schema?.index?.[1];
  return last !== undefined && Number(parts?.[2]) <= last ? schema : undefined;
}
