/** When a value is as good as now, and when it must no longer look like it. */
import type { GuestResource, Inventory, NodeResource } from "./resources.ts";

/** Two cycles of measuring. */
const FRESH_S = 20;
const STALE_FROM_S = 60;

export type Freshness = "fresh" | "aging" | "stale";

export function freshness(ageSeconds: number): Freshness {
  if (ageSeconds < FRESH_S) return "fresh";
  return ageSeconds <= STALE_FROM_S ? "aging" : "stale";
}

export function isNodeAway(node: NodeResource | undefined, now: number): boolean {
  return node === undefined || !node.isOnline || freshness(now - node.at) === "stale";
}

export type GuestState = "running" | "stopped" | "paused" | "busy" | "error" | "unknown";

const PAUSED: ReadonlySet<string> = new Set(["paused", "suspended", "prelaunch"]);

/** What may be said of a guest now: nothing that its node said long ago. */
export function guestState(guest: GuestResource, { nodes }: Pick<Inventory, "nodes">, now: number): GuestState {
  const node = nodes.get(guest.node);
  // Without a right to see the node, the guest's own figures tell their age.
  if (node === undefined ? freshness(now - guest.at) === "stale" : isNodeAway(node, now)) return "unknown";
  if (guest.lock === "suspended") return "paused";
  if (guest.lock !== undefined) return "busy";
  if (PAUSED.has(guest.status)) return "paused";
  if (guest.status === "running" || guest.status === "stopped") return guest.status;
  if (guest.status === "io-error" || guest.status === "internal-error") return "error";
  return "unknown";
}
