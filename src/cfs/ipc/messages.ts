/** What the frames' headers say. Both sides read only the fields that they know. */
import type { CfsEvent } from "../port.ts";
import type { CfsReply } from "../requests.ts";

/** The protocol's version: raised when an old peer would misunderstand a new one, not for additions. */
export const PROTOCOL_VERSION = 1;
export const OLDEST_PROTOCOL_VERSION = 1;

/** What a client may send in one frame: a file of the largest size. */
export const MAX_CLIENT_FRAME_BYTES = (1 << 20) + (64 << 10);
/** What a server may send: listings of large directories. */
export const MAX_SERVER_FRAME_BYTES = 64 << 20;

export type ClientMessage =
  /** The first one: the versions that the client speaks. */
  | { readonly kind: "hello"; readonly oldest: number; readonly newest: number; readonly client: string }
  | { readonly kind: "request"; readonly id: number; readonly request: unknown }
  /** Asks for events from now on. */
  | { readonly kind: "watch" };

export type ServerMessage =
  | { readonly kind: "hello"; readonly version: number; readonly nodeName: string; readonly isReadOnly: boolean }
  /** The last one: the connection is closed. */
  | { readonly kind: "goodbye"; readonly reason: string }
  | { readonly kind: "reply"; readonly id: number; readonly reply: CfsReply }
  | { readonly kind: "event"; readonly event: CfsEvent };

/** @returns undefined for a message that this side does not know. */
export function clientMessageOf(header: unknown): ClientMessage | undefined {
  if (typeof header !== "object" || header === null || !("kind" in header)) return undefined;
  switch (header.kind) {
    case "hello": {
      if (!("oldest" in header) || !("newest" in header)) return undefined;
      const { oldest, newest } = header;
      if (typeof oldest !== "number" || typeof newest !== "number") return undefined;
      const client = "client" in header ? String(header.client) : "";
      return { kind: "hello", oldest, newest, client };
    }
    case "request":
      if (!("id" in header) || typeof header.id !== "number" || !("request" in header)) return undefined;
      return { kind: "request", id: header.id, request: header.request };
    case "watch":
      return { kind: "watch" };
    default:
      return undefined;
  }
}

/** @returns undefined for a message that this side does not know: it is ignored. The server is trusted otherwise. */
export function serverMessageOf(header: unknown): ServerMessage | undefined {
  if (typeof header !== "object" || header === null || !("kind" in header)) return undefined;
  switch (header.kind) {
    case "hello":
    case "goodbye":
    case "reply":
    case "event":
      return header as ServerMessage;
    default:
      return undefined;
  }
}
