import { expect, test } from "vitest";
import { backOffMs } from "./back-off.ts";
import { functionKey, keySymbolsOf } from "./key-symbols.ts";
import { inputFrame, loginFrame, sizeFrame } from "./terminal-frames.ts";

test("frames of a terminal; lengths count bytes", () => {
  expect(loginFrame("a@pve", "T")).toBe("a@pve:T\n");
  expect(inputFrame("ls\r")).toBe("0:3:ls\r");
  expect(inputFrame("ä€")).toBe("0:5:ä€");
  expect(sizeFrame(80, 24)).toBe("1:80:24:");
});

test("text becomes keys: latin as it is, other characters by their code, control characters left out", () => {
  expect(keySymbolsOf("aÄ\t\r\n\u0007")).toEqual([0x61, 0xc4, 0xff09, 0xff0d]);
  expect(keySymbolsOf("€😀")).toEqual([0x0100_20ac, 0x0101_f600]);
  expect(functionKey(12)).toEqual({ symbol: 0xffc9, code: "F12" });
});

test("tries to connect again come ever more slowly, up to a limit", () => {
  expect([1, 2, 3, 4, 5, 50].map(backOffMs)).toEqual([1000, 2000, 4000, 8000, 15000, 15000]);
});
