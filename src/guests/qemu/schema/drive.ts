/**
 * The property strings of drives, one per bus. What a bus cannot do is absent from its schema, so that a wrong key is
 * refused where it is typed. `import-from` exists in requests only, never in a stored config.
 */
import type { Properties, Schema } from "../../../rest/schema.ts";

const flag = (description: string): Schema => ({ type: "boolean", optional: 1, description });
const count = (description: string): Schema => ({ type: "integer", optional: 1, description });
const megabytes = (description: string): Schema => ({ type: "number", optional: 1, description });
const seconds = (description: string): Schema => ({ type: "integer", minimum: 1, optional: 1, description });

const file: Properties = {
  file: {
    type: "string",
    format: "pve-volume-id-or-qm-path",
    default_key: 1,
    description: "The volume behind the drive, `none` for an empty tray or `cdrom` for the host's own.",
  },
  volume: { alias: "file" },
  size: { type: "string", format: "disk-size", optional: 1, description: "Size as last seen; set by the system." },
};

const imageFormat: Properties = {
  format: {
    type: "string",
    enum: ["raw", "qcow", "qed", "qcow2", "vmdk", "cloop"],
    optional: 1,
    description: "Image format, where it does not follow from the volume.",
  },
};

const throttle: Properties = {
  bps: count("Most bytes per second, both directions."),
  bps_rd: count("Most bytes read per second."),
  bps_wr: count("Most bytes written per second."),
  bps_max_length: seconds("Longest burst above the byte limit, in seconds."),
  bps_rd_max_length: seconds("Longest read burst, in seconds."),
  bps_wr_max_length: seconds("Longest write burst, in seconds."),
  bps_rd_length: { alias: "bps_rd_max_length" },
  bps_wr_length: { alias: "bps_wr_max_length" },
  iops: count("Most operations per second."),
  iops_rd: count("Most reads per second."),
  iops_wr: count("Most writes per second."),
  iops_max: count("Most operations per second in a burst."),
  iops_rd_max: count("Most reads per second in a burst."),
  iops_wr_max: count("Most writes per second in a burst."),
  iops_max_length: seconds("Longest burst of operations, in seconds."),
  iops_rd_max_length: seconds("Longest burst of reads, in seconds."),
  iops_wr_max_length: seconds("Longest burst of writes, in seconds."),
  iops_rd_length: { alias: "iops_rd_max_length" },
  iops_wr_length: { alias: "iops_wr_max_length" },
  mbps: megabytes("Most MiB per second, both directions."),
  mbps_rd: megabytes("Most MiB read per second."),
  mbps_wr: megabytes("Most MiB written per second."),
  mbps_max: megabytes("Most MiB per second in a burst."),
  mbps_rd_max: megabytes("Most MiB read per second in a burst."),
  mbps_wr_max: megabytes("Most MiB written per second in a burst."),
};

const common: Properties = {
  ...file,
  ...imageFormat,
  ...throttle,
  aio: {
    type: "string",
    enum: ["native", "threads", "io_uring"],
    optional: 1,
    description: "How the host does the input and output.",
  },
  backup: flag("Whether backups contain this drive."),
  cache: {
    type: "string",
    enum: ["none", "writethrough", "writeback", "unsafe", "directsync"],
    optional: 1,
    description: "How the host caches the drive.",
  },
  detect_zeroes: flag("Whether writes of zeroes are turned into holes."),
  discard: { type: "string", enum: ["ignore", "on"], optional: 1, description: "Whether discards reach the storage." },
  media: {
    type: "string",
    enum: ["cdrom", "disk"],
    default: "disk",
    optional: 1,
    description: "Disk or optical drive.",
  },
  replicate: {
    type: "boolean",
    default: 1,
    optional: 1,
    description: "Whether replication jobs contain this drive.",
  },
  rerror: {
    type: "string",
    enum: ["ignore", "report", "stop"],
    optional: 1,
    description: "What happens at a read error.",
  },
  serial: {
    type: "string",
    format: "urlencoded",
    maxLength: 60,
    optional: 1,
    description: "Serial number that the guest sees, URL-encoded.",
  },
  shared: {
    type: "boolean",
    default: 0,
    optional: 1,
    description: "The volume is the same on every node, though its storage does not say so.",
  },
  snapshot: flag("Drop all writes when the guest ends."),
  werror: {
    type: "string",
    enum: ["enospc", "ignore", "report", "stop"],
    optional: 1,
    description: "What happens at a write error.",
  },
};

