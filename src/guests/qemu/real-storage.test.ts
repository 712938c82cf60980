/** The whole life of a VM's disks on a real directory with a real qemu-img. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CachedFiles } from "../../cfs/cached-files.ts";
import { silentLogger } from "../../log/logger.ts";
import { NodeStorages } from "../../storage/index.ts";
import { TestNode } from "./world.testing.ts";

const hasTools = ["qemu-img", "genisoimage"].every((tool) => spawnSync(tool, ["--version"]).error === undefined);

describe.skipIf(!hasTools)("on a real directory", () => {
  let node: TestNode;
  let root: string;
  let other: string;

  beforeEach(() => {
    node = new TestNode(
      ({ cfs, layout }) => new NodeStorages({ cfs, files: new CachedFiles(cfs), layout, log: silentLogger }),
    );
    root = node.deps.layout.localStorage;
    other = join(node.deps.layout.root, "other");
    mkdirSync(root, { recursive: true });
    mkdirSync(other, { recursive: true });
    node.files.put(
      "storage.cfg",
      `dir: local\n\tpath /var/lib/vz\n\tcontent images,iso,snippets,import\n\ndir: other\n\tpath ${other}\n\tcontent images\n`,
    );
  });
  afterEach(() => node.close());

  const ok = (): void => expect(node.tasks.outcome).toBe("OK");
  const sizeOf = (path: string): number => {
    const { stdout } = spawnSync("qemu-img", ["info", "--output=json", path], { encoding: "utf8" });
    return JSON.parse(stdout)["virtual-size"];
  };

  test("create, grow, move, copy and destroy", async () => {
    await node.call("POST", "", { vmid: 100, name: "a", scsi0: "local:1,format=qcow2", ide2: "local:cloudinit" });
    ok();
    const first = join(root, "images/100/vm-100-disk-0.qcow2");
    expect(sizeOf(first)).toBe(2 ** 30);
    await node.call("PUT", "/100/resize", { disk: "scsi0", size: "+1G" });
    ok();
    expect(sizeOf(first)).toBe(2 ** 31);
    await node.call("POST", "/100/move_disk", { disk: "scsi0", storage: "other", format: "raw", delete: 1 });
    ok();
    expect(existsSync(first)).toBe(false);
    expect(sizeOf(join(other, "images/100/vm-100-disk-0.raw"))).toBe(2 ** 31);
    await node.call("POST", "/100/clone", { newid: 101, storage: "local" });
    ok();
    expect(sizeOf(join(root, "images/101/vm-101-disk-0.raw"))).toBe(2 ** 31);
    for (const vmid of [100, 101]) {
      await node.call("DELETE", `/${vmid}`);
      ok();
    }
    for (const path of [`${root}/images/100`, `${root}/images/101`, `${other}/images/100`])
      expect(existsSync(path)).toBe(false);
    expect((await node.files.port.guests()).size).toBe(0);
  });

  test("an imported image has its content and its size", async () => {
    const image = join(node.deps.layout.root, "source.raw");
    writeFileSync(image, Buffer.concat([Buffer.from("boot me"), Buffer.alloc(2 ** 20 - 7)]));
    await node.call("POST", "", { vmid: 100, virtio0: `local:0,import-from=${image}` });
    ok();
    expect(node.config(100)).toContain("virtio0: local:100/vm-100-disk-0.raw,size=1M\n");
    const copy = readFileSync(join(root, "images/100/vm-100-disk-0.raw"));
    expect(copy.subarray(0, 7).toString()).toBe("boot me");
    expect(copy.length).toBe(2 ** 20);
  });

  test("an upload that names a file of the host is refused, a disk that pretends to is copied as it is", async () => {
    const secret = join(node.deps.layout.root, "secret");
    writeFileSync(secret, Buffer.alloc(65_536, "secret"));
    const trap = join(node.deps.layout.root, "trap.qcow2");
    spawnSync("qemu-img", ["create", "-q", "-f", "qcow2", "-b", secret, "-F", "raw", trap]);
    mkdirSync(join(root, "import"), { recursive: true });
    cpSync(trap, join(root, "import/trap.qcow2"));
    await expect(
      node.call("POST", "", { vmid: 100, scsi0: "local:0,import-from=local:import/trap.qcow2" }),
    ).rejects.toThrow("the image refers to other files");
    mkdirSync(join(root, "images/99"), { recursive: true });
    cpSync(trap, join(root, "images/99/vm-99-disk-0.raw"));
    await node.call("POST", "", { vmid: 100, scsi0: "local:0,import-from=local:99/vm-99-disk-0.raw" });
    ok();
    const copy = readFileSync(join(root, "images/100/vm-100-disk-0.raw"));
    expect(copy.includes("secretsecret")).toBe(false);
    expect(copy.subarray(0, 3).toString()).toBe("QFI");
  });

  test("a cloud-init drive is an ISO that the guest finds", async () => {
    await node.call("POST", "", { vmid: 100, name: "a", ide2: "local:cloudinit" });
    await node.call("PUT", "/100/cloudinit");
    const image = readFileSync(join(root, "images/100/vm-100-cloudinit.raw"));
    // ISO 9660: the primary volume descriptor in sector 16, its label at byte 40.
    expect(image.subarray(16 * 2048 + 1, 16 * 2048 + 6).toString()).toBe("CD001");
    expect(image.subarray(16 * 2048 + 40, 16 * 2048 + 46).toString()).toBe("cidata");
    expect(image.length).toBe(4 * 2 ** 20);
  });

  test("a VM whose disk is gone already can still be destroyed", async () => {
    await node.call("POST", "", { vmid: 100, scsi0: "local:1" });
    spawnSync("rm", [join(root, "images/100/vm-100-disk-0.raw")]);
    await node.call("DELETE", "/100");
    ok();
    expect(node.config(100)).toBeUndefined();
  });

  test("UEFI variables start from the firmware's, where it is installed", async () => {
    const template = join(node.deps.layout.hostFirmwareDir, "OVMF_VARS_4M.fd");
    const attempt = node.call("POST", "", { vmid: 100, bios: "ovmf", efidisk0: "local:1,efitype=4m" });
    if (!existsSync(template)) {
      await expect(attempt).rejects.toThrow(`EFI vars image '${template}' not found`);
      return;
    }
    await attempt;
    ok();
    const made = readFileSync(join(root, "images/100/vm-100-disk-0.raw"));
    const wanted = readFileSync(template);
    expect(made.subarray(0, wanted.length).equals(wanted)).toBe(true);
  });
});
