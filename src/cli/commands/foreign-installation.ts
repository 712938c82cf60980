/** Keeps a start in the system layout away from a machine whose standard paths belong to another installation. */
import { readFileSync } from "node:fs";
import { installedPackages } from "../../os/debian-packages.ts";
import type { Layout } from "../../os/layout.ts";
import { PidFiles } from "../../supervisor/pid-files.ts";

const OWNERS = ["pve-manager", "pve-cluster", "qemu-server"];

/** @throws Error that says what owns the paths. */
export function refuseForeignInstallation(layout: Layout, mounts = readFileSync("/proc/mounts", "utf8")): void {
  if (!layout.isSystem) return;
  const installed = installedPackages();
  const owner = OWNERS.find((name) => installed.has(name));
  if (owner !== undefined) {
    throw new Error(
      `the package '${owner}' owns the standard paths of this machine: remove it, or start a node beside it with --root DIR`,
    );
  }
  const isMounted = mounts.split("\n").some((line) => line.split(" ")[1] === layout.etcPve);
  const isOurs = new PidFiles(layout.quorateRun).live("pmxcfs") !== undefined;
  if (isMounted && !isOurs && !isDeadMount(layout)) {
    throw new Error(`something else is mounted on ${layout.etcPve}: unmount it, or use --root DIR`);
  }
}

/** A FUSE mount whose server is gone answers ENOTCONN; ours to clean up, whoever left it. */
function isDeadMount({ etcPve }: Layout): boolean {
  try {
    readFileSync(`${etcPve}/.version`);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOTCONN";
  }
}
