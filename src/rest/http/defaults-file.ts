/**
 * `/etc/default/pveproxy`: who may connect, where to listen, which ciphers. Assignments in shell syntax, with quotes and
 * comments; nothing in it is executed. Pure.
 */
import { BlockList, isIPv6 } from "node:net";
import { QuorateError } from "../../errors/quorate-error.ts";
import type { TlsOptions } from "./server.ts";

/** A value that cannot be what the administrator meant: the daemon does not start with it. */
export class DefaultsFileError extends QuorateError {
  readonly code = "defaults-file";
}

export interface ProxyDefaults {
  readonly listenIp?: string;
  readonly isCompressionOff: boolean;
  readonly tls: TlsOptions;
  /** PEM files that replace the built-in choices. */
  readonly tlsKeyFile?: string;
  readonly dhParamsFile?: string;
  readonly isAllowed: (address: string) => boolean;
  /** A reverse proxy in front says whose request it is, by this header, and is believed from these addresses. */
  readonly realIp?: RealIpRule;
}

export interface RealIpRule {
  /** Lower case, as Node gives header names. */
  readonly header: string;
  readonly isTrusted: (address: string) => boolean;
}

/** @throws DefaultsFileError */
export function parseDefaults(text: string): ProxyDefaults {
  const values = parseAssignments(text);
  const noTls12 = flag(values, "DISABLE_TLS_1_2");
  const noTls13 = flag(values, "DISABLE_TLS_1_3");
  if (noTls12 && noTls13) throw new DefaultsFileError("DISABLE_TLS_1_2 and DISABLE_TLS_1_3 leave no TLS version");
  const ciphers = [values.get("CIPHERSUITES"), values.get("CIPHERS")].filter(Boolean).join(":");
  return {
    ...optional("listenIp", values.get("LISTEN_IP")),
    ...optional("tlsKeyFile", values.get("TLS_KEY_FILE")),
    ...optional("dhParamsFile", values.get("DHPARAMS")),
    isCompressionOff: values.has("COMPRESSION") && !flag(values, "COMPRESSION"),
    tls: {
      ...optional("ciphers", ciphers === "" ? undefined : ciphers),
      honorCipherOrder: values.has("HONOR_CIPHER_ORDER") ? flag(values, "HONOR_CIPHER_ORDER") : true,
      ...(noTls12 ? { minVersion: "TLSv1.3" as const } : {}),
      ...(noTls13 ? { maxVersion: "TLSv1.2" as const } : {}),
    },
    isAllowed: accessRule(values),
    ...realIpRule(values),
  };
}

function optional<K extends string>(key: K, value: string | undefined): { readonly [P in K]?: string } {
  return value === undefined || value === "" ? {} : ({ [key]: value } as { readonly [P in K]: string });
}

function parseAssignments(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, name, raw] = /^\s*(?:export\s+)?([A-Z_][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
    if (name === undefined || raw === undefined) continue;
    const [, double, single, bare = ""] = /^(?:"([^"]*)"|'([^']*)'|([^\s#]*))/.exec(raw) ?? [];
    values.set(name, double ?? single ?? bare);
  }
  return values;
}

function flag(values: ReadonlyMap<string, string>, name: string): boolean {
  const value = values.get(name) ?? "0";
  if (value === "0" || value === "1") return value === "1";
  throw new DefaultsFileError(`${name} must be 0 or 1, not '${value}'`);
}

/** Both or none match: the policy decides. Only one matches: that one does. */
function accessRule(values: ReadonlyMap<string, string>): (address: string) => boolean {
  const policy = values.get("POLICY") ?? "allow";
  if (policy !== "allow" && policy !== "deny")
    throw new DefaultsFileError(`POLICY must be allow or deny, not '${policy}'`);
  const allow = parseAddressList("ALLOW_FROM", values.get("ALLOW_FROM"));
  const deny = parseAddressList("DENY_FROM", values.get("DENY_FROM"));
  return (address) => {
    const [isAllowed, isDenied] = [isListed(allow, address), isListed(deny, address)];
    return isAllowed === isDenied ? policy === "allow" : isAllowed;
  };
}

function realIpRule(values: ReadonlyMap<string, string>): { readonly realIp?: RealIpRule } {
  const header = values.get("PROXY_REAL_IP_HEADER");
  if (header === undefined || header === "") return {};
  const trusted = parseAddressList("PROXY_REAL_IP_ALLOW_FROM", values.get("PROXY_REAL_IP_ALLOW_FROM"));
  // Without a list every peer is believed, as in the reference: the administrator has put a proxy in front of this port.
  return {
    realIp: {
      header: header.toLowerCase(),
      isTrusted: (address) => trusted === undefined || isListed(trusted, address),
    },
  };
}

function isListed(list: BlockList | "all" | undefined, address: string): boolean {
  // An IPv4 peer of a dual-stack socket.
  const plain = address.startsWith("::ffff:") && address.includes(".") ? address.slice("::ffff:".length) : address;
  return list === "all" || list?.check(plain, isIPv6(plain) ? "ipv6" : "ipv4") === true;
}

function parseAddressList(name: string, text: string | undefined): BlockList | "all" | undefined {
  const items = (text ?? "")
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
  if (items.length === 0) return undefined;
  if (items.includes("all")) return "all";
  const list = new BlockList();
  for (const item of items) {
    try {
      addItem(list, item);
    } catch (cause) {
      throw new DefaultsFileError(`${name}: '${item}' is no address, network or range`, { cause });
    }
  }
  return list;
}

function addItem(list: BlockList, item: string): void {
  const family = item.includes(":") ? "ipv6" : "ipv4";
  const [network = "", prefix] = item.split("/");
  const [first = "", last] = item.split("-");
  if (prefix !== undefined) list.addSubnet(network, Number(prefix), family);
  else if (last !== undefined) list.addRange(first.trim(), last.trim(), family);
  else list.addAddress(item, family);
}
