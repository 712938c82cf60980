import { expect, test } from "vitest";
import { makeWorld } from "../../../access/access-world.testing.ts";
import { type ConsoleMethodDeps, consoleMethods, requireScreen } from "./methods.ts";

test.each([
  ["none", 500, "the VM has no screen (vga: none)"],
  ["type=none", 500, "the VM has no screen (vga: none)"],
  ["serial0", 501, "the screen of a VM with 'vga: serial0' (use termproxy) is not implemented in this release"],
])("a VM that shows nothing is not waited for: vga %s", (vga, status, message) => {
  expect(() => requireScreen({ vga })).toThrow(expect.objectContaining({ status, message }));
});

test.each([undefined, "std", "virtio,memory=32"])("vga %s is a screen", (vga) => {
  expect(() => requireScreen(vga === undefined ? {} : { vga })).not.toThrow();
});

test("a console that could not be begun keeps no port", async () => {
  const deps = {
    tasks: { start: () => Promise.reject(new Error("no worker")) },
    access: { issueConsoleTicket: async () => "ticket" },
  };
  // A shell of the node needs nothing else.
  const world = makeWorld({ otherMethods: consoleMethods(deps as unknown as ConsoleMethodDeps) });
  // As many as there are ports, and one.
  for (let count = 0; count < 101; count += 1) {
    const answer = await world.call("POST", "/nodes/n1/termproxy");
    expect(answer).toMatchObject({ status: 500, reason: "no worker" });
  }
  world.close();
});
