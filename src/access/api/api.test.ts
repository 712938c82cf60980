import { afterEach, describe, expect, test } from "vitest";
import { hashPassword } from "../../os/crypt.ts";
import { makeWorld, type Reply, type World, type WorldOptions } from "../access-world.testing.ts";

const USERS = `user:nina@pve:1:0:Nina:Roe:nina@example.net:night operator::
token:nina@pve!ci:0:1:pipeline:
user:otto@pve:1:0:::::
user:admin@pve:1:0:::::

group:ops:nina@pve:Operators:
group:empty:::

pool:lab:Test lab:100:local:

role:Restarter:VM.PowerMgmt:

acl:1:/:admin@pve:Administrator:
acl:0:/vms/100:nina@pve:Restarter:
acl:0:/vms/100:nina@pve!ci:Restarter:
acl:1:/access/groups/ops:otto@pve:PVEUserAdmin:
acl:1:/pool/lab:otto@pve:PVEPoolAdmin:
acl:0:/vms/101:@ops:PVEAuditor:
`;
const NINAS_HASH = await hashPassword("nina secret");
const OTTOS_HASH = await hashPassword("otto secret");
let world: World;
afterEach(() => world.close());
function open(options: WorldOptions = {}): World {
  world = makeWorld({
    ...options,
    files: {
      "user.cfg": USERS,
      "priv/shadow.cfg": `nina:${NINAS_HASH}:\notto:${OTTOS_HASH}:\n`,
      "priv/token.cfg": "nina@pve!ci 0e9de1e5-2ffc-4d9f-9e2a-6b2b0d6a3d11\n",
      ...options.files,
    },
  });
  return world;
}
const userConfig = (): Promise<string> => world.text("user.cfg");
const lineOf = async (start: string): Promise<string | undefined> =>
  (await userConfig()).split("\n").find((line) => line.startsWith(start));
function expectOk(reply: Reply): void {
  expect({ status: reply.status, reason: reply.reason }).toEqual({ status: 200, reason: "OK" });
}
function expectRefused(reply: Reply, status: number, reason: string | RegExp): void {
  expect(reply.status).toBe(status);
  if (typeof reason === "string") expect(reply.reason).toBe(reason);
  else expect(reply.reason).toMatch(reason);
}

describe("/access/ticket", () => {
  test("a login gives what clients need: name, ticket, CSRF token, capabilities", async () => {
    const { call, access } = open();
    const reply = await call("POST", "/access/ticket", { username: "nina@pve", password: "nina secret" }, "");
    expectOk(reply);
    const data = reply.data as Record<string, unknown>;
    expect(Object.keys(data).sort()).toEqual(["CSRFPreventionToken", "cap", "ticket", "username"]);
    expect(data.cap).toMatchObject({ vms: { "VM.PowerMgmt": 1 }, storage: {}, nodes: {} });
    expect(await access.userOfTicket(String(data.ticket))).toBe("nina@pve");
  });

  test("the realm may come apart from the name", async () => {
    const { call } = open();
    expectOk(await call("POST", "/access/ticket", { username: "nina", realm: "pve", password: "nina secret" }, ""));
  });

  test.each([
    [{ username: "nina@pve", password: "wrong" }],
    [{ username: "nobody@pve", password: "nina secret" }],
    [{ username: "nina", password: "nina secret" }],
    [{ username: "nina@pve", password: "PVE:nina@pve:6B49D200::AAAA" }],
    [{ username: "nina@pve", password: "nina secret", path: "/vms/100", privs: "VM.Audit" }],
  ])("%o is a 401 like any other", async (params) => {
    expectRefused(await open().call("POST", "/access/ticket", params, ""), 401, "authentication failure");
  });

  test("a ticket renews itself, root's gives anyone's, another user's none", async () => {
    const { call, access } = open();
    const renew = async (owner: string, username: string): Promise<Reply> =>
      await call("POST", "/access/ticket", { username, password: (await access.issueLoginTicket(owner)).ticket }, "");
    expectOk(await renew("nina@pve", "nina@pve"));
    expectOk(await renew("root@pam", "nina@pve"));
    expectRefused(await renew("nina@pve", "root@pam"), 401, "authentication failure");
    expectRefused(await renew("root@pam", "nobody@pve"), 401, "authentication failure");
  });

  test("with path and privileges it is a question only", async () => {
    const params = { username: "nina@pve", password: "nina secret", path: "/vms/100", privs: "VM.PowerMgmt" };
    const { data } = await open().call("POST", "/access/ticket", params, "");
    expect(Object.keys(data as object).sort()).toEqual(["cap", "username"]);
  });

  test("an answer to a challenge that nobody posed is refused, a realm of another kind is not built", async () => {
    const { call } = open({ files: { "domains.cfg": "openid: sso\n\tclient-id x\n\tissuer-url https://sso\n\n" } });
    const login = { username: "nina@pve", password: "nina secret" };
    expect((await call("POST", "/access/ticket", { ...login, "tfa-challenge": "x" }, "")).status).toBe(401);
    expect((await call("POST", "/access/ticket", { ...login, username: "a@sso" }, "")).status).toBe(501);
    expectRefused(
      await call("POST", "/access/ticket", { ...login, otp: "totp:123456" }, ""),
      501,
      "'otp' is not implemented in this release",
    );
    expectOk(await call("POST", "/access/ticket", { ...login, otp: "" }, ""));
  });

  test("API tokens make no tickets", async () => {
    const params = { username: "nina@pve", password: "nina secret" };
    const token = "nina@pve!ci=0e9de1e5-2ffc-4d9f-9e2a-6b2b0d6a3d11";
    expectRefused(await open().call("POST", "/access/ticket", params, token), 403, /not available with API token/);
  });
});

