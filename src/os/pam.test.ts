import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PamAuthenticator, PamUnavailableError } from "./pam.ts";

/** Accounts can be made only as root, where the account tools are installed. */
const canMakeAccounts = process.getuid?.() === 0;
const suffix = randomBytes(4).toString("hex");
const [user, locked, expired] = [`q-pam-${suffix}`, `q-lock-${suffix}`, `q-old-${suffix}`];
const pam = new PamAuthenticator();

describe.runIf(canMakeAccounts)("PAM", () => {
  beforeAll(() => {
    for (const name of [user, locked, expired]) execFileSync("useradd", ["--no-create-home", name]);
    execFileSync("chpasswd", { input: `${user}:right ü:\n${expired}:right\n` });
    execFileSync("chage", ["--expiredate", "2020-01-01", expired]);
  });
  afterAll(() => {
    for (const name of [user, locked, expired]) execFileSync("userdel", [name], { stdio: "ignore" });
  });

  test.each([
    ["the right password", user, "right ü:", true],
    ["a wrong password", user, "wrong", false],
    ["no password", user, "", false],
    ["an account without a password", locked, "", false],
    ["an expired account", expired, "right", false],
    ["an account that does not exist", `q-none-${suffix}`, "right", false],
  ])("%s: %s with '%s' is let in: %s", async (_, name, password, isIn) => {
    expect(await pam.check(name, password)).toBe(isIn);
  });

  test("more logins than children wait for their turn and get their answers", async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => pam.check(user, index % 2 === 0 ? "right ü:" : "wrong")),
    );
    expect(answers).toEqual(Array.from({ length: 10 }, (_, index) => index % 2 === 0));
  });
});

function commandLines(): string[] {
  return readdirSync("/proc").flatMap((name) => {
    try {
      return /^\d+$/.test(name) ? [readFileSync(`/proc/${name}/cmdline`, "latin1")] : [];
    } catch {
      // Ended while it was looked at.
      return [];
    }
  });
}

describe.runIf(canMakeAccounts)("a PAM module that hangs", () => {
  const service = `quorate-test-${suffix}`;
  const marker = `31${Number.parseInt(suffix, 16)}`;
  beforeAll(() => writeFileSync(`/etc/pam.d/${service}`, `auth required pam_exec.so /bin/sleep ${marker}\n`));
  afterAll(() => rmSync(`/etc/pam.d/${service}`));

  test("is killed at the limit with what it started", async () => {
    const hanging = new PamAuthenticator({ service, timeoutMs: 1_500 });
    await expect(hanging.check("root", "x")).rejects.toThrow(PamUnavailableError);
    // The kernel ends a namespace soon after its first process, not at once.
    const deadline = performance.now() + 5_000;
    while (commandLines().some((line) => line.includes(marker)) && performance.now() < deadline) await delay(10);
    expect(commandLines().filter((line) => line.includes(marker))).toEqual([]);
  });
});

describe("a PAM that is overrun", () => {
  test("refuses beyond its bounds instead of queueing without end", async () => {
    const small = new PamAuthenticator({ maxChildren: 1, maxWaiting: 1 });
    const answers = await Promise.allSettled([1, 2, 3].map(() => small.check("", "")));
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
    expect(answers[2]).toMatchObject({ reason: expect.any(PamUnavailableError) });
    expect(await small.check("", "")).toBe(false);
  });
});
