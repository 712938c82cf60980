import { expect, test } from "vitest";
import { consoleLink, routeOf } from "./routes.ts";

test.each([
  ["/", { page: "overview" }],
  ["/guests", { page: "guests" }],
  ["/vm/101", { page: "vm", vmid: 101, tab: "summary" }],
  ["/vm/101/console", { page: "vm", vmid: 101, tab: "console" }],
  ["/vm/new", { page: "create-vm" }],
  ["/vm/1", { page: "not-found" }],
  ["/vm/101/console/x", { page: "not-found" }],
  ["/console/vm/101", { page: "bare-console", vmid: 101 }],
  ["/node/n1/shell", { page: "node", node: "n1", tab: "shell" }],
  ["/storage", { page: "storages" }],
  ["/storage/local", { page: "storage", storage: "local", tab: "content" }],
  ["/task/UPID%3An1%3A1:", { page: "task", upid: "UPID:n1:1:" }],
  ["/admin/users", { page: "admin", tab: "users" }],
  ["/%zz", { page: "not-found" }],
  ["/guests/more", { page: "not-found" }],
])("%s", (path, want) => expect(routeOf(path)).toEqual(want));

test("links of other programs to a console lead to it", () => {
  expect(consoleLink("/", "?console=kvm&novnc=1&vmid=101&node=n1")).toBe("/console/vm/101");
  expect(consoleLink("/", "?console=shell&node=n1")).toBeUndefined();
});
