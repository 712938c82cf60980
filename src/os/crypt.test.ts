import { expect, test } from "vitest";
import { CryptUnavailableError, hashPassword, PasswordHashes, verifyPassword } from "./crypt.ts";

/** Takes half a second or more. */
const COSTLY = `$6$rounds=700000$saltsalt$${"a".repeat(86)}`;

test("a new hash is yescrypt, differs each time, and fits its password only", async () => {
  const hash = await hashPassword("correct horse");
  expect(hash).toMatch(/^\$y\$/);
  expect(await hashPassword("correct horse")).not.toBe(hash);
  expect(await verifyPassword("correct horse", hash)).toBe(true);
  expect(await verifyPassword("correct horsf", hash)).toBe(false);
});

test.each([
  ["$5$abcdefgh$", "sha256"],
  ["$6$abcdefgh$", "sha512"],
])("hashes of setting %s are known", async (setting) => {
  // A setting alone is no hash of anything.
  expect(await verifyPassword("x", setting)).toBe(false);
});

test.each(["", "*", "!", "x", "abJnggxhB/yWI"])("the text '%s' is nobody's hash", async (text) => {
  expect(await verifyPassword("password", text)).toBe(false);
});

test("a NUL character cuts no password short", async () => {
  const hash = await hashPassword("secret-one");
  expect(await verifyPassword("secret-one\0junk", hash)).toBe(false);
  await expect(hashPassword("a\0b")).rejects.toThrow("NUL");
});

test("the event loop turns while a password is looked at", async () => {
  let turns = 0;
  let isDone = false;
  const turn = (): void => {
    turns += 1;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  await verifyPassword("x", COSTLY);
  isDone = true;
  expect(turns).toBeGreaterThan(10);
});

test("more than may wait are refused at once, and what takes too long is left behind", async () => {
  const hashes = new PasswordHashes({ timeoutMs: 100, maxRunning: 1, maxWaiting: 1 });
  const looks = [1, 2, 3].map(() => hashes.verify("x", COSTLY));
  await expect(looks[2]).rejects.toThrow("cannot look at a password: too many at once");
  await expect(looks[2]).rejects.toThrow(CryptUnavailableError);
  for (const look of looks.slice(0, 2)) await expect(look).rejects.toThrow("no answer within 100 ms");
});
