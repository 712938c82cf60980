/** The address by which other machines reach this one: that of the interface of the default route. */
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";

const ROUTE_UP = 0x1;

/** Interface of the IPv4 default route in the text of /proc/net/route, the lowest metric first. */
export function defaultRouteInterface(text: string): string | undefined {
  const routes = text
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.split(/\s+/))
    .filter(
      ([, destination, , flags]) => destination === "00000000" && (Number.parseInt(flags ?? "0", 16) & ROUTE_UP) !== 0,
    )
    .sort((a, b) => Number(a[6]) - Number(b[6]));
  return routes[0]?.[0];
}

/** @returns 127.0.0.1 on a machine without any other address: then only it can reach itself. */
export function nodeAddress(): string {
  const interfaces = networkInterfaces();
  const preferred = defaultRouteInterface(readFileSync("/proc/net/route", "latin1"));
  const all = Object.entries(interfaces).sort(([a], [b]) => Number(b === preferred) - Number(a === preferred));
  for (const [, addresses] of all) {
    for (const { address, internal, family } of addresses ?? []) {
      if (!internal && family === "IPv4") return address;
    }
  }
  for (const [, addresses] of all) {
    for (const { address, internal, scopeid } of addresses ?? []) if (!internal && !scopeid) return address;
  }
  return "127.0.0.1";
}
