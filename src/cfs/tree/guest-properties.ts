/** Head-section properties of guest configs, read from the tree without a full parser. */
import type { GuestEntry } from "../port.ts";
import { guestPath } from "./paths.ts";
import type { Tree } from "./tree.ts";

/**
 * @param names property names to look for.
 * @returns vmid → property → trimmed value, in the order of `names`; guests with none of them are left out.
 */
export function guestProperties(
  tree: Tree,
  names: readonly string[],
  guests: Iterable<GuestEntry> = tree.guests.entries.values(),
): Map<number, Record<string, string>> {
  const found = new Map<number, Record<string, string>>();
  for (const guest of guests) {
    const data = tree.lookup(guestPath(guest))?.data;
    if (data === undefined) continue;
    const values = headProperties(data.toString("utf8"), names);
    if (Object.keys(values).length > 0) found.set(guest.vmid, values);
  }
  return found;
}

/** The head ends at the first line that starts with `[` (a snapshot); the last line of a name wins. */
function headProperties(text: string, names: readonly string[]): Record<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (line.startsWith("[")) break;
    const colon = line.indexOf(":");
    if (colon > 0) values.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = values.get(name);
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}
