import { expect, test } from "vitest";
import { LoginLimit } from "./login-limit.ts";

const MINUTE_MS = 60_000;

function make() {
  const clock = { ms: 0 };
  const limit = new LoginLimit({ windowMs: MINUTE_MS, maxByAddress: 3, maxByUser: 5 }, () => clock.ms);
  const fail = (address: string, user: string, times: number): void => {
    for (let i = 0; i < times; i += 1) limit.noteFailure(address, user);
  };
  const isRefused = (address: string, user: string): boolean => {
    try {
      limit.assertAllowed(address, user);
      return false;
    } catch (error) {
      expect(error).toMatchObject({ status: 429 });
      return true;
    }
  };
  return { clock, fail, isRefused };
}

test("an address that failed too often waits, with every name; others do not", () => {
  const { fail, isRefused } = make();
  fail("192.0.2.1", "a@pve", 2);
  expect(isRefused("192.0.2.1", "a@pve")).toBe(false);
  fail("192.0.2.1", "b@pve", 1);
  expect(isRefused("192.0.2.1", "c@pve")).toBe(true);
  expect(isRefused("192.0.2.2", "a@pve")).toBe(false);
});

test("a name that is guessed from everywhere waits, other names do not", () => {
  const { fail, isRefused } = make();
  for (const n of [1, 2, 3, 4, 5]) fail(`192.0.2.${n}`, "a@pve", 1);
  expect(isRefused("192.0.2.9", "a@pve")).toBe(true);
  expect(isRefused("192.0.2.9", "b@pve")).toBe(false);
});

test("the window begins with the first failure and ends by itself", () => {
  const { clock, fail, isRefused } = make();
  fail("192.0.2.1", "a@pve", 1);
  clock.ms = MINUTE_MS - 1;
  fail("192.0.2.1", "a@pve", 2);
  expect(isRefused("192.0.2.1", "a@pve")).toBe(true);
  clock.ms = MINUTE_MS;
  expect(isRefused("192.0.2.1", "a@pve")).toBe(false);
});
