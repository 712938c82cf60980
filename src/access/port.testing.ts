/** Access control for tests of other rooms: users and rights as given, tickets that are readable texts. */
import { AuthenticationError } from "./errors.ts";
import type { AccessControl, AccessView, Credentials, Identity, PermissionVerdict, PoolMembers } from "./port.ts";

/** Privileges by path (with everything below it) by user or token. */
export type TestRights = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

export function testTicket(userid: string): string {
  return `TEST:${userid}`;
}

export const TEST_CSRF_TOKEN = "csrf";

export class TestAccess implements AccessControl {
  #view: AccessView;
  #generation = 0;

  constructor(rights: TestRights = {}) {
    this.#view = viewOf(rights);
  }

  setRights(rights: TestRights): void {
    this.#view = viewOf(rights);
    this.#generation += 1;
  }

  view(): AccessView {
    return this.#view;
  }

  generation(): number {
    return this.#generation;
  }

  authenticate({ ticket, token, csrfToken, isWrite }: Credentials): Identity {
    if (token !== undefined) {
      const [authid = "", secret] = token.split("=");
      const userid = authid.split("!")[0] ?? "";
      if (secret !== "secret" || !this.#view.isActive(authid, 0)) throw new AuthenticationError("invalid token value!");
      return { authid, userid };
    }
    const userid = ticket?.startsWith("TEST:") ? ticket.slice("TEST:".length) : "";
    if (!this.#view.isActive(userid, 0)) throw new AuthenticationError("Authentication failed!");
    if (isWrite && csrfToken !== TEST_CSRF_TOKEN) {
      throw new AuthenticationError("Permission denied - invalid csrf token");
    }
    return { authid: userid, userid };
  }

  async issueConsoleTicket(authid: string, path: string, port?: number): Promise<string> {
    return `CONSOLE:${authid}:${path}:${port ?? ""}`;
  }

  async verifyConsoleTicket(ticket: string, authid: string, path: string, port?: number): Promise<boolean> {
    return ticket === (await this.issueConsoleTicket(authid, path, port));
  }

  async issueLoginTicket(userid: string): Promise<{ ticket: string; csrfToken: string }> {
    return { ticket: testTicket(userid), csrfToken: TEST_CSRF_TOKEN };
  }
}

function viewOf(rights: TestRights): AccessView {
  const privileges = (authid: string, path: string): ReadonlyMap<string, boolean> => {
    const held = new Map<string, boolean>();
    for (const [at, privs] of Object.entries(rights[authid] ?? {})) {
      const isBelow = at === "/" || path === at || path.startsWith(`${at}/`);
      if (isBelow) for (const priv of privs) held.set(priv, true);
    }
    return held;
  };
  return {
    privileges,
    has(authid, path, privs, any = false) {
      if (authid === "root@pam") return true;
      const held = privileges(authid, path);
      return any ? privs.some((priv) => held.has(priv)) : privs.every((priv) => held.has(priv));
    },
    isActive: (authid) => authid === "root@pam" || Object.hasOwn(rights, authid),
    poolOfGuest: () => undefined,
    aclPaths: () => [...new Set(Object.values(rights).flatMap((paths) => Object.keys(paths)))],
    hasUser: (userid) => userid === "root@pam" || Object.hasOwn(rights, userid),
    groupIds: () => [],
    groupMembers: () => undefined,
    poolMembers: (): PoolMembers | undefined => undefined,
  };
}

/** The `perm` form of permission expressions, which is what most methods have. */
export function evaluateTestPermission(
  check: readonly unknown[],
  { view, authid, params }: { view: AccessView; authid: string; params: Readonly<Record<string, unknown>> },
): PermissionVerdict {
  const [form, template, privs, ...options] = check;
  if (form !== "perm" || typeof template !== "string" || !Array.isArray(privs)) {
    throw new TypeError(`the test access control does not know '${String(form)}'`);
  }
  const path = template.replace(/\{([^}]+)\}/g, (_, name: string) => String(params[name] ?? "-"));
  const names = privs.map(String);
  const isAny = options[0] === "any";
  if (view.has(authid, path, names, isAny)) return { kind: "allowed" };
  const missing = isAny ? names.join("|") : names.find((priv) => !view.has(authid, path, [priv]));
  return { kind: "refused", message: `Permission check failed (${path}, ${missing})` };
}
