/** A virtual machine that is not made yet: the form, what is wrong with it, and the call that would make it. */
import { parseSize } from "../format/bytes.ts";
import type { MessageKey } from "../text/t.ts";

export interface Draft {
  readonly start: "iso" | "empty";
  readonly iso: string;
  readonly storage: string;
  readonly name: string;
  /** Empty: the next free one. */
  readonly vmid: string;
  readonly node: string;
  readonly cores: string;
  readonly memory: string;
  readonly disk: string;
  readonly bridge: string;
  readonly vlan: string;
  readonly hasNetwork: boolean;
  readonly cpu: string;
  readonly bios: string;
  readonly hasSerial: boolean;
  readonly hasAgent: boolean;
  readonly startsWithNode: boolean;
  readonly tags: string;
  readonly pool: string;
}

/** No bridge's name: stands for the bridge that the node offers. */
export const OFFERED_BRIDGE = "*";

export const EMPTY_DRAFT: Draft = {
  start: "iso",
  iso: "",
  storage: "",
  name: "",
  vmid: "",
  node: "",
  cores: "2",
  memory: "4",
  disk: "32",
  bridge: OFFERED_BRIDGE,
  vlan: "",
  hasNetwork: true,
  cpu: "",
  bios: "",
  hasSerial: true,
  hasAgent: false,
  startsWithNode: false,
  tags: "",
  pool: "",
};

export const PRESETS = [
  { id: "small", cores: "1", memory: "2" },
  { id: "medium", cores: "2", memory: "4" },
  { id: "large", cores: "4", memory: "16" },
] as const;

export type DraftField = keyof Draft;
export type DraftProblems = Readonly<Partial<Record<DraftField, MessageKey>>>;

const NAME = /^(?=.{1,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;
const MIN_MEMORY = 16 * 2 ** 20;

export function problemsOf(draft: Draft): DraftProblems {
  const problems: Partial<Record<DraftField, MessageKey>> = {};
  if (draft.name !== "" && !NAME.test(draft.name)) problems.name = "create.bad-name";
  if (draft.vmid !== "" && !/^[1-9]\d{2,8}$/.test(draft.vmid)) problems.vmid = "create.bad-id";
  if (!/^[1-9]\d*$/.test(draft.cores)) problems.cores = "field.whole-number";
  const memory = parseSize(draft.memory, "GiB");
  if (memory === undefined || memory < MIN_MEMORY) problems.memory = "field.size";
  if (draft.start === "iso" && draft.iso === "") problems.iso = "create.no-iso-chosen";
  if (hasDisk(draft)) {
    const disk = parseSize(draft.disk, "GiB");
    if (disk === undefined || disk <= 0) problems.disk = "field.size";
    if (draft.storage === "") problems.storage = "create.no-storage";
  }
  if (draft.hasNetwork && draft.vlan !== "" && !/^\d{1,4}$/.test(draft.vlan)) problems.vlan = "create.bad-vlan";
  return problems;
}

/**
 * The draft with a bridge that the node has, or with a user network if it has none: a machine on a bridge that is not
 * there would be made, and then not start.
 * @param bridges undefined when they are not known.
 */
export function withBridge(draft: Draft, bridges: readonly string[] | undefined): Draft {
  if (draft.bridge !== OFFERED_BRIDGE) return draft;
  return { ...draft, bridge: bridges === undefined ? "vmbr0" : (bridges[0] ?? "") };
}

export function hasDisk({ disk }: Draft): boolean {
  return disk.trim() !== "" && disk.trim() !== "0";
}

/** The parameters of the call; those that the server knows by itself are left out. */
export function parametersOf(draft: Draft, vmid: number): Readonly<Record<string, string | number>> {
  const memory = parseSize(draft.memory, "GiB") ?? 0;
  const disk = parseSize(draft.disk, "GiB") ?? 0;
  const out: Record<string, string | number> = { vmid };
  if (draft.name !== "") out.name = draft.name;
  out.cores = Number(draft.cores);
  out.memory = String(Math.round(memory / 2 ** 20));
  if (draft.cpu !== "") out.cpu = draft.cpu;
  if (draft.bios !== "") out.bios = draft.bios;
  if (draft.bios === "ovmf" && draft.storage !== "") out.efidisk0 = `${draft.storage}:1,efitype=4m`;
  out.ostype = "l26";
  out.scsihw = "virtio-scsi-single";
  if (hasDisk(draft)) out.scsi0 = `${draft.storage}:${disk / 2 ** 30},discard=on,iothread=1`;
  if (draft.start === "iso" && draft.iso !== "") out.ide2 = `${draft.iso},media=cdrom`;
  if (draft.hasNetwork) {
    const vlan = draft.vlan === "" ? "" : `,tag=${draft.vlan}`;
    out.net0 = draft.bridge === "" ? "virtio" : `virtio,bridge=${draft.bridge}${vlan}`;
  }
  const order = [
    hasDisk(draft) ? "scsi0" : "",
    draft.start === "iso" && draft.iso !== "" ? "ide2" : "",
    draft.hasNetwork ? "net0" : "",
  ].filter((key) => key !== "");
  if (order.length > 0) out.boot = `order=${order.join(";")}`;
  if (draft.hasSerial) out.serial0 = "socket";
  if (draft.hasAgent) out.agent = "1";
  if (draft.startsWithNode) out.onboot = 1;
  if (draft.tags.trim() !== "")
    out.tags = draft.tags
      .trim()
      .split(/[;, ]+/)
      .join(";");
  if (draft.pool !== "") out.pool = draft.pool;
  return out;
}

/** The same as a command; what a shell would read otherwise is quoted. */
export function commandOf(parameters: Readonly<Record<string, string | number>>): string {
  const { vmid, ...rest } = parameters;
  const words = Object.entries(rest).map(([key, value]) => `--${key} ${quote(String(value))}`);
  return [`qm create ${vmid}`, ...words].join(" \\\n  ");
}

function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
