/** Config drive version 2: Debian's interfaces text and JSON meta data, also in the form that cloudbase-init reads. Pure. */
import { instanceId } from "./nocloud.ts";
import { type CardAddresses, type CloudinitSettings, dottedNetmask, type StaticAddress } from "./settings.ts";
import { lines } from "./user-data.ts";

const INDENT = "        ";

export function configDriveNetwork(settings: CloudinitSettings): string {
  const { nameservers, searchDomains, isWindows } = settings;
  if (isWindows) return lines(settings.cards.flatMap((card) => cardLines(card, windowsDns(settings))));
  const dns = [
    ...(nameservers.length === 0 ? [] : [`${INDENT}dns_nameservers ${nameservers.join(" ")}`]),
    ...(searchDomains.length === 0 ? [] : [`${INDENT}dns_search ${searchDomains.join(" ")}`]),
  ];
  return lines([
    "auto lo",
    "iface lo inet loopback",
    "",
    ...dns,
    ...settings.cards.flatMap((card) => cardLines(card, [])),
  ]);
}

/** cloudbase-init looks for DNS servers in each static block. */
function windowsDns({ nameservers, searchDomains }: CloudinitSettings): string[] {
  return [
    ...(nameservers.length === 0 ? [] : [`${INDENT}dns-nameservers ${nameservers.join(" ")}`]),
    ...(searchDomains.length === 0 ? [] : [`${INDENT}dns-search ${searchDomains.join(" ")}`]),
  ];
}

function cardLines(card: CardAddresses, dns: readonly string[]): string[] {
  const name = `eth${card.index}`;
  return [`auto ${name}`, ...familyLines(name, "inet", card.ipv4, dns), ...familyLines(name, "inet6", card.ipv6, dns)];
}

function familyLines(
  name: string,
  family: "inet" | "inet6",
  address: "dhcp" | "auto" | StaticAddress | undefined,
  dns: readonly string[],
): string[] {
  if (address === undefined) return [];
  if (address === "dhcp" || address === "auto") return [`iface ${name} ${family} ${address}`];
  const netmask = family === "inet" ? dottedNetmask(address.prefixLength) : String(address.prefixLength);
  return [
    `iface ${name} ${family} static`,
    `${INDENT}address ${address.address}`,
    `${INDENT}netmask ${netmask}`,
    ...(address.gateway === undefined ? [] : [`${INDENT}gateway ${address.gateway}`]),
    ...dns,
  ];
}

const JSON_INDENT = 5;

export function configDriveMeta(settings: CloudinitSettings, user: string, network: string): string {
  const keys = Object.fromEntries(settings.sshKeys.map((key, index) => [`key-${index}`, key]));
  const windows = {
    ...(settings.password === undefined ? {} : { admin_pass: settings.password }),
    ...(settings.sshKeys.length === 0 ? {} : { public_keys: keys }),
  };
  const meta = {
    uuid: instanceId(user, network),
    network_config: { content_path: "/content/0000" },
    ...(settings.isWindows ? windows : {}),
  };
  return `${JSON.stringify(meta, undefined, JSON_INDENT)}\n`;
}
