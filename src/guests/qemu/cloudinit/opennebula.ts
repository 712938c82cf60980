/** OpenNebula's context script. Pure. */
import { type CardAddresses, type CloudinitSettings, dottedNetmask } from "./settings.ts";
import { lines } from "./user-data.ts";

export function opennebulaContext(settings: CloudinitSettings): string {
  const { user, password, sshKeys, nameservers, searchDomains } = settings;
  return lines([
    "# This is the context of the VM, for contextualization scripts.",
    ...(user === undefined ? [] : [variable("USERNAME", user)]),
    ...(password === undefined ? [] : [variable("CRYPTED_PASSWORD_BASE64", Buffer.from(password).toString("base64"))]),
    ...(sshKeys.length === 0 ? [] : [variable("SSH_PUBLIC_KEY", sshKeys.join("\n"))]),
    variable("SET_HOSTNAME", settings.hostname),
    ...(nameservers.length === 0 ? [] : [variable("DNS", nameservers.join(" "))]),
    ...(searchDomains.length === 0 ? [] : [variable("SEARCH_DOMAIN", searchDomains.join(" "))]),
    ...settings.cards.flatMap(cardLines),
    variable("NETWORK", "YES"),
  ]);
}

/** The text is read by a shell. */
function variable(name: string, value: string): string {
  return `${name}='${value.replaceAll("'", `'"'"'`)}'`;
}

function cardLines(card: CardAddresses): string[] {
  const name = `ETH${card.index}`;
  const { ipv4, ipv6 } = card;
  const out = [variable(`${name}_MAC`, card.mac)];
  if (ipv4 === "dhcp") out.push(variable(`${name}_DHCP`, "YES"));
  else if (ipv4 !== undefined) {
    out.push(variable(`${name}_IP`, ipv4.address), variable(`${name}_MASK`, dottedNetmask(ipv4.prefixLength)));
    if (ipv4.gateway !== undefined) out.push(variable(`${name}_GATEWAY`, ipv4.gateway));
  }
  if (ipv6 === "dhcp" || ipv6 === "auto") out.push(variable(`${name}_DHCP6`, "YES"));
  else if (ipv6 !== undefined) {
    out.push(variable(`${name}_IP6`, ipv6.address), variable(`${name}_IP6_PREFIX_LENGTH`, String(ipv6.prefixLength)));
    if (ipv6.gateway !== undefined) out.push(variable(`${name}_GATEWAY6`, ipv6.gateway));
  }
  return out;
}
