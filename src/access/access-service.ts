/** Access control over the cluster file system: who somebody is and what he may do, kept until the files change. */
import { createHash, createPrivateKey, type KeyObject } from "node:crypto";
import type { CachedFiles } from "../cfs/cached-files.ts";
import type { CfsEvent, ClusterFs, FileSnapshot } from "../cfs/port.ts";
import { AuthenticationError } from "./errors.ts";
import { UserConfigView } from "./evaluate.ts";
import { ensureKeys, OLD_PUBLIC_KEY, PRIVATE_KEY, PUBLIC_KEY, parsePublicKey, WWW_KEY } from "./keys.ts";
import { isUserid, splitTokenid } from "./names.ts";
import { parseUserConfig, USER_CONFIG } from "./parse-user-config.ts";
import type { AccessControl, Credentials, Identity } from "./port.ts";
import {
  isFreshConsole,
  isFreshLogin,
  issueCsrfToken,
  issueTicket,
  openTicket,
  type ParsedTicket,
  type TicketKeys,
  verifyCsrfToken,
} from "./tickets.ts";

export interface AccessServiceDeps {
  readonly cfs: ClusterFs;
  readonly files: CachedFiles;
  /** Epoch seconds. */
  readonly now: () => number;
}

/** Files on which an authentication depends. */
const WATCHED = new Set([
  USER_CONFIG,
  "domains.cfg",
  PUBLIC_KEY,
  OLD_PUBLIC_KEY,
  WWW_KEY,
  "priv/token.cfg",
  "priv/tfa.cfg",
]);
/** Tickets and tokens whose signature was found good; the number that strangers can make us keep is bounded. */
const MAX_REMEMBERED = 4096;
const TOKEN_MEMORY_MS = 10_000;
const CONSOLE_PREFIX = "PVEVNC";

export function parseView(file: FileSnapshot | undefined): UserConfigView {
  return new UserConfigView(parseUserConfig(file?.data.toString("utf8") ?? "").config);
}

const asText = (file: FileSnapshot | undefined): string | undefined => file?.data.toString("utf8");

interface Material {
  readonly view: UserConfigView;
  readonly keys: TicketKeys | undefined;
  readonly wwwKey: string | undefined;
}

export class AccessService implements AccessControl {
  readonly #deps: AccessServiceDeps;
  readonly #tickets = new Map<string, ParsedTicket>();
  readonly #tokens = new Map<string, number>();
  #generation = 0;
  readonly #unwatch: () => void;

  constructor(deps: AccessServiceDeps) {
    this.#deps = deps;
    this.#unwatch = deps.cfs.watch((event) => this.#onEvent(event));
  }

  close(): void {
    this.#unwatch();
  }

  generation(): number {
    return this.#generation;
  }

  view(): UserConfigView | Promise<UserConfigView> {
    return this.#deps.files.get(USER_CONFIG, parseView);
  }

