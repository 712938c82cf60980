/** Checks passwords by realm. Every refusal takes the same time and says the same. */
import { setTimeout as sleep } from "node:timers/promises";
import type { CachedFiles } from "../cfs/cached-files.ts";
import type { ClusterFs } from "../cfs/port.ts";
import { messageOf } from "../errors/quorate-error.ts";
import type { Logger } from "../log/logger.ts";
import { CryptUnavailableError, PasswordHashes } from "../os/crypt.ts";
import { type PamAuthenticator, PamUnavailableError } from "../os/pam.ts";
import { RealmNotBuiltError } from "./access-errors.ts";
import type { AccessService } from "./access-service.ts";
import { AuthenticationError } from "./errors.ts";
import { splitUserid } from "./names.ts";
import { DOMAINS_CONFIG, parseRealms } from "./realms.ts";
import { hasSecondFactor, ShadowFile } from "./secret-files.ts";

/**
 * The hash of a password that nobody has. It is computed for names without one, so that a stranger learns nothing from
 * how long the answer takes while many log in.
 */
const NOBODYS_HASH = "$y$j9T$AWM5KwqXMhafyhWz8PTRt.$P9Gm/Q4tYlVz1oYILvZwU2fLCZMboZvRdpM3pNyeSBC";

/** Longer than any check takes, shorter than the five seconds after which some clients give up. */
const REFUSAL_MS = 3_000;

const NOT_ACTIVE = "no such user, or disabled, or expired";

export interface PasswordLoginDeps {
  readonly cfs: ClusterFs;
  readonly files: CachedFiles;
  readonly access: AccessService;
  readonly pam: Pick<PamAuthenticator, "check">;
  /** Epoch seconds. */
  readonly now: () => number;
  readonly log: Logger;
  /** Default: libcrypt, a few at a time. */
  readonly hashes?: Pick<PasswordHashes, "hash" | "verify">;
  /** For tests. */
  readonly refusalMs?: number;
}

interface RealmOfUser {
  readonly user: string;
  readonly realm: string;
  readonly type: string;
  /** What the realm asks for beside the password. */
  readonly tfa: unknown;
}

export class PasswordLogin {
  readonly #deps: PasswordLoginDeps;
  readonly #shadow: ShadowFile;
  readonly #hashes: Pick<PasswordHashes, "hash" | "verify">;

  constructor(deps: PasswordLoginDeps) {
    this.#deps = deps;
    this.#hashes = deps.hashes ?? new PasswordHashes();
    this.#shadow = new ShadowFile(deps.cfs);
  }

  /**
   * @throws AuthenticationError `authentication failure`, whatever the reason; the reason is logged.
   * @throws RealmNotBuiltError for a realm whose kind is not part of this release.
   */
  async check(userid: string, password: string): Promise<void> {
    await this.#padded(userid, async () => {
      const refusal = await this.#passwordRefusal(userid, password);
      return refusal ?? (await this.#factorRefusal(userid));
    });
  }

  /**
   * Whether somebody who is logged in knows his password: for changes to how he logs in. A second factor was asked for
   * at the login, and is not asked for again.
   * @throws AuthenticationError
   */
  async confirm(userid: string, password: string): Promise<void> {
    await this.#padded(userid, () => this.#passwordRefusal(userid, password));
  }

  async setPassword(userid: string, password: string): Promise<void> {
    const { user, type, realm } = await this.#realmOf(userid);
    if (type !== "pve") throw new RealmNotBuiltError(realm, `${type} (change of passwords)`);
    await this.#shadow.set(user, await this.#hashes.hash(password));
  }

  async forgetPassword(userid: string): Promise<void> {
    const name = splitUserid(userid);
    if (name?.realm === "pve") await this.#shadow.set(name.user, undefined);
  }

  async #realmOf(userid: string): Promise<RealmOfUser> {
    const name = splitUserid(userid);
    if (name === undefined) throw new AuthenticationError(`invalid user name '${userid}'`);
    const { sections } = await this.#deps.files.get(DOMAINS_CONFIG, parseRealms);
    const section = sections.get(name.realm);
    if (section === undefined) throw new AuthenticationError(`no such realm '${name.realm}'`);
    return { ...name, type: section.type, tfa: section.values.tfa };
  }

  /** Every refusal takes the same time and says the same. */
  async #padded(userid: string, refusal: () => Promise<string | undefined>): Promise<void> {
    const startedAt = performance.now();
    const reason = await refusal();
    if (reason === undefined) return;
    this.#deps.log.warn({ userid, reason }, "login refused");
    await sleep(Math.max(0, (this.#deps.refusalMs ?? REFUSAL_MS) - (performance.now() - startedAt)));
    throw new AuthenticationError("authentication failure");
  }

  /** Why this password is refused, or undefined when it is good. */
  async #passwordRefusal(userid: string, password: string): Promise<string | undefined> {
    const { access, now } = this.#deps;
    let realm: RealmOfUser;
    try {
      realm = await this.#realmOf(userid);
    } catch (error) {
      if (error instanceof AuthenticationError) return error.message;
      throw error;
    }
    // Said of the realm before anything is looked up: it tells nothing about its users.
    if (realm.type !== "pam" && realm.type !== "pve") throw new RealmNotBuiltError(realm.realm, realm.type);
    if (password === "" || password.includes("\0")) return "empty password, or one with a NUL character";
    const isActive = (await access.view()).isActive(userid, now());
    if (realm.type === "pve") return await this.#ownRefusal(realm.user, password, isActive);
    return isActive ? await this.#pamRefusal(realm.user, password) : NOT_ACTIVE;
  }

  async #ownRefusal(user: string, password: string, isActive: boolean): Promise<string | undefined> {
    const hash = isActive ? await this.#shadow.hashOf(user) : undefined;
    try {
      const isRight = await this.#hashes.verify(password, hash ?? NOBODYS_HASH);
      if (!isActive) return NOT_ACTIVE;
      return isRight && hash !== undefined ? undefined : "wrong password";
    } catch (error) {
      if (error instanceof CryptUnavailableError) return error.message;
      throw error;
    }
  }

  async #factorRefusal(userid: string): Promise<string | undefined> {
    const realm = await this.#realmOf(userid);
    if (realm.tfa !== undefined) return "the realm asks for a second factor, which this release cannot check";
    if (await hasSecondFactor(this.#deps.cfs, userid))
      return "the account has a second factor, which this release cannot check";
    return undefined;
  }

  async #pamRefusal(user: string, password: string): Promise<string | undefined> {
    try {
      return (await this.#deps.pam.check(user, password)) ? undefined : "PAM refuses";
    } catch (error) {
      // A module that hangs or crashes is told apart in the log only.
      if (error instanceof PamUnavailableError) return `${error.message}: ${messageOf(error.cause ?? error)}`;
      throw error;
    }
  }
}
