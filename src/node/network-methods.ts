/** `/nodes/{node}/network`: the interfaces of the machine, as its interfaces(5) and its kernel have them. Read only. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Layout } from "../os/layout.ts";
import { activeInterfaces, physicalInterfaces } from "../os/proc-figures.ts";
import { parameterError } from "../rest/errors.ts";
import { defineMethod, type Method } from "../rest/method.ts";
import type { Properties } from "../rest/schema.ts";
import { type InterfacesFile, parseInterfaces } from "./interfaces-file.ts";
import { NODE } from "./node-parameter.ts";

export interface NetworkMethodDeps {
  readonly layout: Pick<Layout, "hostInterfaces">;
}

const text = { type: "string", optional: 1 } as const;
const flag = { type: "boolean", optional: 1 } as const;
const whole = { type: "integer", optional: 1 } as const;
const METHOD = { type: "string", enum: ["loopback", "dhcp", "manual", "static", "auto"], optional: 1 } as const;

const TYPES = [
  "bridge",
  "bond",
  "eth",
  "alias",
  "vlan",
  "fabric",
  "OVSBridge",
  "OVSBond",
  "OVSPort",
  "OVSIntPort",
  "vnet",
] as const;

const INTERFACE: Properties = {
  active: flag,
  address: { format: "ipv4", requires: "netmask", type: "string", optional: 1 },
  address6: { format: "ipv6", requires: "netmask6", type: "string", optional: 1 },
  autostart: flag,
  "bond-primary": { ...text, format: "pve-iface" },
  bond_mode: {
    enum: [
      "balance-rr",
      "active-backup",
      "balance-xor",
      "broadcast",
      "802.3ad",
      "balance-tlb",
      "balance-alb",
      "balance-slb",
      "lacp-balance-slb",
      "lacp-balance-tcp",
    ],
    type: "string",
    optional: 1,
  },
  bond_xmit_hash_policy: { enum: ["layer2", "layer2+3", "layer3+4"], type: "string", optional: 1 },
  "bridge-access": whole,
  "bridge-arp-nd-suppress": flag,
  "bridge-learning": flag,
  "bridge-multicast-flood": flag,
  "bridge-unicast-flood": flag,
  bridge_ports: { ...text, format: "pve-iface-list" },
  bridge_vids: { ...text, format: "pve-vlan-id-or-range-list" },
  bridge_vlan_aware: flag,
  cidr: { ...text, format: "CIDRv4" },
  cidr6: { ...text, format: "CIDRv6" },
  comments: text,
  comments6: text,
  exists: flag,
  families: { items: { enum: ["inet", "inet6"], type: "string" }, type: "array", optional: 1 },
  gateway: { ...text, format: "ipv4" },
  gateway6: { ...text, format: "ipv6" },
  iface: { format: "pve-iface", maxLength: 20, minLength: 2, type: "string" },
  "link-type": text,
  method: METHOD,
  method6: METHOD,
  mtu: { maximum: 65520, minimum: 1280, type: "integer", optional: 1 },
  netmask: { format: "ipv4mask", requires: "address", type: "string", optional: 1 },
  netmask6: { maximum: 128, minimum: 0, requires: "address6", type: "integer", optional: 1 },
  options: { items: { type: "string" }, type: "array", optional: 1 },
  options6: { items: { type: "string" }, type: "array", optional: 1 },
  ovs_bonds: { ...text, format: "pve-iface-list" },
  ovs_bridge: { ...text, format: "pve-iface" },
  ovs_options: { maxLength: 1024, type: "string", optional: 1 },
  ovs_ports: { ...text, format: "pve-iface-list" },
  ovs_tag: { maximum: 4094, minimum: 1, type: "integer", optional: 1 },
  priority: whole,
  slaves: { ...text, format: "pve-iface-list" },
  type: {
    enum: [...TYPES, "unknown"],
    type: "string",
  },
  "uplink-id": text,
  "vlan-id": { maximum: 4094, minimum: 1, type: "integer", optional: 1 },
  "vlan-protocol": { enum: ["802.1ad", "802.1q"], type: "string", optional: 1 },
  "vlan-raw-device": { ...text, format: "pve-iface" },
  "vxlan-id": whole,
  "vxlan-local-tunnelip": text,
  "vxlan-physdev": text,
  "vxlan-svcnodeip": text,
};

/** What a filter means that is no type itself. */
const KINDS: Readonly<Record<string, readonly string[] | undefined>> = {
  any_bridge: ["bridge", "OVSBridge"],
  any_local_bridge: ["bridge", "OVSBridge"],
  // Networks of the cluster's own are no interfaces of a machine yet: there is nothing to include.
  include_sdn: undefined,
};

export function networkMethods({ layout }: NetworkMethodDeps): Method[] {
  const read = async (): Promise<InterfacesFile> => {
    const [physical, active] = await Promise.all([physicalInterfaces(), activeInterfaces()]);
    const content = existsSync(layout.hostInterfaces) ? await readFile(layout.hostInterfaces, "utf8") : "";
    return parseInterfaces(content, { physical: new Set(physical), active: new Set(active) });
  };
  return [
    defineMethod({
      path: "/nodes/{node}/network",
      method: "GET",
      name: "index",
      description: "Network interfaces of a node.",
      proxyto: "node",
      permissions: { user: "all" },
      parameters: {
        node: NODE,
        type: {
          type: "string",
          enum: [...TYPES, "any_bridge", "any_local_bridge", "include_sdn"],
          optional: 1,
          description: "Only these.",
        },
      },
      returns: {
        type: "array",
        items: { type: "object", properties: INTERFACE },
        links: [{ rel: "child", href: "{iface}" }],
      },
      async handler({ type }) {
        const { interfaces } = await read();
        const wanted = type === undefined ? undefined : type in KINDS ? KINDS[type] : [type];
        return [...interfaces]
          .filter(([, settings]) => wanted === undefined || wanted.includes(String(settings.type)))
          .map(([iface, settings]) => ({ iface, ...settings }));
      },
    }),
    defineMethod({
      path: "/nodes/{node}/network/{iface}",
      method: "GET",
      name: "network_config",
      description: "Settings of one network interface of a node.",
      proxyto: "node",
      permissions: { check: ["perm", "/nodes/{node}", ["Sys.Audit"]] },
      parameters: {
        node: NODE,
        iface: { type: "string", format: "pve-iface", minLength: 2, maxLength: 20, description: "Its name." },
      },
      returns: { type: "object", properties: { method: { type: "string" }, type: { type: "string" } } },
      async handler({ iface }) {
        const settings = (await read()).interfaces.get(iface);
        if (settings === undefined) throw parameterError({ iface: "interface does not exist" });
        return settings;
      },
    }),
  ];
}
