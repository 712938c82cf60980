/** Storages that fail under the hands of the daemon: one that never answers, one that is full. Both need root. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeStorageRoom, type StorageRoom } from "./storage-room.testing.ts";
import { storeUpload } from "./store-upload.ts";

const isRoot = process.getuid?.() === 0;
const SILENT_FUSE = fileURLToPath(new URL("../os/silent-fuse.testing.ts", import.meta.url));
/** Long enough for the child to get as far as the kernel on a busy machine. */
const PROBE_TIMEOUT_MS = 400;

describe.skipIf(!isRoot)("a storage that never answers", () => {
  let room: StorageRoom;
  let server: ChildProcess;

  beforeEach(async () => {
    room = makeStorageRoom({ probeTimeoutMs: PROBE_TIMEOUT_MS });
    await room.configure("dir: hung\n\tpath <root>/hung\n\tcontent images,iso\n\ndir: well\n\tpath <root>/well\n");
    mkdirSync(room.at("hung"));
    server = spawn(process.execPath, [SILENT_FUSE, room.at("hung")], { stdio: ["ignore", "pipe", "inherit"] });
    if (server.stdout === null) throw new Error("no pipe");
    await once(server.stdout, "data");
  });

  afterEach(async () => {
    const isGone = once(server, "exit");
    server.kill("SIGKILL");
    await isGone;
    // The descriptors that node's workers hold close a little later than the process is reported gone.
    execFileSync("umount", ["-l", room.at("hung")]);
    room.close();
  });

  test("is silent for everybody who asks, while the others work", async () => {
    await expect(room.storages.status("hung")).resolves.toBeUndefined();
    await expect(room.storages.list("hung")).rejects.toMatchObject({ code: "storage-hangs" });
    await expect(room.storages.info("hung:iso/x.iso")).rejects.toMatchObject({ code: "storage-hangs" });
    await expect(room.storages.allocate({ storage: "hung", vmid: 1, sizeKiB: 1 })).rejects.toMatchObject({
      code: "storage-hangs",
    });
    await room.storages.activate(["well"]);
    expect(await room.storages.status("well")).toMatchObject({ active: true });
  });

  test("costs one child, not even SIGKILL ends it, and there is never a second", async () => {
    for (let round = 0; round < 5; round += 1) {
      expect(await room.children.run("hung", ["stat", room.at("hung")], PROBE_TIMEOUT_MS)).toMatchObject({
        kind: "silent",
        why: round === 0 ? "timeout" : "still-hanging",
      });
    }
    expect(room.children.hangingKeys).toEqual(["hung"]);
    await expect.poll(() => sleepersOn(room.at("hung"))).toHaveLength(1);
  });

  test("is used again when it comes back", async () => {
    await expect(room.storages.status("hung")).resolves.toBeUndefined();
    expect(room.children.hangingKeys).toEqual(["hung"]);
    const isGone = once(server, "exit");
    server.kill("SIGKILL");
    await isGone;
    // The child ends when the kernel drops the connection; its exit is what we wait for.
    await expect.poll(() => room.children.hangingKeys, { timeout: 5_000 }).toEqual([]);
    server = spawn("sleep", ["60"]);
  });
});

/** Processes in uninterruptible sleep whose command line names the path. */
function sleepersOn(path: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const isAsleep = /^State:\s+D/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
        return isAsleep && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(path);
      } catch {
        // It ended while we looked.
        return false;
      }
    });
}

describe.skipIf(!isRoot)("a full storage", () => {
  let room: StorageRoom;

  beforeEach(async () => {
    room = makeStorageRoom();
    mkdirSync(room.at("small"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", room.at("small")]);
    await room.configure("dir: small\n\tpath <root>/small\n\tcontent images\n\tis_mountpoint yes\n");
  });

  afterEach(() => {
    execFileSync("umount", [room.at("small")]);
    room.close();
  });

  test.each([
    { format: "qcow2", sizeKiB: 1 << 30 },
    { format: "raw", sizeKiB: 4096 },
  ])("refuses $format with the reason, and nothing is left", async ({ format, sizeKiB }) => {
    const preallocation = format === "raw" ? "\tpreallocation full\n" : "";
    await room.configure(`dir: small\n\tpath <root>/small\n\tcontent images\n${preallocation}`);
    const request = { storage: "small", vmid: 100, format, sizeKiB };
    await expect(room.storages.allocate(request)).rejects.toThrow(/No space left on device/);
    expect(readdirSync(room.at("small/images"))).toEqual([]);
    expect((await room.storages.status("small"))?.used).toBe(0);
  });

  test("an upload that does not fit fails with the reason, and the old file stays", async () => {
    await room.configure("dir: small\n\tpath <root>/small\n\tcontent iso\n");
    await room.storages.activate(["small"]);
    const disc = await room.storages.pathOf("small:iso/a.iso");
    writeFileSync(disc, "old");
    const source = room.at("upload");
    writeFileSync(source, Buffer.alloc(1 << 20, 1));
    const task = { log: () => {}, signal: new AbortController().signal, upid: "" };
    const request = { source, shownSource: source, storage: "small", volname: "iso/a.iso" };
    await expect(storeUpload(room.storages, request, task)).rejects.toThrow(/No space left on device/);
    expect(readdirSync(dirname(disc))).toEqual(["a.iso"]);
    expect(readFileSync(disc, "utf8")).toBe("old");
    expect(existsSync(source)).toBe(false);
  });
});
