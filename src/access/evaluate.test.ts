import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { capabilities, effectivePermissions, UserConfigView } from "./evaluate.ts";
import { parseUserConfig } from "./parse-user-config.ts";
import { evaluatePermission } from "./permission-check.ts";
import { printUserConfig } from "./print-user-config.ts";

const CONFIG = `
user:root@pam:1:0::::::
user:ann@pve:1:0::::::
user:bob@pve:1:0::::::
user:off@pve:0:0::::::
user:old@pve:1:1000::::::
token:ann@pve!all:0:0::
token:ann@pve!own:0:1::
token:root@pam!own:0:1::
group:ops:ann@pve,bob@pve::
pool:lab:Lab:100,101:store:
role:Looker:VM.Audit:
acl:1:/:@ops:PVEAuditor:
acl:1:/vms:ann@pve:PVEVMUser:
acl:0:/nodes:bob@pve:PVESysAdmin:
acl:1:/vms/200:ann@pve:NoAccess:
acl:1:/pool/lab:bob@pve:PVEVMAdmin:
acl:1:/vms/101:ann@pve!own:Looker:
acl:1:/vms:ann@pve!own:PVEVMAdmin:
acl:1:/vms/100:root@pam!own:Looker:
`;
const view = new UserConfigView(parseUserConfig(CONFIG).config);

describe("rights", () => {
  test.each([
    {
      name: "a group's rights hold for its members",
      who: "bob@pve",
      path: "/storage/x",
      priv: "Datastore.Audit",
      held: true,
    },
    {
      name: "a user's entry hides the groups' on the same path and below",
      who: "ann@pve",
      path: "/vms/5",
      priv: "Sys.Audit",
      held: false,
    },
    {
      name: "a deeper entry replaces, it does not add",
      who: "ann@pve",
      path: "/vms/5",
      priv: "VM.PowerMgmt",
      held: true,
    },
    { name: "NoAccess takes everything", who: "ann@pve", path: "/vms/200", priv: "VM.Audit", held: false },
    {
      name: "without propagation a right holds on the path",
      who: "bob@pve",
      path: "/nodes",
      priv: "Sys.Console",
      held: true,
    },
    { name: "and not below", who: "bob@pve", path: "/nodes/n1", priv: "Sys.Console", held: false },
    { name: "where what is above goes on", who: "bob@pve", path: "/nodes/n1", priv: "Sys.Audit", held: true },
    { name: "a pool gives rights on its guests", who: "bob@pve", path: "/vms/100", priv: "VM.Allocate", held: true },
    { name: "and on its storages", who: "bob@pve", path: "/storage/store", priv: "VM.Allocate", held: true },
    { name: "but not on others", who: "bob@pve", path: "/vms/102", priv: "VM.Allocate", held: false },
    { name: "and not below its members", who: "bob@pve", path: "/vms/100/x", priv: "VM.Allocate", held: false },
    {
      name: "a token without separation is its owner",
      who: "ann@pve!all",
      path: "/vms/5",
      priv: "VM.PowerMgmt",
      held: true,
    },
    {
      name: "a separate token has its own entries",
      who: "ann@pve!own",
      path: "/vms/5",
      priv: "VM.PowerMgmt",
      held: true,
    },
    { name: "cut by its owner's", who: "ann@pve!own", path: "/vms/5", priv: "VM.Allocate", held: false },
    {
      name: "and nothing of its owner's groups",
      who: "ann@pve!own",
      path: "/storage/x",
      priv: "Datastore.Audit",
      held: false,
    },
    { name: "root's token is cut by nothing", who: "root@pam!own", path: "/vms/100", priv: "VM.Audit", held: true },
    { name: "but has no more than its entries", who: "root@pam!own", path: "/vms/101", priv: "VM.Audit", held: false },
    { name: "nobody has nothing", who: "who@pve", path: "/", priv: "Sys.Audit", held: false },
    { name: "root has everything", who: "root@pam", path: "/anything", priv: "Permissions.Modify", held: true },
  ])("$name", ({ who, path, priv, held }) => {
    expect(view.has(who, path, [priv])).toBe(held);
  });

  test("who is switched off, expired or unknown is not active", () => {
    const active = ["ann@pve", "ann@pve!own", "off@pve", "old@pve", "who@pve", "ann@pve!gone", "root@pam"];
    expect(active.filter((id) => view.isActive(id, 2000))).toEqual(["ann@pve", "ann@pve!own", "root@pam"]);
  });

  test("the dump shows paths with rights only, and whether they propagate", () => {
    const dump = effectivePermissions(view, "bob@pve");
    expect(dump["/nodes"]?.["Sys.Console"]).toBe(0);
    expect(dump["/vms/100"]?.["VM.Allocate"]).toBe(0);
    expect(dump["/"]?.["VM.Audit"]).toBe(1);
    expect(effectivePermissions(view, "who@pve")).toEqual({});
  });

  test("capabilities are sorted by kind", () => {
    expect(capabilities(view, "bob@pve")).toMatchObject({
      nodes: { "Sys.Console": 1 },
      vms: { "VM.Allocate": 1 },
      access: {},
    });
  });
});

