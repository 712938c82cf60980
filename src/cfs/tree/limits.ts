/**
 * The limits of the whole tree. They are checked by the sender of a change and not when it is executed: nodes of other
 * versions do not enforce them, and all must execute alike.
 */
import { MAX_ENTRIES, MAX_TOTAL_BYTES, sizeOf } from "./entry.ts";
import type { Operation } from "./operation.ts";
import type { Tree } from "./tree.ts";

/** Whether the operations would make the tree too large. What does not grow it is always fine. */
export function exceedsLimits(tree: Tree, operations: readonly Operation[]): boolean {
  let entries = 0;
  let bytes = 0;
  for (const operation of operations) {
    if (operation.kind === "create" || operation.kind === "mkdir") entries += 1;
    if (operation.kind !== "write") continue;
    const before = tree.lookup(operation.path);
    bytes += Math.max(0, operation.offset + operation.data.length - (before === undefined ? 0 : sizeOf(before)));
  }
  if (entries > 0 && tree.entryCount + entries > MAX_ENTRIES) return true;
  return bytes > 0 && tree.totalBytes + bytes > MAX_TOTAL_BYTES;
}
