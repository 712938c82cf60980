/**
 * What the rest of the program asks of access control. `AccessView` is an immutable picture of users and rights: the
 * same object until user.cfg or domains.cfg changes, so callers may memoize on it.
 */
export interface AccessView {
  /** Privileges of a user or token on a path → whether they propagate. Never throws for unknown ids. */
  privileges(authid: string, path: string): ReadonlyMap<string, boolean>;
  /** Whether all of `privs` (with `any`: one of them) are held. `root@pam` holds everything. */
  has(authid: string, path: string, privs: readonly string[], any?: boolean): boolean;
  /** Whether the user exists, is enabled and not expired at `now` (epoch seconds); a token likewise. */
  isActive(authid: string, now: number): boolean;
  /** Pool of a guest, if any. */
  poolOfGuest(vmid: number): string | undefined;
  /** Every path of the ACL tree. */
  aclPaths(): readonly string[];
  hasUser(userid: string): boolean;
  /** Members of a group, users that do not exist included; undefined when there is no such group. */
  groupMembers(groupid: string): ReadonlySet<string> | undefined;
  groupIds(): readonly string[];
  /** Undefined when there is no such pool. */
  poolMembers(poolid: string): PoolMembers | undefined;
}

export interface PoolMembers {
  readonly vmids: ReadonlySet<number>;
  readonly storages: ReadonlySet<string>;
}

/** What a permission expression says of a request. */
export type PermissionVerdict =
  | { readonly kind: "allowed" }
  /** 403 with this message: `Permission check failed (/vms/100, VM.Audit)`. */
  | { readonly kind: "refused"; readonly message: string }
  /** A plain error (500) with this message: the target of the call does not exist. */
  | { readonly kind: "failed"; readonly message: string };

export interface Identity {
  readonly authid: string;
  readonly userid: string;
}

/** What came with a request. */
export interface Credentials {
  /** Value of the cookie `PVEAuthCookie` or of `Authorization: PVEAuthCookie=…`, URL-decoded. */
  readonly ticket?: string;
  /** `user@realm!id=secret`, URL-decoded. */
  readonly token?: string;
  /** Header `CSRFPreventionToken`. */
  readonly csrfToken?: string;
  /** A method other than GET, which needs the CSRF token with tickets. */
  readonly isWrite: boolean;
}

export interface AccessControl {
  view(): AccessView | Promise<AccessView>;
  /**
   * Who a request comes from. Answers at once when everything needed is in memory.
   * @throws AuthenticationError (401) with the text for the reason phrase.
   */
  authenticate(credentials: Credentials): Identity | Promise<Identity>;
  /** A short-lived ticket for a console: `PVEVNC`, bound to user, path and port. */
  issueConsoleTicket(authid: string, path: string, port?: number): Promise<string>;
  verifyConsoleTicket(ticket: string, authid: string, path: string, port?: number): Promise<boolean>;
  /** A login ticket with its CSRF token: what `POST /access/ticket` gives, and what the start page embeds. */
  issueLoginTicket(userid: string): Promise<{ readonly ticket: string; readonly csrfToken: string }>;
  /**
   * Rises when users, rights, realms or keys change. A caller may remember the outcome of {@link authenticate} for the
   * same credentials while this stays equal, and for at most 10 s (tickets and accounts expire).
   */
  generation(): number;
}

/** What other rooms change in user.cfg: membership in pools, and rights on things that are gone. */
export interface AccessRecords {
  /** @throws UnknownPoolError, or AlreadyInPoolError when another pool has the guest. */
  addGuestToPool(vmid: number, poolid: string): Promise<void>;
  /** Takes a deleted guest out of its pool and drops the ACLs on it. */
  forgetGuest(vmid: number): Promise<void>;
  /** Takes a deleted storage out of all pools and drops the ACLs on it. */
  forgetStorage(storage: string): Promise<void>;
}