describe("permission expressions", () => {
  const ask = (
    check: readonly unknown[],
    authid = "ann@pve",
    params: Record<string, unknown> = { vmid: 5 },
  ): string => {
    const verdict = evaluatePermission(check, { view, authid, params });
    return verdict.kind === "allowed" ? "allowed" : verdict.message;
  };

  test.each([
    [["perm", "/vms/{vmid}", ["VM.Audit", "VM.PowerMgmt"]], "allowed"],
    [["perm", "/vms/{vmid}", ["VM.Audit", "VM.Allocate"]], "Permission check failed (/vms/5, VM.Allocate)"],
    [["perm", "/vms/{vmid}", ["VM.Allocate", "VM.Audit"], "any", 1], "allowed"],
    [
      ["perm", "/vms/{other}", ["VM.Allocate", "VM.Clone"], "any", 1],
      "Permission check failed (/vms/-, VM.Allocate|VM.Clone)",
    ],
    [["perm", "/pool/{pool}", ["VM.Audit"], "require_param", "pool"], "Permission check failed"],
    [
      ["and", ["perm", "/vms/{vmid}", ["VM.Audit"]], ["perm", "/", ["Sys.Modify"]]],
      "Permission check failed (/, Sys.Modify)",
    ],
    [["or", ["perm", "/", ["Sys.Modify"]], ["perm", "/vms/{vmid}", ["VM.Audit"]]], "allowed"],
    [["or", ["perm", "/", ["Sys.Modify"]], ["perm", "/", ["Sys.Console"]]], "Permission check failed"],
    [["perm-modify", "/vms/{vmid}"], "Permission check failed (/vms/5, Permissions.Modify|VM.Allocate)"],
  ])("%j", (check, answer) => {
    expect(ask(check)).toBe(answer);
  });

  test("a target that does not exist is told as such", () => {
    expect(ask(["userid-param", "self"], "ann@pve", { userid: "gone@pve" })).toBe("no such user ('gone@pve')");
    expect(ask(["userid-param", "self"], "ann@pve", { userid: "ann@pve" })).toBe("allowed");
  });

  test("an unknown expression is an error of the program", () => {
    expect(() => ask(["whatever"])).toThrow(TypeError);
  });
});

describe("user.cfg", () => {
  test("what was written is read back and written the same", () => {
    const text = printUserConfig(parseUserConfig(CONFIG).config);
    expect(printUserConfig(parseUserConfig(text).config)).toBe(text);
    expect(parseUserConfig(text).warnings).toEqual([]);
  });

  test("no text stops the reader, and what it keeps is stable", () => {
    const word = fc.constantFrom(
      "user",
      "token",
      "group",
      "pool",
      "role",
      "acl",
      "ann@pve",
      "@ops",
      "1",
      "0",
      "/vms/100",
      "PVEAuditor",
      "a,b",
      "%3A",
      "",
      "é",
      "x y",
    );
    const line = fc.array(word, { maxLength: 10 }).map((words) => words.join(":"));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        const once = printUserConfig(parseUserConfig(lines.join("\n")).config);
        expect(printUserConfig(parseUserConfig(once).config)).toBe(once);
      }),
    );
  });
});
