/**
 * The group of nodes that execute the same operations in the same order. Every change of the tree goes through it, also
 * when the node is alone: then the order of sending is the order of delivery. A replicated group takes the place of
 * {@link SingleMemberGroup} without a change to its users.
 */
import type { ClusterInfo } from "./port.ts";
import type { LogEntry } from "./tree/cluster-log.ts";
import type { Errno } from "./tree/errno.ts";
import type { Operation } from "./tree/operation.ts";

export interface OperationsMessage {
  readonly kind: "operations";
  readonly operations: readonly Operation[];
  /** SHA-1 (hex) that the file must have at delivery, null when it must not exist; else nothing is executed. */
  readonly expect?: { readonly path: string; readonly digest: string | null };
  /** Epoch seconds by the sender's clock: becomes the mtime of the change on every node. */
  readonly time: number;
}

/** Asks the group's lowest member to delete a lock that is older than its life. */
export interface UnlockRequestMessage {
  readonly kind: "unlock-request";
  readonly path: string;
  readonly digest: Buffer;
  readonly time: number;
}

export type TreeMessage = OperationsMessage | UnlockRequestMessage;

export type StatusMessage =
  | { readonly kind: "status"; readonly key: string; readonly value: Buffer }
  | { readonly kind: "log"; readonly entry: LogEntry };

/** What the group calls. Never from within a handler's own call other than through `send`. */
export interface GroupHandlers {
  /**
   * One message of the tree, in the order of all nodes.
   * @param from.ticket the sender's ticket when the message is this node's own.
   */
  deliverTree(message: TreeMessage, from: { readonly nodeId: number; readonly ticket?: number }): void;
  /** Of another node only; own status and log entries are applied before they are sent. */
  deliverStatus(message: StatusMessage, from: { readonly nodeName: string }): void;
  /** An own message that will not be delivered: its writer is told EBUSY. */
  release(ticket: number): void;
  /** Quorum or the list of members is another. */
  membershipChanged(): void;
}

export interface Group {
  /** Recorded as the writer of this node's changes; 0 outside a cluster. */
  readonly nodeId: number;
  readonly isQuorate: boolean;
  /** Whether this member decides about expired locks. */
  readonly isLowestMember: boolean;
  info(): ClusterInfo;
  start(handlers: GroupHandlers): void;
  /**
   * Sends to all members, this one included.
   * @returns undefined when it is on its way (it may have been delivered already), else why not.
   */
  send(message: TreeMessage, ticket: number): Errno | undefined;
  /** Best effort: nobody waits for it and quorum is not needed. */
  sendStatus(message: StatusMessage): void;
  stop(): void;
}

/** The node alone: always quorate, delivered as soon as sent. */
export class SingleMemberGroup implements Group {
  readonly nodeId = 0;
  readonly isQuorate = true;
  readonly isLowestMember = true;
  readonly #nodeName: string;
  #handlers: GroupHandlers | undefined;

  constructor(nodeName: string) {
    this.#nodeName = nodeName;
  }

  info(): ClusterInfo {
    return { nodeName: this.#nodeName, isQuorate: true };
  }

  start(handlers: GroupHandlers): void {
    this.#handlers = handlers;
  }

  send(message: TreeMessage, ticket: number): Errno | undefined {
    if (this.#handlers === undefined) return "EBUSY";
    this.#handlers.deliverTree(message, { nodeId: this.nodeId, ticket });
    return undefined;
  }

  sendStatus(): void {
    // Nobody else is there to hear it.
  }

  stop(): void {
    this.#handlers = undefined;
  }
}
