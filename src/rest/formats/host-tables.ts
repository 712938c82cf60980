/**
 * Names that the machine defines: services, protocols, time zones. Read once, on first use; a machine without the file
 * (minimal installations lack them) knows the few names below.
 */
import { readFileSync } from "node:fs";

function readTable(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Names, aliases and numbers of a file of `name number aliases…` lines (services(5), protocols(5)). */
function parseNumberTable(text: string): { names: Set<string>; numbers: Set<string> } {
  const names = new Set<string>();
  const numbers = new Set<string>();
  for (const line of text.split("\n")) {
    const [name, number, ...aliases] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (name === undefined || number === undefined || name === "") continue;
    for (const known of [name, ...aliases]) names.add(known);
    numbers.add(number.split("/")[0] ?? number);
  }
  return { names, numbers };
}

const FEW_SERVICES = "ssh 22/tcp\nsmtp 25/tcp\ndomain 53/udp\nhttp 80/tcp\nntp 123/udp\nhttps 443/tcp\n";
const FEW_PROTOCOLS =
  "icmp 1 ICMP\nigmp 2 IGMP\ntcp 6 TCP\nudp 17 UDP\ngre 47 GRE\nesp 50\nah 51\nipv6-icmp 58\nsctp 132\n";

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

const services = once(() => parseNumberTable(readTable("/etc/services") ?? FEW_SERVICES));
const protocols = once(() => parseNumberTable(readTable("/etc/protocols") ?? FEW_PROTOCOLS));
const zones = once(() => {
  const table = readTable("/usr/share/zoneinfo/zone.tab");
  const names =
    table === undefined
      ? Intl.supportedValuesOf("timeZone")
      : table
          .split("\n")
          .filter((line) => line !== "" && !line.startsWith("#"))
          .map((line) => line.split("\t")[2] ?? "");
  return new Set(names);
});

export const isServiceName = (name: string): boolean => services().names.has(name);
export const isProtocol = (text: string): boolean => protocols().names.has(text) || protocols().numbers.has(text);
export const isKnownTimezone = (name: string): boolean => name === "UTC" || zones().has(name);
