/** Debian's packages: what is there, and installing what is missing (root only). */
import { readFileSync } from "node:fs";
import { runCommand } from "./run-command.ts";

const INSTALL_TIMEOUT_MS = 20 * 60_000;
const UPDATE_TIMEOUT_MS = 5 * 60_000;

/** Names of installed packages, from dpkg's status file; empty on another distribution. */
export function installedPackages(statusFile = "/var/lib/dpkg/status"): ReadonlySet<string> {
  let text: string;
  try {
    text = readFileSync(statusFile, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return new Set();
    throw error;
  }
  const names = new Set<string>();
  for (const paragraph of text.split("\n\n")) {
    if (!/^Status: \S+ \S+ installed$/m.test(paragraph)) continue;
    const name = /^Package: (\S+)$/m.exec(paragraph)?.[1];
    if (name !== undefined) names.add(name);
  }
  return names;
}

/** @throws CommandFailedError with apt's last line. */
export async function installPackages(names: readonly string[]): Promise<void> {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await runCommand(["apt-get", "update", "-qq"], { timeoutMs: UPDATE_TIMEOUT_MS, env });
  await runCommand(["apt-get", "install", "-y", "-qq", "--no-install-recommends", ...names], {
    timeoutMs: INSTALL_TIMEOUT_MS,
    env,
  });
}
