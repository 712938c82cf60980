import { expect, test } from "vitest";
import { ApiClient } from "./client.ts";
import { SecondFactorError, Session } from "./session.ts";

function world(answer: Record<string, unknown>, cookie = "") {
  const kept = new Map<string, string>();
  const cookies = { cookie };
  const api = new ApiClient({
    fetch: async () => new Response(JSON.stringify({ data: answer })),
    csrfToken: () => undefined,
    onLoginNeeded: () => {},
  });
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  const make = () => new Session({ api: () => api, storage, cookies, now: () => 1000 });
  return { make, cookies, kept };
}

const good = { ticket: "PVE:a@pve:00::x+/=", CSRFPreventionToken: "csrf", username: "a@pve" };

test("signing in sets the cookie and survives a reload", async () => {
  const { make, cookies } = world(good);
  const session = make();
  await session.signIn("a@pve", "secret");
  expect(cookies.cookie).toBe("PVEAuthCookie=PVE%3Aa%40pve%3A00%3A%3Ax%2B%2F%3D; path=/; secure; SameSite=Lax");
  expect(make().state.value).toMatchObject({ kind: "signed-in", login: { user: "a@pve", csrfToken: "csrf" } });
});

test("without a cookie nobody is signed in, whatever is stored", async () => {
  const { make, cookies } = world(good);
  await make().signIn("a@pve", "secret");
  cookies.cookie = "";
  expect(make().state.value).toEqual({ kind: "signed-out" });
});

test("an account with a second factor is not signed in", async () => {
  const { make, cookies } = world({ ...good, NeedTFA: 1 });
  const session = make();
  await expect(session.signIn("a@pve", "secret")).rejects.toThrow(SecondFactorError);
  expect(cookies.cookie).toBe("");
  expect(session.state.value).toEqual({ kind: "signed-out" });
});

test("a login that is over stays on the page; signing out forgets it", async () => {
  const { make, kept } = world(good);
  const session = make();
  await session.signIn("a@pve", "secret");
  session.expire();
  expect(session.state.value).toEqual({ kind: "expired", user: "a@pve" });
  session.signOut();
  expect(kept.size).toBe(0);
});
