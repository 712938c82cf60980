/**
 * Who is signed in. The ticket is in the cookie that the server reads; the token against forged requests is kept beside
 * it for reloads and other tabs. Tickets end after two hours: they are renewed well before.
 */
import { ValueStore } from "../store/value-store.ts";
import type { ApiClient } from "./client.ts";
import { ApiError } from "./errors.ts";

export interface Login {
  readonly user: string;
  readonly csrfToken: string;
  /** Epoch milliseconds on this machine's clock. */
  readonly since: number;
}

export type SessionState =
  | { readonly kind: "signed-out" }
  /** The pages stay as they are, under a sign-in card. */
  | { readonly kind: "expired"; readonly user: string }
  | { readonly kind: "signed-in"; readonly login: Login };

/** A second factor is asked for. */
export class SecondFactorError extends Error {
  override readonly name = "SecondFactorError";
}

const COOKIE = "PVEAuthCookie";
const KEY = "quorate.login";
const RENEW_AFTER_MS = 45 * 60_000;
const LIFETIME_MS = 2 * 60 * 60_000;
const CHECK_EVERY_MS = 60_000;

export interface SessionDeps {
  readonly api: () => ApiClient;
  readonly storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  readonly cookies: { cookie: string };
  readonly now: () => number;
}

export class Session {
  readonly state: ValueStore<SessionState>;
  readonly #deps: SessionDeps;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
    const login = this.#stored();
    this.state = new ValueStore<SessionState>(
      login === undefined || this.#ticket() === undefined ? { kind: "signed-out" } : { kind: "signed-in", login },
    );
  }

  csrfToken(): string | undefined {
    // Another tab may have renewed it.
    return this.#stored()?.csrfToken;
  }

  /** @throws SecondFactorError, ApiError */
  async signIn(user: string, password: string): Promise<void> {
    const answer = (await this.#deps.api().post("/access/ticket", { username: user, password })) as Readonly<
      Record<string, unknown>
    >;
    const { ticket, CSRFPreventionToken: csrfToken, username } = answer;
    if (answer.NeedTFA !== undefined) throw new SecondFactorError();
    if (typeof ticket !== "string" || typeof csrfToken !== "string" || typeof username !== "string") {
      throw new ApiError("the answer is not understood", { status: 0 });
    }
    this.#deps.cookies.cookie = `${COOKIE}=${encodeURIComponent(ticket)}; path=/; secure; SameSite=Lax`;
    const login: Login = { user: username, csrfToken, since: this.#deps.now() };
    this.#deps.storage.setItem(KEY, JSON.stringify(login));
    this.state.set({ kind: "signed-in", login });
  }

  signOut(): void {
    this.#deps.cookies.cookie = `${COOKIE}=; path=/; secure; SameSite=Lax; max-age=0`;
    this.#deps.storage.removeItem(KEY);
    this.state.set({ kind: "signed-out" });
  }

  expire(): void {
    const { value } = this.state;
    if (value.kind === "signed-in") this.state.set({ kind: "expired", user: value.login.user });
  }

  /** Renews the ticket while this page is open. @returns what ends that. */
  keepAlive(): () => void {
    const timer = setInterval(() => void this.#renew(), CHECK_EVERY_MS);
    return () => clearInterval(timer);
  }

  async #renew(): Promise<void> {
    const login = this.#stored();
    const ticket = this.#ticket();
    if (login === undefined || ticket === undefined || this.state.value.kind !== "signed-in") return;
    const age = this.#deps.now() - login.since;
    if (age < RENEW_AFTER_MS) return;
    try {
      await this.signIn(login.user, ticket);
    } catch (error) {
      const isRefused = error instanceof ApiError && error.status !== 0;
      // No answer: tried again until the ticket is over.
      if (isRefused || age > LIFETIME_MS) this.expire();
    }
  }

  #ticket(): string | undefined {
    const match = new RegExp(`(?:^|; )${COOKIE}=([^;]+)`).exec(this.#deps.cookies.cookie);
    return match?.[1] === undefined ? undefined : decodeURIComponent(match[1]);
  }

  #stored(): Login | undefined {
    const text = this.#deps.storage.getItem(KEY);
    if (text === null) return undefined;
    try {
      const { user, csrfToken, since } = JSON.parse(text) as Partial<Login>;
      if (typeof user !== "string" || typeof csrfToken !== "string" || typeof since !== "number") return undefined;
      return { user, csrfToken, since };
    } catch {
      // Something else wrote there: as if nobody had signed in.
      return undefined;
    }
  }
}
