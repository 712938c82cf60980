/** Addresses, names and interfaces. */
import { isIPv4, isIPv6 } from "node:net";
import { splitList } from "../split-list.ts";
import { byPattern, byTest, type FormatCheck } from "./format.ts";

export { isIPv4, isIPv6 };

export function isIp(value: string): boolean {
  return isIPv4(value) || (isIPv6(value) && !value.includes("%"));
}

function isPlainIPv6(value: string): boolean {
  return isIPv6(value) && !value.includes("%");
}

/** `address/prefix` with the prefix in `range`. */
function isCidr(value: string, isAddress: (text: string) => boolean, range: readonly [number, number]): boolean {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(value);
  const [, address, prefix] = match ?? [];
  if (address === undefined || prefix === undefined) return false;
  const bits = Number(prefix);
  return isAddress(address) && bits >= range[0] && bits <= range[1];
}

export const isCidrV4 = (value: string): boolean => isCidr(value, isIPv4, [8, 32]);
export const isCidrV6 = (value: string): boolean => isCidr(value, isPlainIPv6, [8, 128]);

const CIDR_OR_IP = "value does not look like a valid IP address or CIDR network";

const ipOrCidr: FormatCheck = (value) => {
  if (isIp(value)) return undefined;
  const match = /^([^/]+)\/(\d+)$/.exec(value);
  const [, address, prefix] = match ?? [];
  if (address === undefined || prefix === undefined || !isIp(address)) return CIDR_OR_IP;
  const width = isIPv4(address) ? 32 : 128;
  const bits = Number(prefix);
  if (bits > width) return `prefix too long: Prefix length ${prefix} is longer than IP address (${width})`;
  if (bits === 0 && /[1-9a-f]/i.test(address)) return CIDR_OR_IP;
  return undefined;
};

const DNS_LABELS = /^(([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)\.)*([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)$/;

export const isDnsName = (value: string): boolean => DNS_LABELS.test(value);

const ALIAS = /^(?:(?:dc|guest)\/)?[A-Za-z][A-Za-z0-9\-_]+$/;

/** A contiguous netmask, in dotted form. */
function isNetmask(value: string): boolean {
  if (!isIPv4(value)) return false;
  const bits = value.split(".").reduce((mask, octet) => mask * 256 + Number(octet), 0);
  const inverted = 0xffffffff - bits;
  // A contiguous mask inverts to 2^n - 1.
  return (BigInt(inverted) & (BigInt(inverted) + 1n)) === 0n;
}

/** The address part of a server is an IP or a name, but not the text `0`. */
export const isAddress = (value: string): boolean => value !== "0" && (isIp(value) || isDnsName(value));

const IFACE = /^[a-z][a-z0-9_]{1,20}([:.]\d+)?$/i;

function isIpWithLinkLocalInterface(value: string): boolean {
  if (isIp(value)) return true;
  const match = /^(fe80:[^%]+)%(.*)$/.exec(value);
  const [, address, iface] = match ?? [];
  return address !== undefined && iface !== undefined && isIp(address) && IFACE.test(iface);
}

/** `source:target` items, one plain default at most, or `1` alone. Items of one value; ids by `idCheck`. */
export function idMapCheck(idCheck: FormatCheck): FormatCheck {
  return (value) => {
    // The text `0` counts as empty.
    const items = value === "0" ? [] : splitList(value);
    const sources = new Set<string>();
    let hasDefault = false;
    const invalid = (item: string, reason: string): string => `entry '${item}' contains invalid ID - ${reason}\n\n`;
    if (items.length > 1 && items.includes("1")) {
      return "identity mapping cannot be combined with other mappings\n";
    }
    for (const item of items) {
      if (item === "1") continue;
      const [source, target, ...rest] = item.split(":");
      if (source === undefined || rest.length > 0) return invalid(item, idCheck(item) ?? "too many colons");
      if (target === undefined) {
        const reason = idCheck(source);
        if (reason !== undefined) return invalid(item, reason);
        if (hasDefault) return "default target ID can only be provided once\n";
        hasDefault = true;
        continue;
      }
      const reason = idCheck(source) ?? idCheck(target);
      if (reason !== undefined) return invalid(item, reason);
      if (sources.has(source)) return `duplicate mapping for source '${source}'\n`;
      sources.add(source);
    }
    return undefined;
  };
}

const bridgeId = byPattern(/^[-_.\w\d]+$/, "invalid bridge ID '{v}'");

export const networkFormats = {
  CIDR: byTest((v) => isCidrV4(v) || isCidrV6(v), "value does not look like a valid CIDR network"),
  CIDRv4: byTest(isCidrV4, "value does not look like a valid IPv4 CIDR network"),
  CIDRv6: byTest(isCidrV6, "value does not look like a valid IPv6 CIDR network"),
  IPorCIDR: ipOrCidr,
  IPorCIDRorAlias: (value: string) => (ALIAS.test(value) ? undefined : ipOrCidr(value)),
  address: byTest(isAddress, "value does not look like a valid address: {v}"),
  "bridge-pair": idMapCheck(bridgeId),
  "dns-name": byPattern(DNS_LABELS, "value does not look like a valid DNS name"),
  "graphite-path": byPattern(DNS_LABELS, "value does not look like a valid graphite path"),
  ip: byTest(isIp, "value does not look like a valid IP address"),
  ipv4: byTest(isIPv4, "value does not look like a valid IPv4 address"),
  ipv4mask: byTest(isNetmask, "value does not look like a valid IP netmask"),
  ipv6: byTest(isPlainIPv6, "value does not look like a valid IPv6 address"),
  "lxc-ip-with-ll-iface": byTest(isIpWithLinkLocalInterface, "value does not look like a valid IP address"),
  "mac-addr": byPattern(
    /^[a-f0-9][02468ace](?::[a-f0-9]{2}){5}$/i,
    "value does not look like a valid unicast MAC address",
  ),
  "mac-prefix": byPattern(
    /^[a-f0-9][02468ace](?::[a-f0-9]{2}){0,2}(?::[a-f0-9]?)?$/i,
    "value is not a valid unicast MAC address prefix",
  ),
  "pve-bridge-id": bridgeId,
  "pve-iface": byPattern(IFACE, "invalid network interface name '{v}'"),
  "pve-ipv4-config": byTest(
    (v) => v === "dhcp" || v === "manual" || isCidrV4(v),
    "value does not look like a valid ipv4 network configuration",
  ),
  "pve-ipv6-config": byTest(
    (v) => v === "auto" || v === "dhcp" || v === "manual" || isCidrV6(v),
    "value does not look like a valid ipv6 network configuration",
  ),
  "pve-node": byPattern(/^([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)$/, "value does not look like a valid node name"),
  "pve-vlan-id-or-range": vlanIdOrRange,
} satisfies Record<string, FormatCheck>;

function vlanIdOrRange(value: string): string | undefined {
  const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(value) ?? [];
  if (first === undefined) return `invalid VLAN configuration '${value}'`;
  const isVlan = (text: string): boolean => Number(text) >= 2 && Number(text) <= 4094;
  if (!isVlan(first)) return `invalid VLAN tag '${first}'`;
  // An end of 0 counts as absent in the reference.
  if (last === undefined || Number(last) === 0) return undefined;
  if (!isVlan(last)) return `invalid VLAN tag '${last}'`;
  return Number(first) < Number(last) ? undefined : `VLAN range must go from lower to higher tag '${value}'`;
}
