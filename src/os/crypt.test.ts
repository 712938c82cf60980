import { expect, test } from "vitest";
import { hashPassword, verifyPassword } from "./crypt.ts";

test("a new hash is yescrypt, differs each time, and fits its password only", () => {
  const hash = hashPassword("correct horse");
  expect(hash).toMatch(/^\$y\$/);
  expect(hashPassword("correct horse")).not.toBe(hash);
  expect(verifyPassword("correct horse", hash)).toBe(true);
  expect(verifyPassword("correct horsf", hash)).toBe(false);
});

test.each([
  ["$5$abcdefgh$", "sha256"],
  ["$6$abcdefgh$", "sha512"],
])("hashes of setting %s are known", (setting) => {
  // A setting alone is no hash of anything.
  expect(verifyPassword("x", setting)).toBe(false);
});

test.each(["", "*", "!", "x", "abJnggxhB/yWI"])("the text '%s' is nobody's hash", (text) => {
  expect(verifyPassword("password", text)).toBe(false);
});

test("a NUL character cuts no password short", () => {
  const hash = hashPassword("secret-one");
  expect(verifyPassword("secret-one\0junk", hash)).toBe(false);
  expect(() => hashPassword("a\0b")).toThrow("NUL");
});
