/** Where the interfaces of a guest's cards go, in a layout whose cards are on bridges. */
import { bridgeExists } from "../../../os/tap.ts";
import type { NetCard } from "../builder/network.ts";
import { VmRefusedError } from "../config-error.ts";

/** @returns undefined for a card with QEMU's own network. @throws VmRefusedError for one that would be elsewhere than asked. */
export function bridgeOfCard({ key, options }: NetCard): string | undefined {
  if (options.bridge === undefined) return undefined;
  // Without its VLAN the guest would be in a network that is not its own.
  for (const name of ["tag", "trunks"]) {
    if (options[name] !== undefined) throw new VmRefusedError(`${key}: '${name}' is not implemented in this release`);
  }
  const bridge = String(options.bridge);
  if (!bridgeExists(bridge)) throw new VmRefusedError(`${key}: bridge '${bridge}' does not exist`);
  return bridge;
}

/** What a card asks for and does not get, in words. */
export function unmetWishes({ key, options }: NetCard, isOnBridge: boolean): string[] {
  const unmet: string[] = [];
  if (options.bridge !== undefined && !isOnBridge)
    unmet.push(
      `${key}: QEMU's own network instead of bridge '${options.bridge}', since this node has a root of its own`,
    );
  if (options.firewall === true) unmet.push(`${key}: nothing is filtered, since this release has no firewall`);
  if (options.rate !== undefined) unmet.push(`${key}: the rate is not limited, since this release cannot do that`);
  return unmet;
}
