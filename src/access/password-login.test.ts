import { afterEach, describe, expect, test } from "vitest";
import { CryptUnavailableError, hashPassword, verifyPassword } from "../os/crypt.ts";
import { PamUnavailableError } from "../os/pam.ts";
import { RealmNotBuiltError } from "./access-errors.ts";
import { makeWorld, type World, type WorldOptions } from "./access-world.testing.ts";
import { AuthenticationError } from "./errors.ts";
import { hasSecondFactor, parseShadow, ShadowFile, TokenFile } from "./secret-files.ts";

const USERS = `user:nina@pve:1:0:::::
user:gone@pve:0:0:::::
user:late@pve:1:1000:::::
user:local@pam:1:0:::::
user:anna@dir:1:0:::::
user:olga@strict:1:0:::::
`;
const DOMAINS = `ldap: dir
\tbase_dn dc=example,dc=net
\tserver1 ldap.example.net
\tuser_attr uid

`;
const HASH = await hashPassword("a secret");
const OTHER_HASH = await hashPassword("pass");
let world: World | undefined;
afterEach(() => world?.close());

function open(files: Record<string, string> = {}, options: WorldOptions = {}): World {
  world = makeWorld({
    files: {
      "user.cfg": USERS,
      "domains.cfg": DOMAINS,
      "priv/shadow.cfg": `nina:${HASH}:\ngone:${HASH}:\nlate:${HASH}:\n`,
      ...files,
    },
    pam: { local: "system secret", root: "root secret" },
    ...options,
  });
  return world;
}

describe("PasswordLogin", () => {
  test.each([
    ["nina@pve", "a secret"],
    ["local@pam", "system secret"],
    ["root@pam", "root secret"],
  ])("%s gets in with the right password", async (userid, password) => {
    await open().login.check(userid, password);
  });

  test.each([
    ["nina@pve", "wrong"],
    ["nina@pve", ""],
    ["gone@pve", "a secret"],
    ["late@pve", "a secret"],
    ["nobody@pve", "a secret"],
    ["local@pam", "wrong"],
    ["nina@nowhere", "a secret"],
    ["no user id", "a secret"],
  ])("%s with '%s' is refused in the one way", async (userid, password) => {
    const refused = open().login.check(userid, password);
    await expect(refused).rejects.toThrow(AuthenticationError);
    await expect(refused).rejects.toThrow(/^authentication failure$/);
  });

  test.each([
    ["pve", "pve: pve\n\ttfa type=oath\n", undefined],
    ["new format", undefined, '{"users":{"nina@pve":{"totp":[{"info":{}}]}}}'],
    ["old format", undefined, "nina@pve:oath:e30=:\n"],
    ["a file that is no JSON", undefined, '{"users":'],
    ["a file of another shape", undefined, "{}"],
    ["a list instead of a table", undefined, '{"users":[]}'],
    ["an entry that is none", undefined, '{"users":{"nina@pve":"totp"}}'],
  ])("a second factor (%s) refuses the right password", async (_, domains, factors) => {
    const { login } = open({
      ...(domains === undefined ? {} : { "domains.cfg": domains }),
      ...(factors === undefined ? {} : { "priv/tfa.cfg": factors }),
    });
    await expect(login.check("nina@pve", "a secret")).rejects.toThrow("authentication failure");
  });

  test("names without a password cost what a wrong password costs", async () => {
    const computed: string[] = [];
    const hashes = {
      hash: hashPassword,
      verify: async (_: string, hash: string) => {
        computed.push(hash);
        return true;
      },
    };
    const { login } = open({ "priv/shadow.cfg": `gone:${HASH}:\nlate:${HASH}:\n` }, { hashes });
    for (const userid of ["nobody@pve", "gone@pve", "late@pve", "nina@pve"]) {
      await expect(login.check(userid, "a secret")).rejects.toThrow("authentication failure");
    }
    expect(computed).toHaveLength(4);
    for (const hash of computed) expect(hash.slice(0, 7)).toBe(HASH.slice(0, 7));
  });

  test("a password that could not be looked at is refused like a wrong one", async () => {
    const verify = (): Promise<boolean> => Promise.reject(new CryptUnavailableError("too many at once"));
    const { login, warnings } = open({}, { hashes: { hash: hashPassword, verify } });
    await expect(login.check("nina@pve", "a secret")).rejects.toThrow("authentication failure");
    expect(warnings).toEqual([{ userid: "nina@pve", reason: "too many at once" }]);
  });

  test("another user's second factor is no obstacle", async () => {
    await open({ "priv/tfa.cfg": "otto@pve:oath:e30=:\n" }).login.check("nina@pve", "a secret");
    const { login } = open({ "priv/tfa.cfg": '{"users":{"otto@pve":{"totp":[{}]},"nina@pve":{"totp":[]}}}' });
    await login.check("nina@pve", "a secret");
  });

  test("a realm that is not built says so, whether the user exists or not", async () => {
    const { login } = open();
    await expect(login.check("anna@dir", "x")).rejects.toThrow(RealmNotBuiltError);
    await expect(login.check("nobody@dir", "x")).rejects.toThrow(RealmNotBuiltError);
  });

  test("refusals last alike, whatever the reason", async () => {
    const { login } = open({}, { refusalMs: 300 });
    for (const userid of ["nobody@pve", "nina@pve", "local@pam", "nina@nowhere"]) {
      const startedAt = performance.now();
      await expect(login.check(userid, "wrong")).rejects.toThrow("authentication failure");
      expect(performance.now() - startedAt).toBeGreaterThanOrEqual(295);
    }
  });

  test("PAM that cannot be asked is a refusal, not an error of the server", async () => {
    const { login } = open({}, { pam: () => Promise.reject(new PamUnavailableError("a module hangs")) });
    await expect(login.check("root@pam", "x")).rejects.toThrow(AuthenticationError);
  });

  test("a new password replaces the old one, and a forgotten user has none", async () => {
    const { login, text } = open();
    await login.setPassword("nina@pve", "another secret");
    await login.check("nina@pve", "another secret");
    await expect(login.check("nina@pve", "a secret")).rejects.toThrow("authentication failure");
    expect(parseShadow(await text("priv/shadow.cfg")).get("nina")).toMatch(/^\$y\$/);
    await login.forgetPassword("nina@pve");
    expect(parseShadow(await text("priv/shadow.cfg")).has("nina")).toBe(false);
    expect(parseShadow(await text("priv/shadow.cfg")).has("gone")).toBe(true);
  });
});

