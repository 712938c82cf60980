/** Addresses, ports, protocols and ICMP types of firewall rules. */
import { isIPv4, isIPv6 } from "node:net";
import type { FormatCheck } from "./format.ts";
import { isProtocol, isServiceName } from "./host-tables.ts";

/** iptables' names of ICMP types (iptables-extensions(8)), and `any`. */
const ICMP_TYPES =
  "any echo-reply destination-unreachable network-unreachable host-unreachable protocol-unreachable port-unreachable fragmentation-needed source-route-failed network-unknown host-unknown network-prohibited host-prohibited TOS-network-unreachable TOS-host-unreachable communication-prohibited host-precedence-violation precedence-cutoff source-quench redirect network-redirect host-redirect TOS-network-redirect TOS-host-redirect echo-request router-advertisement router-solicitation time-exceeded ttl-zero-during-transit ttl-zero-during-reassembly parameter-problem ip-header-bad required-option-missing timestamp-request timestamp-reply address-mask-request address-mask-reply";
const ICMPV6_TYPES =
  "destination-unreachable no-route communication-prohibited beyond-scope address-unreachable port-unreachable failed-policy reject-route packet-too-big time-exceeded ttl-zero-during-transit ttl-zero-during-reassembly parameter-problem bad-header unknown-header-type unknown-option echo-request echo-reply router-solicitation router-advertisement neighbor-solicitation neighbour-solicitation neighbor-advertisement neighbour-advertisement redirect";
const ICMP_NAMES = new Set([...ICMP_TYPES.split(" "), ...ICMPV6_TYPES.split(" ")]);

const HELPERS = new Set(["amanda", "ftp", "irc", "netbios-ns", "pptp", "sane", "sip", "snmp", "tftp"]);

const MAX_PORT = 65535;
const MAX_PORT_NUMBERS = 15;
const MAX_ALIAS_CHARS = 64;

/** Splits at commas; a stray comma is an error. */
function commaItems(value: string): string[] | undefined {
  const items = value.split(",");
  return items.some((item) => item.trim() === "") ? undefined : items;
}

/** The numbers an item counts for, or why it is no port. */
function countPort(item: string): number | string {
  const [, low, high] = /^(\d+):(\d+)$/.exec(item) ?? [];
  if (low !== undefined && high !== undefined) {
    if (Number(low) > MAX_PORT) return `invalid port '${low}'`;
    if (Number(high) > MAX_PORT) return `invalid port '${high}'`;
    if (Number(low) > Number(high))
      return `backwards range '${low}:${high}' not allowed, did you mean '${high}:${low}'?`;
    return 2;
  }
  if (/^\d+$/.test(item)) return Number(item) <= MAX_PORT ? 1 : `invalid port '${item}'`;
  return isServiceName(item) ? 0 : `invalid port '${item}'`;
}

function portSpec(value: string, allowsIcmp: boolean): string | undefined {
  if (value === "") return undefined;
  const items = commaItems(value);
  if (items === undefined) return "extraneous commas in list";
  let numbers = 0;
  let hasIcmp = false;
  for (const item of items) {
    if (allowsIcmp && ICMP_NAMES.has(item)) {
      hasIcmp = true;
      continue;
    }
    const count = countPort(item);
    if (typeof count === "string") return count;
    numbers += count;
  }
  if (hasIcmp && numbers > 0) return "ICMP ports not allowed in port range";
  return numbers > MAX_PORT_NUMBERS ? "too many entries in port list (> 15 numbers)" : undefined;
}

/** An IPv4 address of which up to three trailing octets may be missing, completed with zeros. */
function completeIPv4(text: string): string | undefined {
  if (!/^\d+(?:\.\d+){0,3}$/.test(text)) return undefined;
  const octets = text.split(".").map(Number);
  if (octets.some((octet) => octet > 255)) return undefined;
  return [...octets, 0, 0, 0].slice(0, 4).join(".");
}

type Address = { readonly family: "ipv4" | "ipv6"; readonly text: string };

