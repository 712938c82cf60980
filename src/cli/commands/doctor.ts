/** `quorate doctor`: each optional part: found or missing, what it costs, how to get it; and how the node itself does. */
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../errors/quorate-error.ts";
import { accountIds } from "../../os/account-ids.ts";
import { installedPackages } from "../../os/debian-packages.ts";
import { findProgram } from "../../os/find-program.ts";
import { HostProbe } from "../../os/kvm-probe.ts";
import type { Layout } from "../../os/layout.ts";
import { PidFiles } from "../../supervisor/pid-files.ts";
import { connectRoot } from "./connect.ts";
import { isPresent, NODE_PARTS, type Part, TEST_PARTS } from "./setup.ts";
import { layoutFor, ROOT_OPTION, readOptions } from "./usage.ts";

interface Finding {
  readonly what: string;
  readonly isFound: boolean;
  /** Without it, and how to get it. */
  readonly note: string;
}

export async function main(argv: readonly string[]): Promise<number> {
  const { values } = readOptions(argv, { ...ROOT_OPTION, json: { type: "boolean" } });
  const layout = layoutFor(values.root);
  const findings = [
    ...machineFindings(layout),
    await kvmFinding(layout),
    ...partFindings(NODE_PARTS),
    ...partFindings(TEST_PARTS),
  ];
  const node = await nodeFindings(layout);
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ findings, node })}\n`);
    return 0;
  }
  for (const { what, isFound, note } of findings) {
    process.stdout.write(`${isFound ? "found  " : "missing"}  ${what.padEnd(26)}${isFound ? "" : ` ${note}`}\n`);
  }
  for (const line of node) process.stdout.write(`node     ${line}\n`);
  return 0;
}

function partFindings(parts: readonly Part[]): Finding[] {
  const installed = installedPackages();
  return parts.map((part) => ({
    what: part.package,
    isFound: isPresent(part, installed),
    note: `${part.cost}; get it: apt-get install --no-install-recommends ${part.package}`,
  }));
}

function machineFindings(layout: Layout): Finding[] {
  return [
    {
      what: "/dev/fuse",
      isFound: mayOpen("/dev/fuse"),
      note: "/etc/pve is not a directory; API and tools work; get it: modprobe fuse",
    },
    {
      what: "/dev/net/tun",
      isFound: mayOpen("/dev/net/tun"),
      note: "no taps on bridges; guests have user-mode networking; get it: modprobe tun",
    },
    {
      what: "account www-data",
      isFound: !layout.dropsPrivileges || accountIds("www-data") !== undefined,
      note: "pveproxy cannot drop root; get it: adduser --system --group www-data",
    },
  ];
}

function mayOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    // Missing or not ours to open: which of the two does not matter here.
    return false;
  }
}

async function kvmFinding(layout: Layout): Promise<Finding> {
  const binary = findProgram("qemu-system-x86_64");
  const probe = new HostProbe(join(layout.quorateCache, "host-abilities.json"), Date.now);
  const { hasKvm, whyNot } =
    binary === undefined ? { hasKvm: false, whyNot: "no QEMU to try it with" } : await probe.abilities(binary);
  return {
    what: "KVM (a guest really runs)",
    isFound: hasKvm,
    note: `${whyNot ?? "unknown reason"}; guests run under software emulation, slowly; get it: hardware or nested virtualization`,
  };
}

async function nodeFindings(layout: Layout): Promise<string[]> {
  if (new PidFiles(layout.quorateRun).live("pmxcfs") === undefined) return [`none runs below ${layout.root}`];
  const cfs = connectRoot(layout);
  try {
    const health = await cfs.health();
    if (health === undefined) return ["pmxcfs tells nothing about itself (an older release)"];
    return Object.entries(health).map(
      ([key, value]) => `${key}: ${typeof value === "object" ? JSON.stringify(value) : String(value)}`,
    );
  } catch (error) {
    return [`pmxcfs does not answer: ${messageOf(error)}`];
  } finally {
    await cfs.close();
  }
}