describe("password hashes", () => {
  test.each([
    ["yescrypt", OTHER_HASH, true],
    ["SHA-256 crypt", "$5$MnfsQ4iN$ZMTppKN16y/tIsUYs/obHlhdP.Os80yXhTurpBMUbA5", true],
    ["DES, which has 56 bits", "rEK1ecacw.7.c", false],
    ["a locked one", "!$5$MnfsQ4iN$x", false],
    ["none", "", false],
    ["an asterisk", "*", false],
  ])("%s", async (_, hash, isKnown) => {
    const password = hash.startsWith("$5$") ? "password" : "pass";
    expect(await verifyPassword(password, hash)).toBe(isKnown);
    expect(await verifyPassword(`${password}x`, hash)).toBe(false);
  });

  test("two hashes of one password differ", async () => {
    expect(await hashPassword("same")).not.toBe(await hashPassword("same"));
  });
});

describe("secret files", () => {
  test("concurrent changes of the password file lose none", async () => {
    const { cfs, text } = open({ "priv/shadow.cfg": "" });
    const shadow = new ShadowFile(cfs);
    await Promise.all(["a", "b", "c", "d"].map((user) => shadow.set(user, `$5$x$${user}`)));
    expect([...parseShadow(await text("priv/shadow.cfg")).keys()].sort()).toEqual(["a", "b", "c", "d"]);
  });

  test("token values are kept sorted, one a line, renewed and removed", async () => {
    const { cfs, text } = open();
    const tokens = new TokenFile(cfs);
    const second = await tokens.renew("b@pve!x");
    const first = await tokens.renew("a@pve!x");
    expect(await text("priv/token.cfg")).toBe(`a@pve!x ${first}\nb@pve!x ${second}\n`);
    const third = await tokens.renew("b@pve!x");
    expect(third).not.toBe(second);
    await tokens.remove(["a@pve!x"]);
    expect(await text("priv/token.cfg")).toBe(`b@pve!x ${third}\n`);
  });

  test("no file of factors means that nobody has one", async () => {
    expect(await hasSecondFactor(open().cfs, "nina@pve")).toBe(false);
  });
});
