import { createPublicKey } from "node:crypto";
import { describe, expect, test } from "vitest";
import { memoryClusterFs } from "../cfs/memory.ts";
import { ensureKeys, isDue, OLD_PUBLIC_KEY, PRIVATE_KEY, PUBLIC_KEY, WWW_KEY } from "./keys.ts";

const NOW = 1_800_000_000;
const DAY = 86_400;

describe("the cluster's keys", () => {
  test.each([
    { name: "a day old", since: NOW - DAY, before: undefined, due: false },
    { name: "older than a day", since: NOW - DAY - 1, before: undefined, due: true },
    { name: "from the near future", since: NOW + 300, before: undefined, due: false },
    { name: "from the far future", since: NOW + 301, before: undefined, due: true },
    {
      name: "from the far future, while tickets of the key before may live",
      since: NOW + 301,
      before: NOW - 60,
      due: false,
    },
    { name: "from the far future, the key before long gone", since: NOW + 301, before: NOW - 7201, due: true },
  ])("a key $name: due is $due", ({ since, before, due }) => {
    expect(isDue(since, before, NOW)).toBe(due);
  });

  test("missing keys are made, good ones kept, old ones rotated with the public half put aside", async () => {
    const cfs = memoryClusterFs({ nodeName: "n1" });
    const read = async (path: string): Promise<string | undefined> => (await cfs.read(path))?.data.toString();
    const now = Math.floor(Date.now() / 1000);
    await ensureKeys(cfs, now);
    const first = { public: await read(PUBLIC_KEY), private: await read(PRIVATE_KEY), www: await read(WWW_KEY) };
    expect(first.www).toContain("RSA PRIVATE KEY");
    expect(createPublicKey(first.private ?? "").export({ type: "spki", format: "pem" })).toBe(first.public);
    expect(await read(OLD_PUBLIC_KEY)).toBeUndefined();

    await ensureKeys(cfs, now + 60);
    expect(await read(PRIVATE_KEY)).toBe(first.private);

    await ensureKeys(cfs, now + DAY + 60);
    expect(await read(PRIVATE_KEY)).not.toBe(first.private);
    expect(await read(OLD_PUBLIC_KEY)).toBe(first.public);
    expect(await read(WWW_KEY)).toBe(first.www);
    expect(createPublicKey((await read(PRIVATE_KEY)) ?? "").export({ type: "spki", format: "pem" })).toBe(
      await read(PUBLIC_KEY),
    );
  });

  test("a rotation that was cut off between the two halves is completed, and the last key that signed is kept", async () => {
    const cfs = memoryClusterFs({ nodeName: "n1" });
    const read = async (path: string): Promise<string | undefined> => (await cfs.read(path))?.data.toString();
    const now = Math.floor(Date.now() / 1000);
    await ensureKeys(cfs, now);
    const signing = (await read(PUBLIC_KEY)) ?? "";
    const other = memoryClusterFs({ nodeName: "n1" });
    await ensureKeys(other, now);
    await cfs.write(OLD_PUBLIC_KEY, signing);
    await cfs.write(PUBLIC_KEY, (await other.read(PUBLIC_KEY))?.data ?? "");

    await ensureKeys(cfs, now);
    expect(createPublicKey((await read(PRIVATE_KEY)) ?? "").export({ type: "spki", format: "pem" })).toBe(
      await read(PUBLIC_KEY),
    );
    expect(await read(OLD_PUBLIC_KEY)).toBe(signing);
  });

  test("two nodes that rotate at once make one key", async () => {
    const cfs = memoryClusterFs({ nodeName: "n1" });
    const now = Math.floor(Date.now() / 1000);
    await Promise.all([ensureKeys(cfs, now), ensureKeys(cfs, now)]);
    // A second rotation would have put the first key aside.
    expect(await cfs.read(OLD_PUBLIC_KEY)).toBeUndefined();
  });
});