describe("/access/vncticket", () => {
  test("a good ticket of somebody with the rights passes, everything else is a 401", async () => {
    const { call, access } = open();
    const vncticket = await access.issueConsoleTicket("nina@pve", "/vms/100");
    const ask = (params: object): Promise<Reply> =>
      call(
        "POST",
        "/access/vncticket",
        { authid: "nina@pve", vncticket, path: "/vms/100", privs: "VM.PowerMgmt", ...params },
        "",
      );
    expectOk(await ask({}));
    expectRefused(await ask({ privs: "VM.Console" }), 401, /no permission/);
    expectRefused(await ask({ path: "/vms/101" }), 401, "permission denied - invalid PVEVNC ticket");
    expectRefused(await ask({ authid: "admin@pve" }), 401, "permission denied - invalid PVEVNC ticket");
  });
});

describe("/access/password", () => {
  const change = (as: string, params: object): Promise<Reply> =>
    world.call("PUT", "/access/password", { ...params }, as);

  test("somebody changes his own with his present one", async () => {
    open();
    const own = { userid: "nina@pve", password: "a new secret" };
    expect((await change("nina@pve", own)).errors).toHaveProperty("confirmation-password");
    expectRefused(
      await change("nina@pve", { ...own, "confirmation-password": "wrong" }),
      401,
      "authentication failure",
    );
    expectOk(await change("nina@pve", { ...own, "confirmation-password": "nina secret" }));
    await world.login.check("nina@pve", "a new secret");
  });

  test("who may administer a user confirms with his own password, root need not", async () => {
    open();
    const params = { userid: "nina@pve", password: "given by otto" };
    expectRefused(
      await change("nina@pve", { userid: "otto@pve", password: "12345678" }),
      403,
      /Permission check failed/,
    );
    expectOk(await change("root@pam", params));
    await world.login.check("nina@pve", "given by otto");
  });

  test("only root touches root and the system's accounts", async () => {
    open({ files: { "user.cfg": `user:local@pam:1:0:::::\n${USERS}` } });
    const params = { password: "12345678", "confirmation-password": "admin secret" };
    expect((await change("admin@pve", { ...params, userid: "root@pam" })).status).toBe(403);
    expect((await change("admin@pve", { ...params, userid: "local@pam" })).status).toBe(403);
  });

  test("a short one is refused by name", async () => {
    open();
    expect((await change("root@pam", { userid: "nina@pve", password: "short" })).errors).toEqual({
      password: "value must be at least 8 characters long",
    });
  });
});

describe("/access/permissions", () => {
  test("everybody sees his own and his tokens', others need Sys.Audit on /access", async () => {
    const { call } = open();
    const ask = (as: string, params: Record<string, string> = {}): Promise<Reply> =>
      call("GET", "/access/permissions", params, as);
    expect((await ask("nina@pve", { path: "/vms/100" })).data).toEqual({ "/vms/100": { "VM.PowerMgmt": 0 } });
    expect((await ask("nina@pve", { userid: "nina@pve!ci", path: "/vms/100" })).data).toEqual({
      "/vms/100": { "VM.PowerMgmt": 0 },
    });
    expectRefused(await ask("nina@pve", { userid: "otto@pve" }), 403, "Permission check failed (/access, Sys.Audit)");
    expectOk(await ask("admin@pve", { userid: "otto@pve" }));
    const token = "nina@pve!ci=0e9de1e5-2ffc-4d9f-9e2a-6b2b0d6a3d11";
    expect((await ask(token, { userid: "nina@pve" })).status).toBe(403);
  });
});

