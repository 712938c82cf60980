/** Network interfaces of guests: put on their bridges once QEMU has made them. */
import { existsSync } from "node:fs";
import { runCommand } from "./run-command.ts";

const TIMEOUT_MS = 10_000;

export function bridgeExists(name: string): boolean {
  return existsSync(`/sys/class/net/${name}/bridge`);
}

/** @throws CommandFailedError */
export async function plugTap(tap: string, bridge: string, options: { readonly mtu?: number } = {}): Promise<void> {
  const ip = (...args: string[]): Promise<unknown> => runCommand(["ip", ...args], { timeoutMs: TIMEOUT_MS });
  if (options.mtu !== undefined) await ip("link", "set", tap, "mtu", String(options.mtu));
  await ip("link", "set", tap, "master", bridge);
  await ip("link", "set", tap, "up");
}
