/**
 * Makes the guest that tests boot: Debian's cloud kernel with a busybox initramfs, and the same as a bootable CD.
 * It prints READY on the first serial port, gives a shell there and powers off when the power button is pressed.
 * Everything is kept below the directory that the caller gives, so that it is built once; needs no root.
 */
import { createHash } from "node:crypto";
import { access, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { runCommand } from "../../src/os/run-command.ts";
import { type CpioEntry, encodeCpio } from "./cpio.ts";

export interface TestGuest {
  readonly kernel: string;
  readonly initrd: string;
  /** Boots by itself on a BIOS machine; serial console on the first port. */
  readonly iso: string;
}

/** What to give the kernel when it is started without a boot loader. */
export const KERNEL_ARGUMENTS = "console=ttyS0 quiet panic=-1";

/** In the order in which they must be inserted: each needs those before it. */
const MODULES = [
  ...["virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_blk"],
  ...["scsi_common", "scsi_mod", "virtio_scsi", "sd_mod", "failover", "net_failover", "virtio_net", "virtio_console"],
  ...["virtio_balloon", "libata", "ata_piix", "cdrom", "sr_mod", "button", "evdev"],
];

const DOWNLOAD_TIMEOUT_MS = 120_000;
const UNPACK_TIMEOUT_MS = 60_000;

/**
 * @param cacheDir where the result is kept, e.g. `~/.cache/quorate/test-guest`; made when missing.
 * @throws CommandFailedError when a package can neither be found nor downloaded.
 */
export async function buildTestGuest(cacheDir: string): Promise<TestGuest> {
  const recipe = await Promise.all(["build.ts", "cpio.ts", "init.sh"].map((name) => readFile(here(name))));
  const key = createHash("sha256").update(Buffer.concat(recipe)).digest("hex").slice(0, 16);
  const target = join(cacheDir, key);
  const guest: TestGuest = {
    kernel: join(target, "vmlinuz"),
    initrd: join(target, "initrd.gz"),
    iso: join(target, "test-guest.iso"),
  };
  if (await exists(guest.iso)) return guest;

  await mkdir(cacheDir, { recursive: true });
  const work = await mkdtemp(join(cacheDir, "building-"));
  try {
    const result = join(work, "result");
    await mkdir(result);
    const kernelTree = await unpackPackage(work, await newestKernelPackage());
    const kernelName = only(await readdir(join(kernelTree, "boot")), "vmlinuz-");
    await cp(join(kernelTree, "boot", kernelName), join(result, "vmlinuz"));
    const entries = await initramfsEntries(kernelTree, await findBusybox(work));
    await writeFile(join(result, "initrd.gz"), gzipSync(encodeCpio(entries), { level: 1 }));
    await buildIso(work, result);
    // Two builders at once: the first one wins, the other one's result is the same.
    await rename(result, target).catch(async (cause: unknown) => {
      if (!(await exists(guest.iso))) throw cause;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return guest;
}

/** Where the suite keeps the guest between runs. */
export function defaultCacheDir(environment: Readonly<Record<string, string | undefined>>): string {
  return environment.QUORATE_TEST_CACHE ?? join(tmpdir(), "quorate-test-guest");
}

async function newestKernelPackage(): Promise<string> {
  const { stdout } = await runCommand(["apt-cache", "depends", "linux-image-cloud-amd64"], { timeoutMs: 30_000 });
  const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1];
  if (name === undefined) throw new Error("cannot build the test guest: apt knows no linux-image-cloud-amd64");
  return name;
}

/** Downloads a Debian package and unpacks it without installing it. @returns the directory with its files. */
async function unpackPackage(work: string, name: string): Promise<string> {
  const dir = join(work, name);
  const tree = join(dir, "tree");
  await mkdir(tree, { recursive: true });
  await runCommand(["apt-get", "download", "-q", name], { cwd: dir, timeoutMs: DOWNLOAD_TIMEOUT_MS });
  const file = only(await readdir(dir), `${name}_`);
  await runCommand(["dpkg-deb", "-x", join(dir, file), tree], { timeoutMs: UNPACK_TIMEOUT_MS });
  return tree;
}

/** The static one: the initramfs has no libraries. */
async function findBusybox(work: string): Promise<string> {
  const installed = "/usr/share/doc/busybox-static";
  if ((await exists(installed)) && (await exists("/bin/busybox"))) return "/bin/busybox";
  const tree = await unpackPackage(work, "busybox-static");
  return join(tree, "bin", "busybox");
}

async function initramfsEntries(kernelTree: string, busybox: string): Promise<CpioEntry[]> {
  const entries: CpioEntry[] = ["bin", "dev", "proc", "sys", "etc", "etc/acpi", "etc/acpi/PWRF", "modules"].map(
    (path) => ({ kind: "directory", path }),
  );
  entries.push({ kind: "character-device", path: "dev/console", major: 5, minor: 1 });
  entries.push({ kind: "file", path: "bin/busybox", mode: 0o755, data: await readFile(busybox) });
  entries.push({ kind: "file", path: "init", mode: 0o755, data: await readFile(here("init.sh")) });
  const onPowerButton = "#!/bin/busybox sh\necho POWERDOWN > /dev/ttyS0\npoweroff -f\n";
  entries.push({ kind: "file", path: "etc/acpi/PWRF/00000080", mode: 0o755, data: Buffer.from(onPowerButton) });
  const found = await modulePaths(kernelTree);
  for (const name of MODULES) {
    const path = found.get(name);
    if (path === undefined) throw new Error(`cannot build the test guest: the kernel has no module ${name}`);
    entries.push({ kind: "file", path: `modules/${name}.ko`, mode: 0o644, data: await readFile(path) });
  }
  entries.push({ kind: "file", path: "modules/order", mode: 0o644, data: Buffer.from(MODULES.join("\n")) });
  return entries;
}

async function modulePaths(kernelTree: string): Promise<Map<string, string>> {
  const files = await readdir(join(kernelTree, "lib", "modules"), { recursive: true, withFileTypes: true });
  const modules = files.filter((file) => file.name.endsWith(".ko"));
  return new Map(modules.map((file) => [basename(file.name, ".ko"), join(file.parentPath, file.name)]));
}

async function buildIso(work: string, result: string): Promise<void> {
  const loader = (await exists("/usr/lib/ISOLINUX/isolinux.bin")) ? "/" : await unpackPackage(work, "isolinux");
  const modules = (await exists("/usr/lib/syslinux/modules/bios/ldlinux.c32"))
    ? "/"
    : await unpackPackage(work, "syslinux-common");
  const content = join(work, "iso");
  await mkdir(content);
  await cp(join(loader, "usr/lib/ISOLINUX/isolinux.bin"), join(content, "isolinux.bin"));
  await cp(join(modules, "usr/lib/syslinux/modules/bios/ldlinux.c32"), join(content, "ldlinux.c32"));
  await cp(join(result, "vmlinuz"), join(content, "vmlinuz"));
  await cp(join(result, "initrd.gz"), join(content, "initrd.gz"));
  const config = `default test\nprompt 0\nlabel test\nkernel vmlinuz\nappend initrd=initrd.gz ${KERNEL_ARGUMENTS}\n`;
  await writeFile(join(content, "isolinux.cfg"), config);
  const maker = (await exists("/usr/bin/genisoimage")) ? ["genisoimage"] : ["xorriso", "-as", "mkisofs"];
  const boot = ["-b", "isolinux.bin", "-c", "boot.cat", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table"];
  const argv = [
    ...maker,
    "-quiet",
    "-R",
    "-J",
    "-V",
    "TESTGUEST",
    ...boot,
    "-o",
    join(result, "test-guest.iso"),
    content,
  ];
  await runCommand(argv, { timeoutMs: UNPACK_TIMEOUT_MS });
}

function only(names: readonly string[], prefix: string): string {
  const name = names.find((candidate) => candidate.startsWith(prefix));
  if (name === undefined) throw new Error(`cannot build the test guest: no ${prefix}* in its package`);
  return name;
}

function here(name: string): string {
  return join(import.meta.dirname, name);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
