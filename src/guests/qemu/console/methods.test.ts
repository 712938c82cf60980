import { expect, test } from "vitest";
import { requireScreen } from "./methods.ts";

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
