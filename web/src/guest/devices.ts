/** A guest's configuration as a list of devices, each told as a sentence. */
import { formatBytes, parseSize } from "../format/bytes.ts";
import { t } from "../text/t.ts";
import { parseItems } from "./property-items.ts";

export type DeviceKind = "processor" | "memory" | "disk" | "cdrom" | "network" | "display" | "serial" | "other";

export interface Device {
  /** The configuration's key: `scsi0`. Processor and memory are spread over several, and named by one. */
  readonly key: string;
  readonly kind: DeviceKind;
  readonly label: string;
  readonly sentence: string;
  readonly value: string;
}

export type GuestConfig = Readonly<Record<string, unknown>>;

const DISK_KEY = /^(scsi|virtio|sata|ide)(\d+)$/;
const NET_KEY = /^net(\d+)$/;
const BUS: Readonly<Record<string, string>> = { scsi: "SCSI", virtio: "VirtIO", sata: "SATA", ide: "IDE" };
const OTHER_KEY = /^(usb|hostpci|audio|rng|serial|parallel|efidisk|tpmstate|unused|virtiofs)\d+$/;

function text(config: GuestConfig, key: string): string | undefined {
  const value = config[key];
  return value === undefined || value === null ? undefined : String(value);
}

export function isCdrom(value: string): boolean {
  return parseItems(value).items.get("media") === "cdrom" || value === "none" || value === "cdrom";
}

export function coreCount(config: GuestConfig): number {
  return Number(text(config, "cores") ?? 1) * Number(text(config, "sockets") ?? 1);
}

/** MiB. */
export function memoryMiB(config: GuestConfig): number {
  const value = parseItems(text(config, "memory") ?? "512");
  return Number(value.items.get("current") ?? value.head ?? 512);
}

export function devicesOf(config: GuestConfig): readonly Device[] {
  const devices: Device[] = [
    {
      key: "cores",
      kind: "processor",
      label: t("device.processor"),
      sentence: processorSentence(config),
      value: text(config, "cores") ?? "1",
    },
    {
      key: "memory",
      kind: "memory",
      label: t("device.memory"),
      sentence: memorySentence(config),
      value: text(config, "memory") ?? "512",
    },
  ];
  const keys = Object.keys(config).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  for (const key of keys) {
    const value = text(config, key);
    if (value === undefined) continue;
    const disk = DISK_KEY.exec(key);
    if (disk !== null) {
      const where = `${BUS[disk[1] ?? ""] ?? ""} ${disk[2]}`;
      devices.push(
        isCdrom(value)
          ? { key, kind: "cdrom", label: t("device.cdrom"), sentence: cdromSentence(value, where), value }
          : { key, kind: "disk", label: t("device.disk"), sentence: diskSentence(value, where), value },
      );
    } else if (NET_KEY.test(key)) {
      devices.push({ key, kind: "network", label: t("device.network"), sentence: networkSentence(value), value });
    } else if (OTHER_KEY.test(key)) {
      const kind = key.startsWith("serial") ? "serial" : "other";
      devices.push({ key, kind, label: otherLabel(key), sentence: value, value });
    }
  }
  const vga = text(config, "vga");
  devices.push({
    key: "vga",
    kind: "display",
    label: t("device.display"),
    sentence: vga ?? t("device.display-default"),
    value: vga ?? "std",
  });
  return devices;
}

function otherLabel(key: string): string {
  if (key.startsWith("serial")) return t("device.serial");
  if (key.startsWith("unused")) return t("device.unused");
  return key;
}

export function processorSentence(config: GuestConfig): string {
  const sockets = Number(text(config, "sockets") ?? 1);
  const model =
    parseItems(text(config, "cpu") ?? "").head ?? parseItems(text(config, "cpu") ?? "").items.get("cputype");
  const values = {
    n: Number(text(config, "cores") ?? 1),
    sockets,
    model: model === undefined || model === "" ? t("device.cpu-default") : model,
  };
  return t(sockets > 1 ? "device.processor-sockets" : "device.processor-text", values);
}

export function memorySentence(config: GuestConfig): string {
  const size = memoryMiB(config);
  const balloon = text(config, "balloon");
  const shown = formatBytes(size * 2 ** 20);
  if (balloon === "0") return t("device.memory-fixed", { size: shown });
  if (balloon === undefined || Number(balloon) === size) return shown;
  return t("device.memory-range", { least: formatBytes(Number(balloon) * 2 ** 20), size: shown });
}

/** What a disk is called: `64 GiB on nfs1, SCSI 0, discard`. */
export function diskSentence(value: string, where: string): string {
  const { head = "", items } = parseItems(value);
  const file = head === "" ? (items.get("file") ?? "") : head;
  const storage = file.includes(":") ? file.slice(0, file.indexOf(":")) : file;
  const size = diskBytes(value);
  const traits = [
    where,
    items.get("discard") === "on" ? "discard" : undefined,
    items.get("ssd") === "1" ? "SSD" : undefined,
    items.get("iothread") === "1" ? t("device.iothread") : undefined,
    items.has("cache") ? t("device.cache", { mode: items.get("cache") ?? "" }) : undefined,
    items.get("ro") === "1" ? t("device.read-only") : undefined,
    items.get("backup") === "0" ? t("device.no-backup") : undefined,
  ].filter((trait) => trait !== undefined && trait !== "");
  const size_ = size === undefined ? t("device.some-disk") : formatBytes(size);
  return t("device.disk-text", { size: size_, storage, traits: traits.join(", ") });
}

/** Bytes, by the configuration. */
export function diskBytes(value: string): number | undefined {
  const size = parseItems(value).items.get("size");
  return size === undefined ? undefined : parseSize(/^\d+$/.test(size) ? `${size}b` : size, "GiB");
}

export function cdromSentence(value: string, where: string): string {
  const { head = "" } = parseItems(value);
  if (head === "none" || head === "") return t("device.cdrom-empty", { where });
  return t("device.cdrom-text", { file: head.replace(/^.*[/:]/, ""), where });
}

export const NETWORK_MODELS = ["virtio", "e1000", "e1000e", "rtl8139", "vmxnet3"] as const;

export function networkModel(value: string): { readonly model: string; readonly mac: string | undefined } {
  const { head, items } = parseItems(value);
  for (const model of NETWORK_MODELS) if (items.has(model)) return { model, mac: items.get(model) };
  return { model: items.get("model") ?? head ?? "virtio", mac: items.get("macaddr") };
}

export function networkSentence(value: string): string {
  const { items } = parseItems(value);
  const { model, mac } = networkModel(value);
  const vlan = items.get("tag");
  const traits = [
    items.get("bridge") ?? t("device.user-network"),
    vlan === undefined ? undefined : t("device.vlan", { tag: vlan }),
    items.get("firewall") === "1" ? t("device.firewall-on") : undefined,
    items.get("link_down") === "1" ? t("device.unplugged") : undefined,
    model === "virtio" ? undefined : model,
    mac,
  ].filter((trait) => trait !== undefined);
  return traits.join(", ");
}

/** `order=scsi0;net0` as `scsi0, net0`. */
export function bootText(boot: string): string {
  return boot.replace(/^order=/, "").replaceAll(";", ", ");
}

/** The first number of a bus that is free: `scsi1`. */
export function freeKey(config: GuestConfig, bus: string, limit: number): string | undefined {
  for (let index = 0; index < limit; index += 1) if (config[bus + index] === undefined) return bus + index;
  return undefined;
}