const ssd: Properties = { ssd: flag("Present the drive as a solid-state one.") };
const wwn: Properties = {
  wwn: {
    type: "string",
    pattern: "(?:^(0x)[0-9a-fA-F]{16})",
    optional: 1,
    description: "World-wide name that the guest sees.",
  },
};
const iothread: Properties = { iothread: flag("Give the drive a thread of its own.") };
const readOnly: Properties = { ro: flag("Attach read-only.") };

const ide: Properties = {
  ...common,
  ...ssd,
  ...wwn,
  model: {
    type: "string",
    format: "urlencoded",
    maxLength: 120,
    optional: 1,
    description: "Model name that the guest sees, URL-encoded.",
  },
};

const scsi: Properties = {
  ...common,
  ...ssd,
  ...wwn,
  ...iothread,
  ...readOnly,
  product: {
    type: "string",
    pattern: "[A-Za-z0-9\\-_\\s]{0,16}",
    optional: 1,
    description: "Product name that the guest sees.",
  },
  queues: { type: "integer", minimum: 2, optional: 1, description: "Number of request queues." },
  scsiblock: {
    type: "boolean",
    default: 0,
    optional: 1,
    description: "Pass SCSI commands through to the host's device.",
  },
  vendor: {
    type: "string",
    pattern: "[A-Za-z0-9\\-_\\s]{0,8}",
    optional: 1,
    description: "Vendor name that the guest sees.",
  },
};

const sata: Properties = { ...common, ...ssd, ...wwn };
const virtio: Properties = { ...common, ...iothread, ...readOnly };

const efidisk: Properties = {
  ...file,
  ...imageFormat,
  efitype: {
    type: "string",
    enum: ["2m", "4m"],
    default: "2m",
    optional: 1,
    description: "Size class of the firmware; Secure Boot needs 4m.",
  },
  "ms-cert": {
    type: "string",
    enum: ["2011", "2023", "2023w", "2023k"],
    default: "2011",
    optional: 1,
    description: "Which Microsoft certificates are enrolled; set by the system.",
  },
  "pre-enrolled-keys": {
    type: "boolean",
    default: 0,
    optional: 1,
    description: "Start from variables in which Secure Boot keys are enrolled.",
  },
};

const tpmstate: Properties = {
  ...file,
  format: {
    type: "string",
    enum: ["raw", "qcow2", "vmdk"],
    optional: 1,
    description: "Image format, where it does not follow from the volume.",
  },
  version: {
    type: "string",
    enum: ["v1.2", "v2.0"],
    default: "v1.2",
    optional: 1,
    description: "Version of the TPM; cannot be changed later.",
  },
};

export const unusedDrive: Properties = {
  file: { type: "string", format: "pve-volume-id", default_key: 1, description: "A volume that belongs to the guest." },
  volume: { alias: "file" },
};

/** Each bus with the property string of its drives as a config file holds it. */
export const storedDrives = { ide, scsi, virtio, sata, efidisk, tpmstate } as const;

export type DriveBus = keyof typeof storedDrives;

const importFrom: Properties = {
  "import-from": {
    type: "string",
    format: "pve-volume-id-or-absolute-path",
    optional: 1,
    description: "Volume or file to copy into the new disk.",
  },
};

/** As a request may spell them. */
export const requestedDrives: Readonly<Record<DriveBus, Properties>> = {
  ide: { ...ide, ...importFrom },
  scsi: { ...scsi, ...importFrom },
  virtio: { ...virtio, ...importFrom },
  sata: { ...sata, ...importFrom },
  efidisk: { ...efidisk, ...importFrom },
  tpmstate: { ...tpmstate, ...importFrom },
};
