/** The tree beside the pages as a flat list of what is open in it. */
import { type GuestState, guestState, isNodeAway } from "../store/freshness.ts";
import type { GuestResource, Inventory, NodeResource } from "../store/resources.ts";

export type TreeRow =
  | {
      readonly kind: "group";
      readonly key: string;
      readonly title: string;
      readonly node: NodeResource | undefined;
      readonly isAway: boolean;
      readonly isOpen: boolean;
      readonly count: number;
    }
  | { readonly kind: "guest"; readonly key: string; readonly guest: GuestResource; readonly state: GuestState };

interface TreeInput {
  readonly inventory: Inventory;
  readonly grouping: "node" | "pool" | "tag";
  /** Keys of groups that are folded (nodes start open when there are few guests). */
  readonly isOpen: (key: string) => boolean;
  readonly filter: string;
  readonly now: number;
}

export function treeRows({ inventory, grouping, isOpen, filter, now }: TreeInput): readonly TreeRow[] {
  const groups = new Map<string, GuestResource[]>();
  if (grouping === "node") for (const name of [...inventory.nodes.keys()].sort(byName)) groups.set(name, []);
  const wanted = filter.trim().toLowerCase();
  for (const guest of [...inventory.guests.values()].sort((a, b) => a.vmid - b.vmid)) {
    if (wanted !== "" && !guest.name.toLowerCase().includes(wanted) && !String(guest.vmid).startsWith(wanted)) continue;
    for (const name of groupsOf(guest, grouping)) {
      const list = groups.get(name);
      if (list === undefined) groups.set(name, [guest]);
      else list.push(guest);
    }
  }
  const rows: TreeRow[] = [];
  const names = grouping === "node" ? [...groups.keys()] : [...groups.keys()].sort(byName);
  for (const name of names) {
    const guests = groups.get(name) ?? [];
    if (wanted !== "" && guests.length === 0) continue;
    const node = grouping === "node" ? inventory.nodes.get(name) : undefined;
    const key = `${grouping}/${name}`;
    const open = wanted !== "" || isOpen(key);
    rows.push({
      kind: "group",
      key,
      title: name,
      node,
      isAway: grouping === "node" && isNodeAway(node, now),
      isOpen: open,
      count: guests.length,
    });
    if (!open) continue;
    for (const guest of guests)
      rows.push({ kind: "guest", key: `${key}/${guest.vmid}`, guest, state: guestState(guest, inventory, now) });
  }
  return rows;
}

const byName = (a: string, b: string): number => a.localeCompare(b, "en", { numeric: true });

function groupsOf({ node, pool, tags }: GuestResource, grouping: "node" | "pool" | "tag"): readonly string[] {
  switch (grouping) {
    case "node":
      return [node];
    case "pool":
      return [pool ?? ""];
    case "tag":
      return tags.length === 0 ? [""] : tags;
    default:
      return grouping satisfies never;
  }
}