  authenticate(credentials: Credentials): Identity | Promise<Identity> {
    if (credentials.ticket === undefined && credentials.token === undefined) throw new AuthenticationError("No ticket");
    const material = this.#material();
    if (material instanceof Promise) return material.then((ready) => this.#authenticate(credentials, ready));
    return this.#authenticate(credentials, material);
  }

  async issueLoginTicket(userid: string): Promise<{ ticket: string; csrfToken: string }> {
    const key = await this.#signingKey();
    const wwwKey = await this.#deps.files.get(WWW_KEY, asText);
    if (wwwKey === undefined) throw new Error(`cannot issue a ticket: ${WWW_KEY} is missing`);
    const now = this.#deps.now();
    return {
      ticket: issueTicket(key, { prefix: "PVE", data: userid, time: now }),
      csrfToken: issueCsrfToken(wwwKey, userid, now),
    };
  }

  /** The user of a login ticket that is good now. */
  async userOfTicket(ticket: string): Promise<string | undefined> {
    const { keys } = await this.#material();
    if (keys === undefined || ticket.startsWith("PVE:!tfa!")) return undefined;
    const opened = this.#open(ticket, keys);
    const isGood = opened !== undefined && isUserid(opened.data) && isFreshLogin(opened, keys, this.#deps.now());
    return isGood ? opened.data : undefined;
  }

  async issueConsoleTicket(authid: string, path: string, port?: number): Promise<string> {
    const key = await this.#signingKey();
    return issueTicket(key, { prefix: CONSOLE_PREFIX, time: this.#deps.now(), boundTo: boundTo(authid, path, port) });
  }

  async verifyConsoleTicket(ticket: string, authid: string, path: string, port?: number): Promise<boolean> {
    const { keys } = await this.#material();
    if (keys === undefined) return false;
    // An older form has eight characters of a VNC password in front.
    const plain = /^.{8}:(PVEVNC:.*)$/s.exec(ticket)?.[1] ?? ticket;
    const opened = openTicket(plain, CONSOLE_PREFIX, keys, boundTo(authid, path, port));
    return opened !== undefined && isFreshConsole(opened, this.#deps.now());
  }

  #authenticate(credentials: Credentials, material: Material): Identity | Promise<Identity> {
    if (credentials.ticket !== undefined) return this.#byTicket(credentials, material);
    return this.#byToken(credentials.token ?? "", material);
  }

  #byTicket({ ticket = "", csrfToken, isWrite }: Credentials, { view, keys, wwwKey }: Material): Identity {
    const now = this.#deps.now();
    // A half ticket waits for its second factor: it lets nobody in.
    if (ticket.startsWith("PVE:!tfa!")) throw new AuthenticationError("No ticket");
    const opened = keys && this.#open(ticket, keys);
    if (keys === undefined || opened === undefined || !isFreshLogin(opened, keys, now)) {
      throw new AuthenticationError("Authentication failed!");
    }
    const userid = opened.data;
    if (!isUserid(userid) || !view.isActive(userid, now)) throw new AuthenticationError("Authentication failed!");
    if (isWrite && (wwwKey === undefined || !verifyCsrfToken(csrfToken ?? "", wwwKey, userid, now))) {
      throw new AuthenticationError("Permission denied - invalid csrf token");
    }
    return { authid: userid, userid };
  }

  async #byToken(token: string, { view }: Material): Promise<Identity> {
    const at = token.indexOf("=");
    const [tokenid, secret] = at < 0 ? [token, ""] : [token.slice(0, at), token.slice(at + 1)];
    const name = splitTokenid(tokenid);
    if (name === undefined || secret === "") throw new AuthenticationError("Authentication failed!");
    if (!view.isActive(tokenid, this.#deps.now())) throw new AuthenticationError("Authentication failed!");
    const hash = hashOf(token);
    const checkedAt = this.#tokens.get(hash);
    if (checkedAt === undefined || performance.now() - checkedAt > TOKEN_MEMORY_MS) {
      if (!(await this.#deps.cfs.verifyToken(tokenid, secret))) throw new AuthenticationError("Authentication failed!");
      remember(this.#tokens, hash, performance.now());
    }
    return { authid: tokenid, userid: name.userid };
  }

  #open(ticket: string, keys: TicketKeys): ParsedTicket | undefined {
    const hash = hashOf(ticket);
    const known = this.#tickets.get(hash);
    if (known !== undefined) return known;
    const opened = openTicket(ticket, "PVE", keys);
    if (opened !== undefined) remember(this.#tickets, hash, opened);
    return opened;
  }

  #material(): Material | Promise<Material> {
    const { files } = this.#deps;
    const parts = [
      files.get(USER_CONFIG, parseView),
      files.get(PUBLIC_KEY, parsePublicKey),
      files.get(OLD_PUBLIC_KEY, parsePublicKey),
      files.get(WWW_KEY, asText),
    ] as const;
    const [view, current, previous, wwwKey] = parts;
    if (
      view instanceof Promise ||
      current instanceof Promise ||
      previous instanceof Promise ||
      wwwKey instanceof Promise
    ) {
      return Promise.all(parts).then((ready) => joined(...ready));
    }
    return joined(view, current, previous, wwwKey);
  }

  async #signingKey(): Promise<KeyObject> {
    await ensureKeys(this.#deps.cfs, this.#deps.now());
    const key = await this.#deps.files.get(PRIVATE_KEY, parsePrivateKey);
    if (key === undefined) throw new Error(`cannot sign a ticket: ${PRIVATE_KEY} is missing`);
    return key;
  }

  #onEvent(event: CfsEvent): void {
    const isOurs =
      event.kind === "resync" || ((event.kind === "file" || event.kind === "entry") && WATCHED.has(event.path));
    if (!isOurs) return;
    this.#generation += 1;
    this.#tickets.clear();
    this.#tokens.clear();
  }
}

function joined(
  view: UserConfigView,
  current: TicketKeys["current"] | undefined,
  previous: TicketKeys["current"] | undefined,
  wwwKey: string | undefined,
): Material {
  const keys = current && { current, ...(previous === undefined ? {} : { previous }) };
  return { view, keys, wwwKey };
}

function parsePrivateKey(file: FileSnapshot | undefined): KeyObject | undefined {
  return file === undefined ? undefined : createPrivateKey(file.data);
}

function boundTo(authid: string, path: string, port: number | undefined): string {
  return port === undefined ? `${authid}:${path}` : `${authid}:${path}:${port}`;
}

const hashOf = (text: string): string => createHash("sha256").update(text).digest("base64");

function remember<T>(memory: Map<string, T>, key: string, value: T): void {
  if (memory.size >= MAX_REMEMBERED) memory.clear();
  memory.set(key, value);
}
