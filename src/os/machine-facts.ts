/** What the machine under the guests is: CPUs, NUMA nodes, devices, bridges, the installed QEMU. Read when asked. */
import { access, readdir, readFile } from "node:fs/promises";
import { runCommand } from "./run-command.ts";

export interface CpuFacts {
  /** `GenuineIntel`, `AuthenticAMD`, …; empty when the kernel does not say. */
  readonly vendor: string;
  readonly count: number;
  /** Physical address bits, when the kernel says. */
  readonly physBits?: number;
}

/** Of proc_cpuinfo(5). */
export function parseCpuInfo(text: string): CpuFacts {
  const [, vendor = ""] = /^vendor_id\s*:\s*(\S+)/m.exec(text) ?? [];
  const [, bits] = /^address sizes\s*:\s*(\d+) bits physical/m.exec(text) ?? [];
  const count = text.match(/^processor\s*:/gm)?.length ?? 0;
  return { vendor, count: Math.max(count, 1), ...(bits === undefined ? {} : { physBits: Number(bits) }) };
}

/** `x.y.z` of what `qemu --version` prints. */
export function parseQemuVersion(text: string): string | undefined {
  return /QEMU emulator version (\d+\.\d+(?:\.\d+)?)/.exec(text)?.[1];
}

const VERSION_TIMEOUT_MS = 10_000;

export async function readQemuVersion(binary: string): Promise<string | undefined> {
  const { stdout } = await runCommand([binary, "--version"], { timeoutMs: VERSION_TIMEOUT_MS });
  return parseQemuVersion(stdout);
}

/** The machine's own files. Absent ones mean that there is no such thing here. */
export const machineFacts = {
  async cpu(): Promise<CpuFacts> {
    return parseCpuInfo(await readFile("/proc/cpuinfo", "utf8"));
  },

  async bridgeMtu(name: string): Promise<number | undefined> {
    const text = await readIfThere(`/sys/class/net/${name}/mtu`);
    return text === undefined ? undefined : Number(text);
  },

  async iscsiInitiator(): Promise<string | undefined> {
    const text = await readIfThere("/etc/iscsi/initiatorname.iscsi");
    return /^InitiatorName=(\S+)/m.exec(text ?? "")?.[1];
  },

  /** Full addresses: `0000:01:00.0`. */
  async pciDevices(): Promise<ReadonlySet<string>> {
    return new Set(await listIfThere("/sys/bus/pci/devices"));
  },

  async numaNodes(): Promise<ReadonlySet<number>> {
    const names = await listIfThere("/sys/devices/system/node");
    return new Set(names.flatMap((name) => /^node(\d+)$/.exec(name)?.[1] ?? []).map(Number));
  },

  async hugepageSizesMiB(): Promise<readonly number[]> {
    const names = await listIfThere("/sys/kernel/mm/hugepages");
    return names.flatMap((name) => /^hugepages-(\d+)kB$/.exec(name)?.[1] ?? []).map((kib) => Number(kib) / 1024);
  },

  async hasVhostNet(): Promise<boolean> {
    return access("/dev/vhost-net").then(
      () => true,
      () => false,
    );
  },
};

async function readIfThere(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(absent);
}

async function listIfThere(path: string): Promise<string[]> {
  return (await readdir(path).catch(absent)) ?? [];
}

function absent(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}
