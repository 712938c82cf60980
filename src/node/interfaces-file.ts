/**
 * interfaces(5) as the API tells it: each interface with its settings, from the file's text and from what the kernel
 * has. Pure. Other files that the text names are never read.
 */

export type InterfaceValue = string | number | null | readonly (string | null)[];
export type InterfaceSettings = Record<string, InterfaceValue>;

export interface KernelInterfaces {
  /** Interfaces that stand for hardware. */
  readonly physical: ReadonlySet<string>;
  /** Interfaces that are up. */
  readonly active: ReadonlySet<string>;
}

export interface InterfacesFile {
  readonly interfaces: ReadonlyMap<string, InterfaceSettings>;
  /** Lines that belong to no interface, each with its place among them. */
  readonly options: readonly (readonly [number, string])[];
}

/** Other spellings of the options that are told under one name. */
const NAMES: Readonly<Record<string, string>> = {
  ovs_mtu: "mtu",
  "bond-slaves": "slaves",
  bond_slaves: "slaves",
  "bond-mode": "bond_mode",
  "bond-miimon": "bond_miimon",
  "bond-xmit-hash-policy": "bond_xmit_hash_policy",
  "bridge-ports": "bridge_ports",
  "bridge-stp": "bridge_stp",
  "bridge-fd": "bridge_fd",
  "bridge-vlan-aware": "bridge_vlan_aware",
  "bridge-vids": "bridge_vids",
};

const KNOWN = new Set([
  ..."address netmask gateway mtu slaves bond_mode bond_miimon bond_xmit_hash_policy bond-primary".split(" "),
  ..."bridge_ports bridge_stp bridge_fd bridge_vlan_aware bridge_vids".split(" "),
  ..."bridge-access bridge-learning bridge-arp-nd-suppress bridge-unicast-flood bridge-multicast-flood".split(" "),
  ..."ovs_type ovs_bridge ovs_ports ovs_bonds ovs_options vlan-id vlan-protocol vlan-raw-device".split(" "),
  ..."vxlan-id vxlan-local-tunnelip vxlan-physdev vxlan-remoteip vxlan-svcnodeip link-type uplink-id".split(" "),
]);

/** The kernel's numbers of the modes. */
const BOND_MODES = "balance-rr active-backup balance-xor broadcast 802.3ad balance-tlb balance-alb".split(" ");

const STARTS_STANZA = /^\s*(?:iface|mapping|auto|source|source-directory|allow-\S+)(?:\s|$)/;
const STARTS_BY_ITSELF = /^\s*(?:auto|allow-auto|allow-ovs|allow-hotplug)\s+(.*)$/;
const LOOPBACK: InterfaceSettings = { priority: 1, type: "loopback", method: "loopback", autostart: 1 };

