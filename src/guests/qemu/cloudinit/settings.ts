/** The cloud-init options of a VM as an object. Pure. */
import { namedProperties } from "../../../rest/property-string.ts";
import { splitList } from "../../../rest/split-list.ts";
import { cardsOf } from "../builder/network.ts";
import { windowsVersionOf } from "../builder/os-type.ts";
import type { VmConfig } from "../config.ts";
import { decodeUrl, isOn, OptionError, readProperties } from "../values.ts";

export type CloudinitFormat = "nocloud" | "configdrive2" | "opennebula";

/** Addresses of one card. An absent family is not configured. */
export interface CardAddresses {
  readonly index: number;
  /** Lower case. */
  readonly mac: string;
  readonly ipv4?: "dhcp" | StaticAddress;
  readonly ipv6?: "dhcp" | "auto" | StaticAddress;
}

export interface StaticAddress {
  readonly address: string;
  readonly prefixLength: number;
  readonly gateway?: string;
}

export interface HostDns {
  readonly nameservers: readonly string[];
  readonly searchDomains: readonly string[];
}

export interface CloudinitSettings {
  readonly format: CloudinitFormat;
  readonly isWindows: boolean;
  /** First label. */
  readonly hostname: string;
  readonly fqdn: string;
  readonly user?: string;
  /** A crypt hash. */
  readonly password?: string;
  readonly sshKeys: readonly string[];
  readonly upgradesPackages: boolean;
  readonly cards: readonly CardAddresses[];
  readonly nameservers: readonly string[];
  readonly searchDomains: readonly string[];
  /** Volume ids of snippets that replace generated files. */
  readonly snippets: Readonly<Partial<Record<"user" | "network" | "meta" | "vendor", string>>>;
}

/** @param host what the node itself uses, for VMs without DNS options. */
export function cloudinitSettings(vmid: number, config: VmConfig, host: HostDns): CloudinitSettings {
  const isWindows = windowsVersionOf(config.ostype) > 0;
  const name = config.name ?? `VM${vmid}`;
  const searchDomains = config.searchdomain === undefined ? host.searchDomains : splitList(config.searchdomain);
  const [label = name] = name.split(".");
  const domain = searchDomains[0];
  const fqdn = name.includes(".") || domain === undefined ? name : `${name}.${domain}`;
  return {
    format: formatOf(config.citype, isWindows),
    isWindows,
    hostname: label,
    fqdn,
    ...(config.ciuser === undefined ? {} : { user: config.ciuser }),
    ...(config.cipassword === undefined ? {} : { password: config.cipassword }),
    sshKeys: keysOf(config.sshkeys),
    upgradesPackages: isOn(config.ciupgrade, true),
    cards: addressesOf(config),
    nameservers: config.nameserver === undefined ? host.nameservers : splitList(config.nameserver),
    searchDomains,
    snippets: snippetsOf(config.cicustom),
  };
}

function formatOf(citype: string | undefined, isWindows: boolean): CloudinitFormat {
  if (citype === "nocloud" || citype === "configdrive2" || citype === "opennebula") return citype;
  return isWindows ? "configdrive2" : "nocloud";
}

function keysOf(encoded: string | undefined): string[] {
  if (encoded === undefined) return [];
  return decodeUrl(encoded)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

function snippetsOf(text: string | undefined): CloudinitSettings["snippets"] {
  if (text === undefined) return {};
  const values = readProperties("cicustom", namedProperties("pve-qm-cicustom"), text);
  return Object.fromEntries(Object.entries(values).map(([kind, volid]) => [kind, String(volid)]));
}

/** Cards that have an `ipconfig` of the same number, in string order of their keys. */
function addressesOf(config: VmConfig): CardAddresses[] {
  return cardsOf(config)
    .filter((card) => config[`ipconfig${card.index}`] !== undefined)
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map((card) => {
      const base = { index: card.index, mac: String(card.options.macaddr ?? "").toLowerCase() };
      return { ...base, ...readAddresses(`ipconfig${card.index}`, config[`ipconfig${card.index}`] ?? "") };
    });
}

function readAddresses(key: string, text: string): Pick<CardAddresses, "ipv4" | "ipv6"> {
  const values = readProperties(key, namedProperties("pve-qm-ipconfig"), text);
  if (Object.keys(values).length === 0) return { ipv4: "dhcp", ipv6: "dhcp" };
  const ipv4 = values.ip === "dhcp" ? "dhcp" : staticAddress(values.ip, values.gw);
  const ipv6 = values.ip6 === "dhcp" || values.ip6 === "auto" ? values.ip6 : staticAddress(values.ip6, values.gw6);
  return { ...(ipv4 === undefined ? {} : { ipv4 }), ...(ipv6 === undefined ? {} : { ipv6 }) };
}

function staticAddress(cidr: unknown, gateway: unknown): StaticAddress | undefined {
  if (cidr === undefined || cidr === "manual") return undefined;
  const [address = "", prefix] = String(cidr).split("/");
  if (prefix === undefined) throw new OptionError(`'${cidr}' has no prefix length`);
  return { address, prefixLength: Number(prefix), ...(gateway === undefined ? {} : { gateway: String(gateway) }) };
}

/** `255.255.255.0` of 24. */
export function dottedNetmask(prefixLength: number): string {
  const bits = prefixLength === 0 ? 0 : (0xffff_ffff << (32 - prefixLength)) >>> 0;
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join(".");
}
