import { expect, test } from "vitest";
import { machineFacts, parseCpuInfo, parseQemuVersion } from "./machine-facts.ts";

test("CPUs are counted, vendor and address bits read where the kernel says them", () => {
  const text = `processor	: 0
vendor_id	: AuthenticAMD
address sizes	: 48 bits physical, 48 bits virtual

processor	: 1
vendor_id	: AuthenticAMD
address sizes	: 48 bits physical, 48 bits virtual
`;
  expect(parseCpuInfo(text)).toEqual({ vendor: "AuthenticAMD", count: 2, physBits: 48 });
  expect(parseCpuInfo("processor\t: 0\nBogoMIPS\t: 50\n")).toEqual({ vendor: "", count: 1 });
});

test.each([
  ["QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)\nCopyright", "7.2.22"],
  ["QEMU emulator version 11.0", "11.0"],
  ["something else", undefined],
])("the version in %j is %s", (text, want) => {
  expect(parseQemuVersion(text)).toBe(want);
});

test("this machine has a CPU, and its loopback has an MTU", async () => {
  expect((await machineFacts.cpu()).count).toBeGreaterThan(0);
  expect(await machineFacts.bridgeMtu("lo")).toBeGreaterThan(0);
  expect(await machineFacts.bridgeMtu("no-such-bridge")).toBeUndefined();
});
