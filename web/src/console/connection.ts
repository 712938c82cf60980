/** What a console needs, whatever it shows; each kind has a module of its own, loaded when it is first used. */
import type { KeyName } from "./key-symbols.ts";

export interface Access {
  /** `wss://…` */
  readonly url: string;
  readonly user: string;
  readonly ticket: string;
  readonly password: string | undefined;
}

export type Fit = "scale" | "actual" | "resize";

export interface Screen {
  /** Types a text as if by keyboard. */
  readonly type: (text: string) => void;
  readonly press: (key: KeyName) => void;
  readonly ctrlAltDel: (() => void) | undefined;
  readonly functionKey: ((number: number) => void) | undefined;
  /** The next key is pressed together with it. */
  readonly hold: (modifier: "control" | "alt") => void;
  readonly fit: ((fit: Fit) => void) | undefined;
  /** A picture as a data address. */
  readonly picture: (() => string) | undefined;
  readonly focus: () => void;
  readonly close: () => void;
}

export interface ScreenEvents {
  readonly onOpen: () => void;
  /** Once, however it ended. */
  readonly onClose: () => void;
}

/** @param path of the console's socket: `/nodes/n1/qemu/101/vncwebsocket` */
export function socketUrl(path: string, port: string | number, ticket: string): string {
  const url = new URL(`/api2/json${path}`, location.href);
  url.protocol = location.protocol === "http:" ? "ws:" : "wss:";
  url.search = new URLSearchParams({ port: String(port), vncticket: ticket }).toString();
  return url.href;
}
