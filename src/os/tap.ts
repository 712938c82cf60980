/** Network interfaces of guests: put on their bridges once QEMU has made them. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { runCommand } from "./run-command.ts";

const TIMEOUT_MS = 10_000;

export function bridgeExists(name: string): boolean {
  return existsSync(`/sys/class/net/${name}/bridge`);
}

/** The interface gets the bridge's MTU, or it would lower that. @throws CommandFailedError */
export async function plugTap(tap: string, bridge: string): Promise<void> {
  const ip = (...args: string[]): Promise<unknown> => runCommand(["ip", ...args], { timeoutMs: TIMEOUT_MS });
  const mtu = (await readFile(`/sys/class/net/${bridge}/mtu`, "latin1")).trim();
  await ip("link", "set", tap, "mtu", mtu);
  await ip("link", "set", tap, "master", bridge);
  await ip("link", "set", tap, "up");
}
