/** NoCloud: network configuration version 1 and plain meta data. Pure. */
import { createHash } from "node:crypto";
import { type CardAddresses, type CloudinitSettings, dottedNetmask } from "./settings.ts";
import { lines } from "./user-data.ts";

export function nocloudNetwork(settings: CloudinitSettings): string {
  const { nameservers, searchDomains } = settings;
  const list = (name: string, items: readonly string[]): string[] =>
    items.length === 0 ? [] : [`      ${name}:`, ...items.map((item) => `      - '${item}'`)];
  return lines([
    "version: 1",
    "config:",
    ...settings.cards.flatMap(cardLines),
    "    - type: nameserver",
    ...list("address", nameservers),
    ...list("search", searchDomains),
  ]);
}

function cardLines(card: CardAddresses): string[] {
  return [
    "    - type: physical",
    `      name: eth${card.index}`,
    `      mac_address: '${card.mac}'`,
    "      subnets:",
    ...ipv4Lines(card.ipv4),
    ...ipv6Lines(card.ipv6),
  ];
}

function ipv4Lines(ipv4: CardAddresses["ipv4"]): string[] {
  if (ipv4 === undefined) return [];
  if (ipv4 === "dhcp") return ["      - type: dhcp4"];
  return [
    "      - type: static",
    `        address: '${ipv4.address}'`,
    `        netmask: '${dottedNetmask(ipv4.prefixLength)}'`,
    ...(ipv4.gateway === undefined ? [] : [`        gateway: '${ipv4.gateway}'`]),
  ];
}

function ipv6Lines(ipv6: CardAddresses["ipv6"]): string[] {
  if (ipv6 === undefined) return [];
  if (ipv6 === "dhcp") return ["      - type: dhcp6"];
  if (ipv6 === "auto") return ["      - type: ipv6_slaac"];
  return [
    "      - type: static6",
    `        address: '${ipv6.address}/${ipv6.prefixLength}'`,
    ...(ipv6.gateway === undefined ? [] : [`        gateway: '${ipv6.gateway}'`]),
  ];
}

/** Names the instance by what it is told, so that a change is a new instance. */
export function instanceId(user: string, network: string): string {
  return createHash("sha1")
    .update(user + network, "utf8")
    .digest("hex");
}

export function nocloudMeta(user: string, network: string): string {
  return `instance-id: ${instanceId(user, network)}\n`;
}