describe("/access/users", () => {
  test("root sees all, a group's administrator its members, others themselves", async () => {
    const { call } = open();
    const list = async (as: string): Promise<unknown> =>
      ((await call("GET", "/access/users", {}, as)).data as { userid: string }[]).map(({ userid }) => userid);
    expect(await list("root@pam")).toEqual(["admin@pve", "nina@pve", "otto@pve", "root@pam"]);
    expect(await list("otto@pve")).toEqual(["nina@pve", "otto@pve"]);
    expect(await list("nina@pve")).toEqual(["nina@pve"]);
  });

  test("a row has the user's fields, with full=1 groups and tokens too", async () => {
    const { call } = open();
    const rows = (await call("GET", "/access/users", { full: 1 })).data as Record<string, unknown>[];
    expect(rows.find(({ userid }) => userid === "nina@pve")).toEqual({
      userid: "nina@pve",
      enable: 1,
      expire: 0,
      firstname: "Nina",
      lastname: "Roe",
      email: "nina@example.net",
      comment: "night operator",
      "realm-type": "pve",
      groups: "ops",
      tokens: [{ tokenid: "ci", expire: 0, privsep: 1, comment: "pipeline" }],
    });
    expect((await call("GET", "/access/users", { enabled: 0 })).data).toEqual([]);
  });

  test("a user is made with groups and password, changed, and gone with all traces", async () => {
    const { call, login, text } = open();
    expectOk(
      await call("POST", "/access/users", {
        userid: "eve@pve",
        password: "eve secret",
        groups: "ops,empty",
        comment: "a:b",
      }),
    );
    expect(await lineOf("user:eve")).toBe("user:eve@pve:1:0::::a%3Ab::");
    expect(await lineOf("group:ops")).toBe("group:ops:eve@pve,nina@pve:Operators:");
    await login.check("eve@pve", "eve secret");
    expectOk(await call("PUT", "/access/users/eve@pve", { groups: "empty", enable: 0, email: "eve@example.net" }));
    expect(await lineOf("user:eve")).toBe("user:eve@pve:0:0:::eve@example.net:a%3Ab::");
    expect(await lineOf("group:ops")).toBe("group:ops:nina@pve:Operators:");
    expectOk(await call("PUT", "/access/users/eve@pve", { groups: "ops", append: 1 }));
    expect((await call("GET", "/access/users/eve@pve")).data).toMatchObject({
      enable: 0,
      groups: ["empty", "ops"],
      tokens: {},
    });
    await call("PUT", "/access/acl", { path: "/vms/7777", roles: "PVEAuditor", users: "eve@pve" });
    expectOk(await call("DELETE", "/access/users/eve@pve"));
    expect(await userConfig()).not.toContain("eve@pve");
    expect(await text("priv/shadow.cfg")).not.toContain("eve:");
  });

  test("deleting a user takes tokens, their values and rights along", async () => {
    const { call, text } = open();
    expectOk(await call("DELETE", "/access/users/nina@pve"));
    expect(await userConfig()).not.toContain("nina@pve");
    expect(await text("priv/token.cfg")).toBe("");
  });

  test("what cannot be is refused with the reason, and nothing is written", async () => {
    const { call } = open();
    const before = await userConfig();
    expectRefused(
      await call("POST", "/access/users", { userid: "nina@pve" }),
      500,
      "create user failed: user 'nina@pve' already exists",
    );
    expect((await call("POST", "/access/users", { userid: "a@nowhere" })).errors).toHaveProperty("userid");
    expectRefused(
      await call("POST", "/access/users", { userid: "eve@pve", groups: "none" }),
      500,
      "no such group 'none'",
    );
    expect((await call("POST", "/access/users", { userid: "ab" })).status).toBe(400);
    expectRefused(await call("PUT", "/access/users/no@pve", { comment: "x" }), 500, "no such user ('no@pve')");
    expectRefused(await call("GET", "/access/users/no@pve"), 500, "no such user ('no@pve')");
    expect((await call("DELETE", "/access/users/root@pam")).status).toBe(403);
    expect((await call("DELETE", "/access/users/admin@pve", {}, "admin@pve")).status).toBe(500);
    expect((await call("POST", "/access/users", { userid: "eve@pve" }, "nina@pve")).status).toBe(403);
    expect(await userConfig()).toBe(before);
  });

  test("a group's administrator changes its members only with their groups", async () => {
    const { call } = open();
    expectRefused(
      await call("PUT", "/access/users/nina@pve", { comment: "x" }, "otto@pve"),
      403,
      "Permission check failed (/access/groups, User.Modify)",
    );
    expectOk(await call("PUT", "/access/users/nina@pve", { comment: "x", groups: "ops" }, "otto@pve"));
    expect((await call("PUT", "/access/users/admin@pve", { comment: "x", groups: "ops" }, "otto@pve")).status).toBe(
      403,
    );
  });
});

test("a user whose password cannot be kept is not made", async () => {
  const { call, cfs } = open();
  const write = cfs.write.bind(cfs);
  cfs.write = (path, ...rest) =>
    path === "priv/shadow.cfg" ? Promise.reject(new Error("no room")) : write(path, ...rest);
  const params = { userid: "eve@pve", password: "eve secret", groups: "ops" };
  expectRefused(await call("POST", "/access/users", params), 500, "no room");
  expect(await userConfig()).not.toContain("eve");
  cfs.write = write;
  expectOk(await call("POST", "/access/users", params));
});

