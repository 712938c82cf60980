/** What a machine needs, and bringing it there: Debian packages (root) and the built web interface. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../errors/quorate-error.ts";
import { installedPackages, installPackages } from "../../os/debian-packages.ts";
import { findProgram } from "../../os/find-program.ts";
import type { Layout } from "../../os/layout.ts";
import { CommandFailedError, runCommand } from "../../os/run-command.ts";
import { PROJECT_DIR } from "./project.ts";

export interface Part {
  /** Debian's package. */
  readonly package: string;
  /** What is lost without it. */
  readonly cost: string;
  /** Found by a program in PATH, or by a file, whichever distribution brought it. */
  readonly program?: string;
  readonly file?: string;
}

/** For running a node. */
export const NODE_PARTS: readonly Part[] = [
  { package: "qemu-system-x86", program: "qemu-system-x86_64", cost: "virtual machines cannot start" },
  { package: "qemu-utils", program: "qemu-img", cost: "no disks can be made or resized" },
  { package: "genisoimage", program: "genisoimage", cost: "no cloud-init drives for guests" },
  { package: "fuse3", program: "fusermount3", cost: "without root, /etc/pve is not a directory; the API still works" },
  { package: "rrdcached", program: "rrdcached", cost: "no graphs of the past" },
  { package: "iproute2", program: "ip", cost: "no bridges for guests" },
  { package: "nftables", program: "nft", cost: "no firewall" },
  { package: "zstd", program: "zstd", cost: "downloads compressed with it are not unpacked" },
  { package: "lzop", program: "lzop", cost: "downloads compressed with it are not unpacked" },
  { package: "bzip2", program: "bzip2", cost: "downloads compressed with it are not unpacked" },
  { package: "ovmf", file: "/usr/share/OVMF/OVMF_CODE_4M.fd", cost: "no VMs with UEFI firmware" },
];

/** For the test suite, besides. */
export const TEST_PARTS: readonly Part[] = [
  { package: "chromium", program: "chromium", cost: "tests of the web interface are skipped" },
  {
    package: "python3-proxmoxer",
    file: "/usr/lib/python3/dist-packages/proxmoxer/__init__.py",
    cost: "tests with proxmoxer are skipped",
  },
  {
    package: "python3-requests",
    file: "/usr/lib/python3/dist-packages/requests/__init__.py",
    cost: "tests with proxmoxer are skipped",
  },
  {
    package: "python3-requests-toolbelt",
    file: "/usr/lib/python3/dist-packages/requests_toolbelt/__init__.py",
    cost: "uploads by proxmoxer are not tested",
  },
  { package: "ansible", program: "ansible", cost: "tests with Ansible are skipped" },
  { package: "busybox-static", file: "/bin/busybox", cost: "no test guest" },
  { package: "cpio", program: "cpio", cost: "no test guest" },
  { package: "xorriso", program: "xorriso", cost: "no bootable test ISO" },
  { package: "isolinux", file: "/usr/lib/ISOLINUX/isolinux.bin", cost: "no bootable test ISO" },
  { package: "syslinux-common", file: "/usr/lib/syslinux/modules/bios/ldlinux.c32", cost: "no bootable test ISO" },
  { package: "socat", program: "socat", cost: "fewer console tests" },
  { package: "openssl", program: "openssl", cost: "certificates are not checked with openssl" },
  { package: "curl", program: "curl", cost: "certificates are not checked with curl" },
];

export function isPresent(part: Part, installed: ReadonlySet<string>): boolean {
  if (part.program !== undefined && findProgram(part.program) !== undefined) return true;
  if (part.file !== undefined && existsSync(part.file)) return true;
  return installed.has(part.package);
}

export interface SetupOptions {
  readonly parts: readonly Part[];
  readonly mayInstall: boolean;
  readonly say: (text: string) => void;
}

/** Installs what is missing when root on Debian; else names each missing part, its cost, and the one command. */
export async function setUpParts({ parts, mayInstall, say }: SetupOptions): Promise<void> {
  const installed = installedPackages();
  const missing = parts.filter((part) => !isPresent(part, installed));
  if (missing.length === 0) return;
  const names = missing.map((part) => part.package);
  const hasApt = findProgram("apt-get") !== undefined;
  if (mayInstall && hasApt && process.getuid?.() === 0) {
    say(`installing Debian packages: ${names.join(" ")}`);
    await installPackages(names);
    return;
  }
  for (const { package: name, cost } of missing) say(`missing: ${name}: ${cost}`);
  say(`to get ${names.length === 1 ? "it" : "them"}: apt-get install --no-install-recommends ${names.join(" ")}`);
}

export async function setUpForNode(options: {
  layout: Layout;
  mayInstall: boolean;
  say: (text: string) => void;
}): Promise<void> {
  await setUpParts({ ...options, parts: NODE_PARTS });
  await buildWeb(options.say);
}

const BUILD_TIMEOUT_MS = 5 * 60_000;

/** Builds `web/dist` unless it is there (a release has it). */
export async function buildWeb(say: (text: string) => void): Promise<void> {
  const web = join(PROJECT_DIR, "web");
  const built = join(web, "dist/index.html");
  if (existsSync(built)) {
    const { isStale } = await import("./web-freshness.ts");
    if (!isStale(web, built)) return;
  }
  // Its sources are not complete before they have their texts: until then there is nothing to serve.
  if (!existsSync(join(web, "src", "text", "en", "messages.ts"))) return;
  say("building the web interface");
  const vite = join(PROJECT_DIR, "node_modules/vite/bin/vite.js");
  try {
    await runCommand([process.execPath, vite, "build", "--logLevel", "warn"], {
      timeoutMs: BUILD_TIMEOUT_MS,
      cwd: web,
    });
  } catch (error) {
    // Tools and the API do not need it.
    say(`the web interface cannot be built, going on without it: ${messageOf(error)}`);
    // Its last line, which is in the message, rarely says why.
    if (error instanceof CommandFailedError) say(error.stderr.trim());
  }
}
