import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findProgram } from "../os/find-program.ts";
import { makeStorageRoom, type StorageRoom } from "./storage-room.testing.ts";

const HAS_QEMU_IMG = findProgram("qemu-img") !== undefined;
/** Appended to the names of tests that need it. */
const SKIPPED = "(skipped without the package qemu-utils)";

let room: StorageRoom;
beforeEach(async () => {
  room = makeStorageRoom();
  await room.configure(
    "dir: local\n\tpath /var/lib/vz\n\tcontent images,rootdir,iso,vztmpl,backup,snippets,import\n\n" +
      "dir: extra\n\tpath <root>/extra\n\tcontent images\n\tformat qcow2\n\tshared 1\n\n" +
      "dir: off\n\tpath <root>/off\n\tdisable\n\n" +
      "dir: elsewhere\n\tpath <root>/elsewhere\n\tnodes n2\n\n" +
      "lvm: vg\n\tvgname vg0\n",
  );
});
afterEach(() => room.close());

/** @returns what qemu-img says of an image. */
function qemuImgInfo(path: string): { format: string; "virtual-size": number } {
  return JSON.parse(execFileSync("qemu-img", ["info", "--output=json", path], { encoding: "utf8" }));
}

describe("which storages there are", () => {
  test("the standard directory lies below the layout's root", async () => {
    expect(await room.storages.pathOf("local:100/vm-100-disk-0.raw")).toBe(
      room.at("var/lib/vz/images/100/vm-100-disk-0.raw"),
    );
  });

  test.each([
    ["off", "storage 'off' is disabled"],
    ["elsewhere", "storage 'elsewhere' is not available on node 'n1'"],
    ["none", "storage 'none' does not exist"],
  ])("%s: %s", async (storage, message) => {
    await expect(room.storages.entry(storage)).rejects.toThrow(message);
    await expect(room.storages.list(storage)).rejects.toThrow(message);
    await expect(room.storages.allocate({ storage, vmid: 100, sizeKiB: 1 })).rejects.toThrow(message);
  });

  test("a type that is not built is listed, inactive, and says so when used", async () => {
    expect((await room.storages.entries()).map(({ storage }) => storage)).toContain("vg");
    expect(await room.storages.status("vg")).toMatchObject({ active: false });
    await expect(room.storages.allocate({ storage: "vg", vmid: 100, sizeKiB: 1 })).rejects.toMatchObject({
      code: "storage-type-not-built",
    });
  });

  test("a change of storage.cfg shows at once", async () => {
    await room.storages.entries();
    await room.configure("dir: new\n\tpath <root>/new\n");
    expect((await room.storages.entries()).map(({ storage }) => storage)).toEqual(["local", "new"]);
  });
});