describe("/access/tfa", () => {
  const totp = { info: { id: "totp:1", description: "phone", created: 5 }, entry: "otpauth://totp/x" };
  const nina = { totp: [totp], recovery: { secret: "x", entries: ["y"], created: 7 }, "totp-locked": true };
  const factors = JSON.stringify({
    users: { "nina@pve": nina, "admin@pve": { yubico: [{ info: { id: "y:1" } }] } },
    more: 1,
  });
  const openWith = (text: string): World =>
    open({ files: { "priv/tfa.cfg": text, "user.cfg": USERS.replace("night operator::", "night operator:x:") } });

  test("factors are listed without their secrets, as far as the caller may see them", async () => {
    const { call } = openWith(factors);
    const users = (await call("GET", "/access/users")).data as Record<string, unknown>[];
    expect((await openWith("{").call("GET", "/access/users")).data).toHaveLength(4);
    expect(users.filter((user) => user["totp-locked"] === 1).map(({ userid }) => userid)).toEqual(["nina@pve"]);
    const list = async (as: string): Promise<unknown> => (await call("GET", "/access/tfa", {}, as)).data;
    const ninas = {
      userid: "nina@pve",
      "totp-locked": 1,
      entries: [
        { id: "totp:1", type: "totp", description: "phone", created: 5 },
        { id: "recovery", type: "recovery", description: "", created: 7 },
      ],
    };
    expect(await list("otto@pve")).toEqual([ninas]);
    expect(await list("nina@pve")).toEqual([ninas]);
    expect(await list("root@pam")).toHaveLength(2);
    expect((await call("GET", "/access/tfa/nina@pve")).data).toEqual(ninas.entries);
    expect((await call("GET", "/access/tfa/nina@pve/totp:1")).data).toEqual(ninas.entries[0]);
    expect((await call("GET", "/access/tfa/nina@pve/totp:2")).status).toBe(404);
    expect((await call("GET", "/access/tfa/admin@pve", {}, "nina@pve")).status).toBe(403);
    expect((await call("GET", "/access/users/nina@pve/tfa", { multiple: 1 })).data).toEqual({
      types: ["totp", "recovery"],
    });
    expect((await call("GET", "/access/users/nina@pve/tfa")).data).toEqual({ user: "oath" });
    expect((await call("GET", "/access/users/otto@pve/tfa", { multiple: 1 })).data).toEqual({ types: [] });
  });

  test("one is renamed and switched off with the caller's password, and nothing else of the file changes", async () => {
    const { call, text } = openWith(factors);
    const path = "/access/tfa/nina@pve/totp:1";
    expect((await call("PUT", path, { description: "x" }, "nina@pve")).errors).toHaveProperty("password");
    expectRefused(
      await call("PUT", path, { description: "x", password: "wrong" }, "nina@pve"),
      401,
      "authentication failure",
    );
    expectOk(await call("PUT", path, { description: "old phone", enable: 0, password: "nina secret" }, "nina@pve"));
    const file = JSON.parse(await text("priv/tfa.cfg")) as { users: Record<string, typeof nina>; more: number };
    expect(file.more).toBe(1);
    expect(file.users["nina@pve"]).toEqual({
      ...nina,
      totp: [{ info: { ...totp.info, description: "old phone", enable: false }, entry: totp.entry }],
    });
    expectOk(await call("PUT", path, { enable: 1 }));
    expect(await text("priv/tfa.cfg")).not.toContain("false");
    expect((await call("PUT", "/access/tfa/nina@pve/none", { enable: 1 })).status).toBe(404);
  });

  test("with the last one gone the account may log in by password again", async () => {
    const { call, login } = openWith(factors);
    await expect(login.check("nina@pve", "nina secret")).rejects.toThrow("authentication failure");
    expectOk(await call("DELETE", "/access/tfa/nina@pve/totp:1"));
    await expect(login.check("nina@pve", "nina secret")).rejects.toThrow("authentication failure");
    expectOk(await call("DELETE", "/access/tfa/nina@pve/recovery"));
    await login.check("nina@pve", "nina secret");
    expect(await lineOf("user:nina")).toBe("user:nina@pve:1:0:Nina:Roe:nina@example.net:night operator::");
    expect((await call("DELETE", "/access/tfa/nina@pve/recovery")).status).toBe(404);
    expect((await call("DELETE", "/access/tfa/admin@pve/y:1", {}, "otto@pve")).status).toBe(403);
  });

  test("one that is switched off does not count at the login", async () => {
    const { call, login } = openWith(JSON.stringify({ users: { "nina@pve": { totp: [totp] } } }));
    expectOk(await call("PUT", "/access/tfa/nina@pve/totp:1", { enable: 0 }));
    await login.check("nina@pve", "nina secret");
  });

  test("locked accounts are unlocked, deleted ones leave nothing, damaged files are said to be", async () => {
    const { call, text } = openWith(factors);
    expect((await call("PUT", "/access/users/nina@pve/unlock-tfa")).data).toBe(1);
    expect((await call("PUT", "/access/users/nina@pve/unlock-tfa")).data).toBe(0);
    expect(await text("priv/tfa.cfg")).not.toContain("locked");
    expectOk(await call("DELETE", "/access/users/nina@pve"));
    expect(await text("priv/tfa.cfg")).not.toContain("nina");
    world.close();
    openWith("nina@pve:oath:e30=:\n");
    expectRefused(await world.call("GET", "/access/tfa"), 500, /cannot read priv\/tfa.cfg/);
  });
});

