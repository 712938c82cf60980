/** What passes between the main thread of pmxcfs and the thread that owns tree, database and FUSE connection. */
import type { CfsEvent } from "./port.ts";
import type { CfsReply, CfsRequest } from "./requests.ts";

export interface OwnerThreadData {
  readonly nodeName: string;
  readonly databasePath: string;
  readonly owner: { readonly uid: number; readonly gid: number };
  /** The main thread writes to it to wake the owner, after it has set the flag. */
  readonly wakeFd: number;
  /** One Int32: 1 when there is something to take. */
  readonly wakeFlag: SharedArrayBuffer;
  readonly pid: number;
  /** Makes every commit slower, to try out a slow disk. */
  readonly commitDelayMs: number;
}

export type ToOwner =
  /** The first one: the lock is held, the database may be opened. */
  | { readonly kind: "open" }
  | { readonly kind: "mount"; readonly fd: number }
  | {
      readonly kind: "request";
      readonly id: number;
      readonly request: CfsRequest;
      readonly body?: Uint8Array;
      readonly isReadOnly: boolean;
    }
  /** Whether anybody listens: without, no thread is woken for events. */
  | { readonly kind: "watch"; readonly isOn: boolean }
  | { readonly kind: "stop" };

export type FromOwner =
  | { readonly kind: "loaded"; readonly entryCount: number }
  /** The database cannot be served: the process is to end. */
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "mounted" }
  /** The kernel has taken the mount away. */
  | { readonly kind: "unmounted" }
  | { readonly kind: "reply"; readonly id: number; readonly reply: CfsReply; readonly body?: Uint8Array }
  | { readonly kind: "events"; readonly events: readonly CfsEvent[] }
  | {
      readonly kind: "log";
      readonly level: "error" | "warn" | "info" | "debug";
      readonly fields: object;
      readonly text: string;
    }
  | { readonly kind: "stopped" };