export function parseInterfaces(text: string, kernel: KernelInterfaces): InterfacesFile {
  const interfaces = new Map<string, InterfaceSettings>();
  const startsByItself = new Set<string>();
  const options: [number, string][] = [];
  let priority = 2;
  let current: { settings: InterfaceSettings; isV6: boolean } | undefined;
  for (const line of text.split("\n")) {
    const stanza = /^\s*iface\s+(\S+)(?:\s+(inet6?)\s+(\S+))?/.exec(line);
    if (stanza !== null) {
      const [, name = "", family = null, method = "manual"] = stanza;
      const settings = interfaces.get(name) ?? { priority: priority++ };
      const isV6 = family === "inet6";
      settings.families = [...listOf(settings.families), family];
      settings[isV6 ? "method6" : "method"] = method;
      interfaces.set(name, settings);
      current = { settings, isV6 };
      continue;
    }
    const named = STARTS_BY_ITSELF.exec(line)?.[1];
    for (const name of words(named ?? "")) startsByItself.add(name);
    if (STARTS_STANZA.test(line)) current = undefined;
    if (named !== undefined) continue;
    if (current !== undefined) readLine(line.trim(), current.settings, current.isV6);
    else if (/\w/.test(line) && !/^\s*#/.test(line)) options.push([priority++, line.trim()]);
  }
  complete(interfaces, startsByItself, kernel);
  // `allow-BRIDGE PORTS` says again what the bridge of Open vSwitch and its ports say themselves.
  const isOvsBridge = (name: string | undefined): boolean => interfaces.get(name ?? "")?.type === "OVSBridge";
  return { interfaces, options: options.filter(([, line]) => !isOvsBridge(/^allow-(\S+)/.exec(line)?.[1])) };
}

function readLine(line: string, settings: InterfaceSettings, isV6: boolean): void {
  if (line === "") return;
  if (line.startsWith("#")) {
    const key = isV6 ? "comments6" : "comments";
    settings[key] = `${settings[key] ?? ""}${line.slice(1)}\n`;
    return;
  }
  const [, word = "", value = ""] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
  const key = NAMES[word] ?? word;
  if (!KNOWN.has(key)) {
    const list = isV6 ? "options6" : "options";
    settings[list] = [...listOf(settings[list]), line];
    return;
  }
  switch (key) {
    case "address":
    case "netmask":
    case "gateway":
      settings[isV6 || value.includes(":") ? `${key}6` : key] = value;
      return;
    case "slaves":
    case "bridge_ports":
      settings[key] = [...new Set(words(value))]
        .filter((name) => name !== "none")
        .sort()
        .join(" ");
      return;
    case "bridge_stp":
      settings[key] = value === "on" || value === "yes" ? "on" : "off";
      return;
    case "bridge_vlan_aware":
      settings[key] = 1;
      return;
    case "bond_mode":
      settings[key] = BOND_MODES[/^\d+$/.test(value) ? Number(value) : Number.NaN] ?? value;
      return;
    case "vxlan-remoteip":
      settings[key] = [...listOf(settings[key]), value];
      return;
    case "ovs_options":
      readOvsOptions(value, settings);
      return;
    default:
      settings[key] = value;
  }
}

/** Two of Open vSwitch's options are told as settings of their own. */
function readOvsOptions(value: string, settings: InterfaceSettings): void {
  const rest = words(value).filter((word) => {
    const [, name, text] = /^(tag|bond_mode)=(.+)$/.exec(word) ?? [];
    if (name === undefined || text === undefined) return true;
    settings[name === "tag" ? "ovs_tag" : "bond_mode"] = text;
    return false;
  });
  if (rest.length > 0) settings.ovs_options = rest.join(" ");
}

function complete(
  interfaces: Map<string, InterfaceSettings>,
  startsByItself: ReadonlySet<string>,
  { physical, active }: KernelInterfaces,
): void {
  for (const name of physical) if (!interfaces.has(name)) interfaces.set(name, {});
  for (const [name, settings] of interfaces) {
    if (physical.has(name)) settings.exists = 1;
    if (active.has(name)) settings.active = 1;
    if (startsByItself.has(name)) settings.autostart = 1;
    settings.type = typeOf(name, settings);
    if (settings.type === "bridge") {
      settings.bridge_stp ??= "off";
      settings.bridge_fd ??= "0";
    }
    joinAddress(settings, "", 32);
    joinAddress(settings, "6", 128);
  }
  for (const [name, settings] of interfaces) if (settings.type === "vlan") describeVlan(name, settings, interfaces);
  if (!interfaces.has("lo")) interfaces.set("lo", { ...LOOPBACK });
  for (const settings of interfaces.values()) {
    settings.method ??= "manual";
    settings.method6 ??= "manual";
    settings.families ??= ["inet"];
  }
}

const OVS_TYPES = new Set(["OVSBridge", "OVSBond", "OVSPort", "OVSIntPort"]);

function typeOf(name: string, settings: InterfaceSettings): string {
  const { ovs_type: ovs, exists, slaves, bridge_ports: ports } = settings;
  if (typeof ovs === "string" && OVS_TYPES.has(ovs)) return ovs;
  if (name === "lo") return "loopback";
  if (ports !== undefined) return "bridge";
  if (/^bond\d+$/.test(name) || slaves !== undefined) return "bond";
  if (settings["vxlan-id"] !== undefined) return "vxlan";
  if (settings["link-type"] === "dummy") return "dummy";
  if (/^\S+:\d+$/.test(name)) return "alias";
  if (/^\S+\.\d+$/.test(name) || settings["vlan-raw-device"] !== undefined) return "vlan";
  if (exists === 1 || /^(?:eth\d+|en\S*|ib\S*|nic\d+|if\d+)$/.test(name)) return "eth";
  return "unknown";
}

/** `address` with its prefix, however it was written. Without one it is an address of its own. */
function joinAddress(settings: InterfaceSettings, suffix: "" | "6", bits: number): void {
  const { [`address${suffix}`]: address, [`netmask${suffix}`]: netmask } = settings;
  if (typeof address !== "string") return;
  const [plain = "", prefix = typeof netmask === "string" ? prefixOf(netmask) : undefined] = address.split("/");
  settings[`address${suffix}`] = plain;
  if (prefix !== undefined) settings[`netmask${suffix}`] = prefix;
  settings[`cidr${suffix}`] = `${plain}/${prefix ?? bits}`;
}

/** `255.255.255.0` and `24` alike. */
function prefixOf(netmask: string): string {
  if (!netmask.includes(".")) return netmask;
  const bits = netmask.split(".").map((part) => Number(part).toString(2).padStart(8, "0"));
  return String(bits.join("").replace(/0+$/, "").length);
}

function describeVlan(
  name: string,
  settings: InterfaceSettings,
  interfaces: ReadonlyMap<string, InterfaceSettings>,
): void {
  const [, parent, id] = /^(\S+)\.(\d+)$/.exec(name) ?? [];
  if (parent !== undefined && id !== undefined) {
    settings["vlan-raw-device"] ??= parent;
    settings["vlan-id"] ??= id;
  }
  const ownId = /^vlan(\d+)$/.exec(name)?.[1];
  if (ownId !== undefined) settings["vlan-id"] ??= ownId;
  settings.exists = interfaces.get(String(settings["vlan-raw-device"]))?.exists ?? null;
}

function listOf(value: InterfaceValue | undefined): readonly (string | null)[] {
  return Array.isArray(value) ? value : [];
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