describe("API tokens", () => {
  const path = "/access/users/otto@pve/token/robot";

  test("a token is made, works, is changed, renewed and removed", async () => {
    const { call } = open();
    const made = (await call("POST", path, { comment: "robot", privsep: 0 }, "otto@pve")).data as Record<
      string,
      unknown
    >;
    expect(made["full-tokenid"]).toBe("otto@pve!robot");
    expect(made.info).toEqual({ comment: "robot", expire: 0, privsep: 0 });
    const token = `otto@pve!robot=${made.value}`;
    expect((await call("GET", "/access/users", {}, token)).status).toBe(200);
    expect((await call("GET", "/access/users/otto@pve/token")).data).toEqual([
      { tokenid: "robot", comment: "robot", expire: 0, privsep: 0 },
    ]);
    expectOk(await call("PUT", path, { delete: "comment", expire: 2_000_000_000 }));
    expect((await call("GET", path)).data).toEqual({ expire: 2_000_000_000, privsep: 0 });
    expectOk(await call("PUT", path, { delete: "expire,privsep" }));
    expect((await call("GET", path)).data).toEqual({ expire: 0, privsep: 1 });
    expectOk(await call("PUT", path, { privsep: 0, expire: 2_000_000_000 }));
    const renewed = (await call("PUT", path, { regenerate: 1 })).data as Record<string, unknown>;
    expect(renewed.value).not.toBe(made.value);
    expect((await call("GET", "/access/users", {}, token)).status).toBe(401);
    expectOk(await call("DELETE", path));
    expect(await userConfig()).not.toContain("robot");
    expect((await call("GET", "/access/users", {}, `otto@pve!robot=${renewed.value}`)).status).toBe(401);
  });

  test("a second one of the same name, a missing one, and one of a stranger are refused", async () => {
    const { call } = open();
    expect((await call("POST", "/access/users/nina@pve/token/ci", {})).errors).toEqual({
      tokenid: "Token already exists.",
    });
    expectRefused(await call("GET", path), 500, "no such token 'robot' for user 'otto@pve'");
    expect((await call("PUT", path, { comment: "x" })).status).toBe(500);
    expect((await call("POST", "/access/users/admin@pve/token/x", {}, "nina@pve")).status).toBe(403);
    expect((await call("PUT", "/access/users/nina@pve/token/ci", { delete: "value" })).errors).toHaveProperty("delete");
  });
});

describe("/access/groups", () => {
  test("groups are listed as far as the caller may see them", async () => {
    const { call } = open();
    const list = async (as: string): Promise<unknown> => (await call("GET", "/access/groups", {}, as)).data;
    expect(await list("root@pam")).toEqual([
      { groupid: "empty", users: "" },
      { groupid: "ops", users: "nina@pve", comment: "Operators" },
    ]);
    expect(await list("otto@pve")).toEqual([{ groupid: "ops", users: "nina@pve", comment: "Operators" }]);
    expect(await list("nina@pve")).toEqual([]);
  });

  test("a group is made, read, changed and removed with its rights", async () => {
    const { call } = open();
    expectOk(await call("POST", "/access/groups", { groupid: "new", comment: "x" }));
    expect((await call("GET", "/access/groups/new")).data).toEqual({ members: [], comment: "x" });
    expectOk(await call("PUT", "/access/groups/new", { comment: "y" }));
    expect(await lineOf("group:new")).toBe("group:new::y:");
    expectRefused(await call("POST", "/access/groups", { groupid: "new" }), 500, /group 'new' already exists/);
    expectOk(await call("DELETE", "/access/groups/ops"));
    expect(await lineOf("group:ops")).toBeUndefined();
    expect(await userConfig()).not.toContain("@ops");
    expectRefused(await call("DELETE", "/access/groups/ops"), 500, "group 'ops' does not exist");
    expect((await call("POST", "/access/groups", { groupid: "x" }, "nina@pve")).status).toBe(403);
  });
});

