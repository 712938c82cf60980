import { expect, test } from "vitest";
import { may, mayAnywhere, parsePermissions } from "./permissions.ts";

const permissions = parsePermissions({
  "/vms": { "VM.Audit": 1, "VM.PowerMgmt": 0 },
  "/vms/101": { "VM.Console": 1 },
  "/storage/local": { "Datastore.Audit": 1 },
});

test.each([
  ["/vms/100", "VM.Audit", true],
  ["/vms/100", "VM.PowerMgmt", false],
  ["/vms", "VM.PowerMgmt", true],
  ["/vms/101", "VM.Console", true],
  ["/vms/101", "VM.Audit", false],
  ["/nodes/n1", "Sys.Audit", false],
])("on %s %s is %s", (path, privilege, want) => expect(may(permissions, path, privilege)).toBe(want));

test("an area is there when something in it may be seen", () => {
  expect(mayAnywhere(permissions, "/storage", "Datastore.Audit")).toBe(true);
  expect(mayAnywhere(permissions, "/nodes", "Sys.Audit")).toBe(false);
});
