import { afterEach, describe, expect, test } from "vitest";
import { makeWorld, type World } from "./access-world.testing.ts";

const SECRET = "0e9de1e5-2ffc-4d9f-9e2a-6b2b0d6a3d11";
const USERS = `user:nina@pve:1:0:::::
token:nina@pve!ci:0:1::
token:nina@pve!old:1000:1::
user:gone@pve:0:0:::::
user:late@pve:1:1000:::::
`;
let world: World;
const open = (files: Record<string, string> = {}): World => {
  world = makeWorld({
    files: { "user.cfg": USERS, "priv/token.cfg": `nina@pve!ci ${SECRET}\nnina@pve!old ${SECRET}\n`, ...files },
  });
  return world;
};
afterEach(() => world.close());

async function refusal(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return "";
}

describe("AccessService", () => {
  test("a ticket of its own is accepted, for reading without and for writing with the CSRF token", async () => {
    const { access } = open();
    const { ticket, csrfToken } = await access.issueLoginTicket("nina@pve");
    const nina = { authid: "nina@pve", userid: "nina@pve" };
    expect(await access.authenticate({ ticket, isWrite: false })).toEqual(nina);
    expect(await access.authenticate({ ticket, csrfToken, isWrite: true })).toEqual(nina);
    const csrf = "Permission denied - invalid csrf token";
    expect(await refusal(() => access.authenticate({ ticket, isWrite: true }))).toBe(csrf);
    expect(await refusal(() => access.authenticate({ ticket, csrfToken: `${csrfToken}A`, isWrite: true }))).toBe(csrf);
  });

  test("once everything is in memory the answer comes without a promise", async () => {
    const { access } = open();
    const { ticket } = await access.issueLoginTicket("nina@pve");
    await access.authenticate({ ticket, isWrite: false });
    expect(access.authenticate({ ticket, isWrite: false })).toEqual({ authid: "nina@pve", userid: "nina@pve" });
    expect(access.view()).not.toBeInstanceOf(Promise);
  });

  test.each(["gone@pve", "late@pve", "nobody@pve", "no user"])("a good ticket of %s lets nobody in", async (userid) => {
    const { access } = open();
    const { ticket } = await access.issueLoginTicket(userid);
    expect(await refusal(() => access.authenticate({ ticket, isWrite: false }))).toBe("Authentication failed!");
  });

  test("a ticket expires though it was accepted before", async () => {
    const { access, clock } = open();
    const { ticket } = await access.issueLoginTicket("nina@pve");
    await access.authenticate({ ticket, isWrite: false });
    clock.now += 7200;
    expect(await refusal(() => access.authenticate({ ticket, isWrite: false }))).toBe("Authentication failed!");
    expect(await access.userOfTicket(ticket)).toBeUndefined();
  });

  test("a disabled user is out at the next request, and the generation has risen", async () => {
    const { access, changes } = open();
    const { ticket } = await access.issueLoginTicket("nina@pve");
    await access.authenticate({ ticket, isWrite: false });
    const before = access.generation();
    await changes.change(({ users }) => {
      const nina = users.get("nina@pve");
      if (nina !== undefined) nina.enable = false;
    });
    expect(access.generation()).toBeGreaterThan(before);
    expect(await refusal(() => access.authenticate({ ticket, isWrite: false }))).toBe("Authentication failed!");
  });

  test.each(["domains.cfg", "authkey.pub", "pve-www.key", "priv/token.cfg", "priv/tfa.cfg"])(
    "a change of %s raises the generation, one of another file does not",
    async (path) => {
      const { access, cfs, text } = open();
      const before = access.generation();
      await cfs.write("storage.cfg", "dir: local\n");
      expect(access.generation()).toBe(before);
      await cfs.write(path, (await text(path)) || "x");
      expect(access.generation()).toBeGreaterThan(before);
    },
  );

  test("a half ticket, which waits for a second factor, lets nobody in", async () => {
    const { access } = open();
    const { ticket } = await access.issueLoginTicket("!tfa!{}");
    expect(await refusal(() => access.authenticate({ ticket, isWrite: false }))).toBe("No ticket");
    expect(await access.userOfTicket(ticket)).toBeUndefined();
  });

  test("nothing given is no login", async () => {
    const { access } = open();
    expect(await refusal(() => access.authenticate({ isWrite: false }))).toBe("No ticket");
  });

  test.each([
    ["its value", `nina@pve!ci=${SECRET}`, ""],
    ["another value", "nina@pve!ci=1", "Authentication failed!"],
    ["no value", "nina@pve!ci=", "Authentication failed!"],
    ["an expired token", `nina@pve!old=${SECRET}`, "Authentication failed!"],
    ["an unknown token", `nina@pve!none=${SECRET}`, "Authentication failed!"],
    ["a user id", `nina@pve=${SECRET}`, "Authentication failed!"],
  ])("an API token with %s", async (_, token, want) => {
    const { access } = open();
    expect(await refusal(() => access.authenticate({ token, isWrite: true }))).toBe(want);
  });

  test("an API token is itself and its owner, and ends with its value", async () => {
    const { access, cfs } = open();
    const token = `nina@pve!ci=${SECRET}`;
    expect(await access.authenticate({ token, isWrite: true })).toEqual({ authid: "nina@pve!ci", userid: "nina@pve" });
    await cfs.write("priv/token.cfg", "");
    expect(await refusal(() => access.authenticate({ token, isWrite: true }))).toBe("Authentication failed!");
  });

  test("a console ticket is for one user, one path, one port and 40 seconds, and for no login", async () => {
    const { access, clock } = open();
    const ticket = await access.issueConsoleTicket("nina@pve", "/vms/100", 5900);
    const verify = (authid: string, path: string, port?: number): Promise<boolean> =>
      access.verifyConsoleTicket(ticket, authid, path, port);
    expect(ticket).toMatch(/^PVEVNC:[0-9A-F]{8}::/);
    expect(await verify("nina@pve", "/vms/100", 5900)).toBe(true);
    expect(await access.verifyConsoleTicket(`abcd1234:${ticket}`, "nina@pve", "/vms/100", 5900)).toBe(true);
    expect(await verify("otto@pve", "/vms/100", 5900)).toBe(false);
    expect(await verify("nina@pve", "/vms/101", 5900)).toBe(false);
    expect(await verify("nina@pve", "/vms/100", 5901)).toBe(false);
    expect(await verify("nina@pve", "/vms/100")).toBe(false);
    expect(await refusal(() => access.authenticate({ ticket, isWrite: false }))).toBe("Authentication failed!");
    clock.now += 40;
    expect(await verify("nina@pve", "/vms/100", 5900)).toBe(false);
  });

  test("after a rotation the tickets of the key before are good, those of a key before that are not", async () => {
    const { access, clock } = open();
    const { ticket } = await access.issueLoginTicket("nina@pve");
    clock.now += 86_401;
    const { ticket: next } = await access.issueLoginTicket("nina@pve");
    expect(next.split("::")[1]).not.toBe(ticket.split("::")[1]);
    // The file system's clock does not follow the test's: the new key is as young as the first ticket.
    clock.now -= 86_401;
    expect(await access.authenticate({ ticket, isWrite: false })).toEqual({ authid: "nina@pve", userid: "nina@pve" });
  });
});