describe("/access/roles", () => {
  test("roles are made, grown, replaced and removed with their grants", async () => {
    const { call } = open();
    expectOk(await call("POST", "/access/roles", { roleid: "Viewer", privs: "VM.Audit" }));
    expectOk(await call("PUT", "/access/roles/Viewer", { privs: "Sys.Audit", append: 1 }));
    expect((await call("GET", "/access/roles/Viewer")).data).toEqual({ "Sys.Audit": 1, "VM.Audit": 1 });
    expectOk(await call("PUT", "/access/roles/Viewer", { privs: "VM.Console" }));
    expect(await lineOf("role:Viewer")).toBe("role:Viewer:VM.Console:");
    expectOk(await call("DELETE", "/access/roles/Restarter"));
    expect(await userConfig()).not.toContain("Restarter");
    const rows = (await call("GET", "/access/roles")).data as { roleid: string; special: number }[];
    expect(rows.find(({ roleid }) => roleid === "PVEAdmin")?.special).toBe(1);
    expect(rows.find(({ roleid }) => roleid === "Viewer")?.special).toBe(0);
  });

  test("built-in, unknown and doubled ones are refused", async () => {
    const { call } = open();
    expect((await call("PUT", "/access/roles/PVEAdmin", { privs: "VM.Audit" })).status).toBe(500);
    expect((await call("DELETE", "/access/roles/Administrator")).status).toBe(500);
    expect((await call("POST", "/access/roles", { roleid: "Restarter" })).status).toBe(500);
    expect((await call("POST", "/access/roles", { roleid: "PVEAdmin" })).status).toBe(500);
    expect((await call("POST", "/access/roles", { roleid: "X", privs: "VM.Fly" })).errors).toHaveProperty("privs");
    expectRefused(await call("GET", "/access/roles/None"), 500, "role 'None' does not exist");
    expect((await call("POST", "/access/roles", { roleid: "X" }, "otto@pve")).status).toBe(403);
  });
});