describe("images", () => {
  test("a raw image has its exact size, takes no space and is private", async () => {
    const volid = await room.storages.allocate({ storage: "local", vmid: 100, sizeKiB: 4096 });
    expect(volid).toBe("local:100/vm-100-disk-0.raw");
    const found = statSync(await room.storages.pathOf(volid));
    expect(found.size).toBe(4096 * 1024);
    expect(found.mode & 0o777).toBe(0o600);
    expect(await room.storages.info(volid)).toEqual({ format: "raw", sizeBytes: 4096 * 1024, usedBytes: 0 });
  });

  test.skipIf(!HAS_QEMU_IMG)(`qemu-img agrees about a qcow2 image that we made and measured ${SKIPPED}`, async () => {
    const volid = await room.storages.allocate({ storage: "extra", vmid: 7, sizeKiB: 5 * 1024 });
    expect(volid).toBe("extra:7/vm-7-disk-0.qcow2");
    const path = await room.storages.pathOf(volid);
    expect(qemuImgInfo(path)).toMatchObject({ format: "qcow2", "virtual-size": 5 * 1024 * 1024 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await room.storages.info(volid)).toMatchObject({ format: "qcow2", sizeBytes: 5 * 1024 * 1024 });
    expect(room.locks).toContain("storage-extra");
  });

  test.skipIf(!HAS_QEMU_IMG)(
    `numbers go on across formats; a freed one is used again; the last takes the folder ${SKIPPED}`,
    async () => {
      const first = await room.storages.allocate({ storage: "local", vmid: 100, sizeKiB: 1 });
      const second = await room.storages.allocate({ storage: "local", vmid: 100, sizeKiB: 1024, format: "qcow2" });
      expect(second).toBe("local:100/vm-100-disk-1.qcow2");
      await room.storages.free(first);
      expect(await room.storages.allocate({ storage: "local", vmid: 100, sizeKiB: 1 })).toBe(first);
      await room.storages.free(first);
      await room.storages.free(second);
      expect(readdirSync(room.at("var/lib/vz/images"))).toEqual([]);
    },
  );

  test("twenty at once get twenty names", async () => {
    const made = Array.from({ length: 20 }, () => room.storages.allocate({ storage: "local", vmid: 1, sizeKiB: 1 }));
    expect(new Set(await Promise.all(made)).size).toBe(20);
  });

  test("an existing name is refused and stays as it is", async () => {
    const request = { storage: "local", vmid: 100, name: "vm-100-state-a.raw", sizeKiB: 8 };
    const volid = await room.storages.allocate(request);
    writeFileSync(await room.storages.pathOf(volid), "precious");
    await expect(room.storages.allocate(request)).rejects.toThrow("already exists");
    expect(readFileSync(await room.storages.pathOf(volid), "utf8")).toBe("precious");
  });

  test.each([
    [{ name: "vm-100-disk-0.raw", format: "qcow2" }, "wrong extension for format"],
    [{ name: "../../../etc/x.raw" }, "unable to parse"],
    [{ name: "x", format: "raw" }, "unable to parse volume filename 'x'"],
    [{ format: "qed" }, "does not support format 'qed'"],
  ])("refuses %o and leaves nothing", async (wrong, message) => {
    await expect(room.storages.allocate({ storage: "local", vmid: 100, sizeKiB: 1, ...wrong })).rejects.toThrow(
      message,
    );
    expect(readdirSync(room.at("var/lib/vz/images"))).toEqual([]);
  });

  test("a failing qemu-img leaves nothing", async () => {
    const huge = { storage: "extra", vmid: 9, sizeKiB: Number.MAX_SAFE_INTEGER };
    await expect(room.storages.allocate(huge)).rejects.toThrow("unable to create image");
    expect(readdirSync(room.at("extra/images"))).toEqual([]);
  });

  test.skipIf(!HAS_QEMU_IMG).each(["raw", "qcow2"])(`%s grows, and never shrinks ${SKIPPED}`, async (format) => {
    const volid = await room.storages.allocate({ storage: "local", vmid: 100, sizeKiB: 1024, format });
    await room.storages.resize(volid, 3 * 1024 * 1024 - 1, false);
    expect((await room.storages.info(volid)).sizeBytes).toBe(3 * 1024 * 1024);
    await expect(room.storages.resize(volid, 1024, false)).rejects.toThrow("shrinking disks is not supported");
    expect(qemuImgInfo(await room.storages.pathOf(volid))["virtual-size"]).toBe(3 * 1024 * 1024);
  });

  test.skipIf(!HAS_QEMU_IMG)(`a clone keeps its template from being removed ${SKIPPED}`, async () => {
    await room.storages.activate(["local"]);
    const images = room.at("var/lib/vz/images");
    mkdirSync(`${images}/9`, { recursive: true });
    mkdirSync(`${images}/100`);
    const base = `${images}/9/base-9-disk-0.raw`;
    writeFileSync(base, "");
    truncateSync(base, 1 << 20);
    const clone = `${images}/100/vm-100-disk-0.qcow2`;
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", "-b", "../9/base-9-disk-0.raw", "-F", "raw", clone]);
    const volid = "local:9/base-9-disk-0.raw/100/vm-100-disk-0.qcow2";
    const listed = await room.storages.list("local", { vmid: 100 });
    expect(listed).toMatchObject([{ volid, parent: "../9/base-9-disk-0.raw", size: 1 << 20 }]);
    await expect(room.storages.free("local:9/base-9-disk-0.raw")).rejects.toThrow("still in use by linked clones");
    await room.storages.free(volid);
    await room.storages.free("local:9/base-9-disk-0.raw");
    expect(readdirSync(images)).toEqual([]);
  });
});

describe("other content", () => {
  test("is listed by kind; what is no volume is not", async () => {
    await room.storages.activate(["local"]);
    const vz = room.at("var/lib/vz");
    const backup = `${vz}/dump/vzdump-qemu-100-2024_05_06-07_08_09.vma.zst`;
    for (const path of [`${vz}/template/iso/a.iso`, `${vz}/template/iso/readme.txt`, backup, `${backup}.protected`]) {
      writeFileSync(path, "");
    }
    writeFileSync(`${vz}/snippets/hook.sh`, "#!");
    writeFileSync(`${backup}.notes`, "first\nsecond");
    writeFileSync(`${vz}/import/app.ova`, "");
    await room.cfs.write("nodes/n1/lxc/101.conf", "");
    await room.storages.allocate({ storage: "local", vmid: 101, sizeKiB: 1 });
    const listed = await room.storages.list("local");
    expect(listed.map(({ volid, format }) => [volid, format])).toEqual([
      ["local:backup/vzdump-qemu-100-2024_05_06-07_08_09.vma.zst", "vma.zst"],
      ["local:import/app.ova", "ova"],
      ["local:iso/a.iso", "iso"],
      ["local:101/vm-101-disk-0.raw", "raw"],
      ["local:snippets/hook.sh", "snippet"],
    ]);
    // The image of a container.
    expect(listed[3]).toMatchObject({ content: "rootdir", vmid: 101 });
    expect(listed[0]).toMatchObject({ notes: "first", protected: 1, vmid: 100, subtype: "qemu" });
  });

  test("a full disk costs no notes and is named", async () => {
    await room.storages.activate(["local"]);
    const archive = room.at("var/lib/vz/dump/vzdump-qemu-100-2024_05_06-07_08_09.vma.gz");
    writeFileSync(archive, "");
    writeFileSync(`${archive}.notes`, "before");
    symlinkSync("/dev/full", `${archive}.notes.tmp`);
    const volid = "local:backup/vzdump-qemu-100-2024_05_06-07_08_09.vma.gz";
    await expect(room.storages.setAttributes(volid, { notes: "after" })).rejects.toThrow(
      `cannot write ${archive}.notes: ENOSPC`,
    );
    expect(await room.storages.attributes(volid)).toEqual({ notes: "before", isProtected: false });
    await room.storages.setAttributes(volid, { notes: "after" });
    expect(await room.storages.attributes(volid)).toEqual({ notes: "after", isProtected: false });
  });

  test("a protected backup stays; unprotected it goes with its notes and log", async () => {
    await room.storages.activate(["local"]);
    const dump = room.at("var/lib/vz/dump");
    const name = "vzdump-qemu-100-2024_05_06-07_08_09";
    for (const file of [`${name}.vma.gz`, `${name}.log`]) writeFileSync(`${dump}/${file}`, "");
    const volid = `local:backup/${name}.vma.gz`;
    await room.storages.setAttributes(volid, { notes: "keep\nme", isProtected: true });
    expect(await room.storages.attributes(volid)).toEqual({ notes: "keep\nme", isProtected: true });
    await expect(room.storages.free(volid)).rejects.toThrow("cannot remove protected volume");
    await room.storages.setAttributes(volid, { isProtected: false });
    await room.storages.free(volid);
    expect(readdirSync(dump)).toEqual([]);
  });
});

describe("activation", () => {
  test("a directory that must be a mount point and is none is not used, and not made", async () => {
    await room.configure("dir: usb\n\tpath <root>/usb\n\tis_mountpoint yes\n");
    const message = "directory is expected to be a mount point but is not mounted";
    await expect(room.storages.activate(["usb"])).rejects.toThrow(message);
    expect(await room.storages.status("usb")).toMatchObject({ active: false });
    expect(readdirSync(room.root)).not.toContain("usb");
  });

  test("a missing directory is made unless that is turned off", async () => {
    await room.configure("dir: made\n\tpath <root>/a/b\n\ndir: not\n\tpath <root>/c\n\tcreate-base-path 0\n");
    await room.storages.activate(["made"]);
    expect(readdirSync(room.at("a/b")).sort()).toEqual(["images", "private"]);
    await expect(room.storages.activate(["not"])).rejects.toThrow("does not exist or is unreachable");
  });

  test("a storage that gets another path or more contents gets its folders at once", async () => {
    await room.configure("dir: moving\n\tpath <root>/one\n\tcontent images\n");
    await room.storages.activate(["moving"]);
    await room.configure("dir: moving\n\tpath <root>/two\n\tcontent images\n");
    await room.storages.activate(["moving"]);
    expect(readdirSync(room.at("two"))).toEqual(["images"]);
    await room.configure("dir: moving\n\tpath <root>/two\n\tcontent images,snippets\n");
    await room.storages.activate(["moving"]);
    expect(readdirSync(room.at("two"))).toEqual(["images", "snippets"]);
  });

  test("two contents in one folder are refused", async () => {
    await room.configure("dir: mixed\n\tpath <root>/m\n\tcontent iso,backup\n\tcontent-dirs iso=x,backup=x\n");
    await expect(room.storages.activate(["mixed"])).rejects.toThrow("for multiple content types");
  });

  test("free space is that of the file system", async () => {
    await room.storages.activate(["local"]);
    const status = await room.storages.status("local");
    const [, total] = execFileSync("df", ["-B1", "--output=size", room.root], { encoding: "utf8" }).split("\n");
    expect(status).toMatchObject({ active: true, total: Number(total) });
  });
});
