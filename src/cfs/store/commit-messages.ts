/** What passes between the thread that owns the tree and the one that commits. */
import type { MessagePort } from "node:worker_threads";
import type { Durability } from "./port.ts";
import type { RowChanges } from "./row-changes.ts";

/** How another thread wakes the owner of the tree: it sets the flag, then writes to the eventfd. */
export interface WakeUp {
  readonly fd: number;
  /** One Int32. */
  readonly flag: SharedArrayBuffer;
}

export interface CommitThreadData {
  readonly port: MessagePort;
  readonly path: string;
  readonly wake: WakeUp;
  /** Milliseconds that each commit is made to take longer: to try out a slow disk. */
  readonly delayMs: number;
}

export type CommitRequest =
  | { readonly kind: "commit"; readonly rows: RowChanges; readonly durability: Durability }
  | { readonly kind: "sync" }
  | { readonly kind: "stop" };

export type CommitAnswer =
  | { readonly kind: "ready" }
  | {
      readonly kind: "done";
      /** Of batches that tell the speed of the disk. */
      readonly ms?: number;
      readonly failure?: { readonly message: string; readonly errcode?: number };
    };
