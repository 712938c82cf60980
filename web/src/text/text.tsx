import { Fragment, type ReactNode } from "react";
import { fill, type MessageKey } from "./t.ts";

/** A message with elements in it: `<T k="vm.running-on" node={<Link …/>} />`. */
export function T({ k, ...values }: { k: MessageKey } & Readonly<Record<string, ReactNode>>): ReactNode {
  return fill<ReactNode>(k, values as Readonly<Record<string, ReactNode>>).map((part, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a message have no other identity, and do not move
    <Fragment key={index}>{part}</Fragment>
  ));
}