function parseAddress(text: string): Address | undefined {
  const v4 = completeIPv4(text);
  if (v4 !== undefined) return { family: "ipv4", text: v4 };
  return isIPv6(text) && !text.includes("%") ? { family: "ipv6", text } : undefined;
}

function bits(address: Address): bigint {
  if (address.family === "ipv4") return address.text.split(".").reduce((sum, octet) => sum * 256n + BigInt(octet), 0n);
  const [head = "", tail] = expandEmbeddedIPv4(address.text).split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : new Array<string>(8 - left.length - right.length).fill("0");
  return [...left, ...zeros, ...right].reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}

function expandEmbeddedIPv4(text: string): string {
  const [, head, quad] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text) ?? [];
  if (head === undefined || quad === undefined || !isIPv4(quad)) return text;
  const [a = 0, b = 0, c = 0, d = 0] = quad.split(".").map(Number);
  return `${head}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

/** The family of one item, or why it is no address. */
function addressItem(item: string): { family: string } | string {
  const [, address, prefixText] = /^([^/]+)\/(\d+)$/.exec(item) ?? [];
  const parsed = parseAddress(address ?? item);
  if (parsed === undefined) return `invalid IP address: ${item}`;
  if (prefixText === undefined) return { family: parsed.family };
  const width = parsed.family === "ipv4" ? 32 : 128;
  const prefix = Number(prefixText);
  if (prefix > width) return `invalid IP address: ${item}`;
  const hostBits = BigInt(width - prefix);
  const hasHostBits = (bits(parsed) & ((1n << hostBits) - 1n)) !== 0n;
  return hasHostBits ? `invalid IP address: ${item}` : { family: parsed.family };
}

function addressRange(first: string, last: string, value: string): string | undefined {
  const low = parseAddress(first);
  const high = parseAddress(last);
  if (low === undefined || high === undefined) return `invalid IP address: ${value}`;
  if (low.family !== high.family) return `detected mixed ipv4/ipv6 addresses in address list '${value}'`;
  return bits(low) <= bits(high) ? undefined : `invalid IP address: ${value}`;
}

const addressSpec: FormatCheck = (value) => {
  if (value === "") return undefined;
  if (/^\+(?:(?:dc|guest|sdn)\/)?[A-Za-z][A-Za-z0-9\-_]+$/.test(value)) {
    return value.length > MAX_ALIAS_CHARS + 1 ? "ipset name too long" : undefined;
  }
  if (/^(?:(?:dc|guest)\/)?[A-Za-z][A-Za-z0-9\-_]+$/.test(value)) {
    return value.length > MAX_ALIAS_CHARS ? "alias name too long" : undefined;
  }
  const items = commaItems(value);
  if (items === undefined) return "extraneous commas in list";
  const [, first, last] = /^([^-]+)-([^-]+)$/.exec(value) ?? [];
  if (items.length === 1 && first !== undefined && last !== undefined) return addressRange(first, last, value);
  if (items.some((item) => item.includes("-"))) return "you can't use a range in a list";
  const families = new Set<string>();
  for (const item of items) {
    const parsed = addressItem(item);
    if (typeof parsed === "string") return parsed;
    families.add(parsed.family);
  }
  return families.size > 1 ? `detected mixed ipv4/ipv6 addresses in address list '${value}'` : undefined;
};

export const firewallFormats = {
  "pve-fw-addr-spec": addressSpec,
  "pve-fw-conntrack-helper": (value: string) => {
    if (value === "") return undefined;
    const items = commaItems(value);
    if (items === undefined) return "extraneous commas in list";
    const unknown = items.find((item) => !HELPERS.has(item));
    return unknown === undefined ? undefined : `unknown helper ${unknown}`;
  },
  "pve-fw-dport-spec": (value: string) => portSpec(value, true),
  "pve-fw-icmp-type-spec": (value: string) =>
    value === "" || ICMP_NAMES.has(value) ? undefined : `invalid icmp-type value '${value}'`,
  "pve-fw-protocol-spec": (value: string) =>
    value === "" || isProtocol(value) ? undefined : `unknown protocol '${value}'`,
  "pve-fw-sport-spec": (value: string) => portSpec(value, false),
} satisfies Record<string, FormatCheck>;
