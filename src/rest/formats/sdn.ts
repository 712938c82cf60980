/** Zones, fabrics, subnets and number ranges of software-defined networks. */
import { byPattern, byTest, type FormatCheck } from "./format.ts";
import { isCidrV4, isCidrV6 } from "./network.ts";

const MAX_ASN_PART = 4294967295;

function isRouteTarget(value: string): boolean {
  const [, first, second] = /^(\d+):(\d+)$/.exec(value) ?? [];
  return first !== undefined && Number(first) <= MAX_ASN_PART && Number(second) <= MAX_ASN_PART;
}

function isSubnetId(value: string): boolean {
  const isCidr = (text: string): boolean => isCidrV4(text) || isCidrV6(text);
  if (value.includes("/")) return isCidr(value);
  const [, address = "", prefix = ""] = value.split("-");
  return isCidr(`${address}/${prefix}`);
}

/** Items other than `N` and `A-B` pass unchecked, as in the reference. */
function numberRanges(max: number): FormatCheck {
  return (value) => {
    if (value === "") return undefined;
    if (value.endsWith(",")) return "extraneous commas in list";
    for (const item of value.split(",")) {
      const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(item) ?? [];
      if (first === undefined) continue;
      if (Number(first) > max) return `invalid port '${first}'`;
      if (last === undefined) continue;
      if (Number(last) > max) return `invalid port '${last}'`;
      if (Number(first) > Number(last)) {
        return `backwards range '${first}:${last}' not allowed, did you mean '${last}:${first}'?`;
      }
    }
    return undefined;
  };
}

const MAX_VLAN = 4096;
const MAX_VXLAN = 16777216;

export const sdnFormats = {
  "pve-sdn-bgp-rt": byTest(isRouteTarget, "value does not look like a valid bgp route-target"),
  "pve-sdn-fabric-id": byPattern(
    /^[a-zA-Z0-9][a-zA-Z0-9-]{0,6}[a-zA-Z0-9]?$/,
    "Fabric ID '{v}' contains illegal characters",
  ),
  "pve-sdn-isis-net": byPattern(
    /^[a-fA-F0-9]{2}(?:\.[a-fA-F0-9]{4}){3,9}\.[a-fA-F0-9]{2}$/,
    "value does not look like a valid isis net",
  ),
  "pve-sdn-subnet-id": byTest(isSubnetId, "value does not look like a valid CIDR network"),
  "pve-sdn-vlanrange": numberRanges(MAX_VLAN),
  "pve-sdn-vxlanrange": numberRanges(MAX_VXLAN),
} satisfies Record<string, FormatCheck>;