describe("/access/acl", () => {
  test("grants are listed, added on a normalised path, and withdrawn", async () => {
    const { call } = open();
    expectOk(
      await call("PUT", "/access/acl", {
        path: "//storage/local/",
        roles: "PVEDatastoreUser",
        users: "otto@pve",
        groups: "ops",
        tokens: "nina@pve!ci",
        propagate: 0,
      }),
    );
    const rows = ((await call("GET", "/access/acl")).data as { path: string }[]).filter(
      ({ path }) => path === "/storage/local",
    );
    expect(rows).toEqual([
      { path: "/storage/local", type: "user", ugid: "otto@pve", roleid: "PVEDatastoreUser", propagate: 0 },
      { path: "/storage/local", type: "group", ugid: "ops", roleid: "PVEDatastoreUser", propagate: 0 },
      { path: "/storage/local", type: "token", ugid: "nina@pve!ci", roleid: "PVEDatastoreUser", propagate: 0 },
    ]);
    expectOk(
      await call("PUT", "/access/acl", {
        path: "/storage/local",
        roles: "PVEDatastoreUser",
        groups: "ops",
        users: "otto@pve",
        tokens: "nina@pve!ci",
        delete: 1,
      }),
    );
    expect(await userConfig()).not.toContain("/storage/local");
  });

  test("others see the grants only where they may change them", async () => {
    const { call } = open();
    expect((await call("GET", "/access/acl", {}, "nina@pve")).data).toEqual([]);
    expect((await call("GET", "/access/acl", {}, "admin@pve")).data).toHaveLength(6);
  });

  test.each([
    ["a path that is none", { path: "/nowhere", roles: "PVEAuditor", users: "otto@pve" }, 400],
    ["a path with a strange letter", { path: "/vms/ü", roles: "PVEAuditor", users: "otto@pve" }, 400],
    ["an unknown role", { path: "/vms/100", roles: "None", users: "otto@pve" }, 500],
    ["an unknown user", { path: "/vms/100", roles: "PVEAuditor", users: "no@pve" }, 500],
    ["an unknown group", { path: "/vms/100", roles: "PVEAuditor", groups: "none" }, 500],
    ["an unknown token", { path: "/vms/100", roles: "PVEAuditor", tokens: "nina@pve!none" }, 500],
    ["nobody", { path: "/vms/100", roles: "PVEAuditor" }, 400],
  ])("%s is refused and changes nothing", async (_, params, status) => {
    const { call } = open();
    const before = await userConfig();
    expect((await call("PUT", "/access/acl", params)).status).toBe(status);
    expect(await userConfig()).toBe(before);
  });

  test("who may only allocate on a path gives away no more than he has there", async () => {
    const { call } = open();
    const grant = (roles: string): Promise<Reply> =>
      call("PUT", "/access/acl", { path: "/pool/lab", roles, users: "nina@pve" }, "otto@pve");
    expectOk(await grant("PVEPoolUser"));
    expectRefused(await grant("PVEVMAdmin"), 403, /Permission check failed \(\/pool\/lab, /);
    expect(
      (await call("PUT", "/access/acl", { path: "/vms/100", roles: "PVEAuditor", users: "otto@pve" }, "otto@pve"))
        .status,
    ).toBe(403);
  });
});

describe("broken lines", () => {
  test("of user.cfg are said in the log when a change leaves them out, what stays is not", async () => {
    const { call, warnings } = open({
      files: { "user.cfg": `${USERS}nonsense:1:\nuser:no realm:1:\nacl:1:/vms:@later:PVEAuditor:\n` },
    });
    const lines = USERS.split("\n").length;
    expectOk(await call("PUT", "/access/groups/ops", { comment: "Operators" }));
    const dropped = [
      { warning: `file user.cfg line ${lines} - unknown record 'nonsense'` },
      { warning: `file user.cfg line ${lines + 1} - invalid user name 'no realm'` },
    ];
    expect(warnings).toEqual(dropped);
    expect(await userConfig()).toContain("acl:1:/vms:@later:PVEAuditor:");
    expectOk(await call("PUT", "/access/groups/ops", { comment: "Others" }));
    expect(warnings).toEqual(dropped);
  });

  test("of domains.cfg are said in the log when a change leaves them out", async () => {
    const { call, warnings } = open({ files: { "domains.cfg": "pve: pve\n\tcolour blue\n\n" } });
    expectOk(await call("PUT", "/access/domains/pve", { comment: "Ours" }));
    expect(warnings).toEqual([
      {
        warning: "file domains.cfg line 2 (section 'pve') - unable to parse value of 'colour': unknown property type",
      },
    ]);
  });
});

describe("/access/domains", () => {
  test("strangers see the realms that they may log in to, without their options", async () => {
    const { call } = open({ files: { "domains.cfg": "pve: pve\n\tcomment Ours\n\tdefault 1\n\ttfa type=oath\n\n" } });
    const rows = (await call("GET", "/access/domains", {}, "")).data as { realm: string }[];
    expect(rows.find(({ realm }) => realm === "pve")).toEqual({
      realm: "pve",
      type: "pve",
      comment: "Ours",
      default: 1,
      tfa: "oath",
    });
    expect(rows.map(({ realm }) => realm).sort()).toEqual(["pam", "pve"]);
  });

  const ldap = { type: "ldap", base_dn: "dc=example,dc=net", server1: "ldap.example.net", user_attr: "uid" };
  const openWithLdap = (): World =>
    open({
      files: {
        "domains.cfg": "ldap: dir\n\tbase_dn dc=example,dc=net\n\tserver1 ldap.example.net\n\tuser_attr uid\n\n",
      },
    });

  test("a realm that the file has is changed by digest, its password aside, and removed", async () => {
    const { call, text, cfs } = openWithLdap();
    expectOk(await call("PUT", "/access/domains/dir", { password: "bind secret", default: 1 }));
    expect(await text("domains.cfg")).toContain("ldap: dir\n");
    expect(await text("domains.cfg")).not.toContain("bind secret");
    expect(await text("priv/realm/dir.pw")).toBe("bind secret\n");
    const { digest } = (await call("GET", "/access/domains/dir")).data as { digest: string };
    expectOk(await call("PUT", "/access/domains/dir", { comment: "x", digest }));
    expectRefused(
      await call("PUT", "/access/domains/dir", { comment: "y", digest }),
      500,
      /detected modified configuration/,
    );
    expect((await call("GET", "/access/domains/dir")).data).toMatchObject({
      type: "ldap",
      comment: "x",
      server1: "ldap.example.net",
    });
    expectOk(await call("PUT", "/access/domains/pve", { default: 1 }));
    expect((await call("GET", "/access/domains/dir")).data).not.toHaveProperty("default");
    expectOk(await call("PUT", "/access/domains/dir", { delete: "comment" }));
    expect((await call("GET", "/access/domains/dir")).data).not.toHaveProperty("comment");
    expectOk(await call("DELETE", "/access/domains/dir"));
    expect(await text("domains.cfg")).not.toContain("dir");
    expect(await cfs.read("priv/realm/dir.pw")).toBeUndefined();
  });

  test("what cannot be is refused", async () => {
    const { call, text } = openWithLdap();
    const before = await text("domains.cfg");
    const make = (params: object, as?: string): Promise<Reply> => call("POST", "/access/domains", { ...params }, as);
    expect((await make({ realm: "pam", type: "pam" })).status).toBe(400);
    expect((await make({ ...ldap, realm: "d3" }, "nina@pve")).status).toBe(403);
    for (const type of ["ldap", "ad", "openid"]) {
      expectRefused(
        await make({ ...ldap, realm: "d3", type }),
        501,
        `realm type '${type}' is not implemented in this release`,
      );
    }
    expect((await call("PUT", "/access/domains/dir", { "check-connection": 1 })).status).toBe(501);
    expect(await text("domains.cfg")).toBe(before);
    expect((await call("DELETE", "/access/domains/pam")).status).toBe(500);
    expectRefused(await call("GET", "/access/domains/none"), 500, "domain 'none' does not exist");
  });
});

describe("/pools", () => {
  test("pools are listed, read with their members, made below others, and removed when empty", async () => {
    const { call } = open({
      poolRows: [
        { type: "qemu", vmid: 100 },
        { type: "storage", storage: "local" },
      ],
    });
    expectOk(await call("POST", "/pools", { poolid: "lab/inner" }));
    expect((await call("GET", "/pools")).data).toEqual([
      { poolid: "lab", comment: "Test lab" },
      { poolid: "lab/inner" },
    ]);
    expect((await call("GET", "/pools", { poolid: "lab", type: "qemu" })).data).toEqual([
      { poolid: "lab", comment: "Test lab", members: [{ type: "qemu", vmid: 100 }] },
    ]);
    expect((await call("GET", "/pools/lab")).data).toMatchObject({
      comment: "Test lab",
      members: [{ vmid: 100 }, { storage: "local" }],
    });
    expectRefused(await call("DELETE", "/pools/lab"), 500, /not empty/);
    expectOk(await call("DELETE", "/pools", { poolid: "lab/inner" }));
    expectOk(await call("PUT", "/pools/lab", { vms: "100", storage: "local", delete: 1 }));
    expectOk(await call("DELETE", "/pools/lab"));
    expect(await userConfig()).not.toContain("lab");
  });

  test("members join, move only when asked to, and are wanted by name", async () => {
    const { call } = open();
    await call("POST", "/pools", { poolid: "two" });
    expectOk(await call("PUT", "/pools", { poolid: "two", vms: "101,102", storage: "local", comment: "Two" }));
    expect(await lineOf("pool:two")).toBe("pool:two:Two:101,102:local:");
    expectRefused(
      await call("PUT", "/pools", { poolid: "two", vms: "100" }),
      500,
      "VM 100 is already a pool member of 'lab'",
    );
    expectOk(await call("PUT", "/pools", { poolid: "two", vms: "100", "allow-move": 1 }));
    expect(await lineOf("pool:lab:")).toBe("pool:lab:Test lab::local:");
    expect((await call("PUT", "/pools", { poolid: "two", vms: "101" })).errors).toHaveProperty("vms");
    expect((await call("PUT", "/pools", { poolid: "lab", vms: "101", delete: 1 })).errors).toHaveProperty("vms");
    expect((await call("PUT", "/pools", { poolid: "none", comment: "x" })).status).toBe(500);
    expect((await call("POST", "/pools", { poolid: "lab" })).status).toBe(500);
    expect((await call("POST", "/pools", { poolid: "no/parent" })).status).toBe(500);
  });

  test("who takes a guest out of its pool needs a right on that pool too", async () => {
    const users = `${USERS}role:Alloc:VM.Allocate:\npool:two::::\nacl:1:/pool/two:nina@pve:PVEPoolAdmin:\nacl:1:/vms/100:nina@pve:Alloc:\n`;
    const { call } = open({ files: { "user.cfg": users } });
    const move = { poolid: "two", vms: "100", "allow-move": 1 };
    expectRefused(
      await call("PUT", "/pools", move, "nina@pve"),
      403,
      "Permission check failed (/pool/lab, Pool.Allocate)",
    );
    expect(await lineOf("pool:lab:")).toContain(":100:");
    await call("PUT", "/access/acl", { path: "/pool/lab", roles: "PVEPoolAdmin", users: "nina@pve" });
    expectOk(await call("PUT", "/pools", move, "nina@pve"));
  });

  test("who may allocate in the pool still needs a right on each member", async () => {
    const { call } = open();
    const before = await userConfig();
    expectRefused(
      await call("PUT", "/pools/lab", { vms: "101" }, "otto@pve"),
      403,
      "Permission check failed (/vms/101, VM.Allocate|Permissions.Modify)",
    );
    expectRefused(await call("PUT", "/pools/lab", { storage: "x1" }, "otto@pve"), 403, /\/storage\/x1/);
    expect((await call("GET", "/pools", {}, "nina@pve")).data).toEqual([]);
    expect((await call("PUT", "/pools/lab", { comment: "x" }, "nina@pve")).status).toBe(403);
    expect(await userConfig()).toBe(before);
  });
});

describe("what other rooms change", () => {
  test("guests join pools, and what is gone leaves no trace in pools and rights", async () => {
    const { changes } = open();
    await changes.addGuestToPool(105, "lab");
    expect(await lineOf("pool:lab")).toBe("pool:lab:Test lab:100,105:local:");
    await expect(changes.addGuestToPool(105, "none")).rejects.toThrow("pool 'none' does not exist");
    await changes.forgetGuest(100);
    await changes.forgetStorage("local");
    expect(await lineOf("pool:lab")).toBe("pool:lab:Test lab:105::");
    expect(await userConfig()).not.toContain("/vms/100");
    expect(await userConfig()).toContain("/vms/101");
  });

  test("a guest in another pool stays there", async () => {
    const { changes, call } = open();
    await call("POST", "/pools", { poolid: "two" });
    await expect(changes.addGuestToPool(100, "two")).rejects.toThrow("VM 100 is already a pool member of 'lab'");
  });
});
