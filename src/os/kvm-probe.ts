/**
 * Whether a guest really runs under KVM here. Opening `/dev/kvm` proves nothing (nested machines offer the device and
 * then hang or abort), so a boot sector is started that leaves QEMU with an exit code of its own: firmware ran, then
 * code from a disk. The answer is kept per boot and per emulator.
 */
import { constants } from "node:fs";
import { access, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf } from "../errors/quorate-error.ts";
import { CommandFailedError, runToExit } from "./run-command.ts";

export interface HostAbilities {
  readonly hasKvm: boolean;
  /** Why there is no KVM, for people. */
  readonly whyNot?: string;
  readonly hasIoUring: boolean;
}

interface CacheEntry extends HostAbilities {
  readonly key: string;
  /** Epoch milliseconds from which on a time-out is no longer believed. */
  readonly validUntil?: number;
}

/** KVM boots this far in 0.2 s; emulation in 0.5 s. */
const BOOT_TIMEOUT_MS = 2_000;
const IO_URING_TIMEOUT_MS = 5_000;
/** A busy machine may time out once; a device that lies does so always. */
const TIMEOUT_BELIEVED_MS = 600_000;
const EXIT_PORT = 0xf4;
const EXIT_VALUE = 0x21;
/** isa-debug-exit ends QEMU with twice the written value plus one. */
const EXIT_CODE = EXIT_VALUE * 2 + 1;

/** mov al, EXIT_VALUE; out EXIT_PORT, al; hlt; jump to hlt — in 16-bit code, with the signature of a boot sector. */
export function makeBootSector(): Buffer {
  const sector = Buffer.alloc(512);
  Buffer.from([0xb0, EXIT_VALUE, 0xe6, EXIT_PORT, 0xf4, 0xeb, 0xfd]).copy(sector);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

export class HostProbe {
  readonly #cacheFile: string;
  readonly #now: () => number;
  #running: Promise<HostAbilities> | undefined;

  /** @param cacheFile below a directory that is emptied at boot or not: the boot id is part of the key. */
  constructor(cacheFile: string, now: () => number) {
    this.#cacheFile = cacheFile;
    this.#now = now;
  }

  /** Answers from the cache, or probes for at most some seconds. Concurrent callers share one probe. */
  abilities(binary: string): Promise<HostAbilities> {
    this.#running ??= this.#find(binary).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #find(binary: string): Promise<HostAbilities> {
    const key = await probeKey(binary);
    const cached = await this.#readCache();
    if (cached?.key === key && isBelieved(cached, this.#now())) return cached;
    const kvm = await probeBoot(binary, "kvm");
    const hasIoUring = await probeIoUring(binary);
    const abilities: HostAbilities =
      kvm.whyNot === undefined ? { hasKvm: true, hasIoUring } : { hasKvm: false, whyNot: kvm.whyNot, hasIoUring };
    const entry: CacheEntry = {
      key,
      ...abilities,
      ...(kvm.timedOut ? { validUntil: this.#now() + TIMEOUT_BELIEVED_MS } : {}),
    };
    await mkdir(dirname(this.#cacheFile), { recursive: true });
    const temporary = `${this.#cacheFile}.${process.pid}`;
    await writeFile(temporary, JSON.stringify(entry), { mode: 0o644 });
    await rename(temporary, this.#cacheFile);
    return abilities;
  }

  async #readCache(): Promise<CacheEntry | undefined> {
    try {
      const value: unknown = JSON.parse(await readFile(this.#cacheFile, "utf8"));
      return isCacheEntry(value) ? value : undefined;
    } catch {
      // Missing or half-written by a machine that lost power: the probe writes it anew.
      return undefined;
    }
  }
}

export interface BootResult {
  /** Absent: the guest ran. */
  readonly whyNot?: string;
  readonly timedOut: boolean;
}

/** Boots the sector with the given accelerator. Never throws for a guest that does not run. */
export async function probeBoot(binary: string, accelerator: "kvm" | "tcg"): Promise<BootResult> {
  if (accelerator === "kvm") {
    const canOpen = await access("/dev/kvm", constants.R_OK | constants.W_OK).then(
      () => undefined,
      (error: unknown) => messageOf(error),
    );
    if (canOpen !== undefined) return { whyNot: `/dev/kvm cannot be opened: ${canOpen}`, timedOut: false };
  }
  const dir = await mkdtemp("/tmp/quorate-kvm-probe-");
  try {
    const sector = join(dir, "boot");
    await writeFile(sector, makeBootSector());
    const machine = [
      "-nodefaults",
      "-no-user-config",
      "-display",
      "none",
      "-machine",
      `pc,accel=${accelerator}`,
      "-m",
      "16",
    ];
    const exit = ["-device", `isa-debug-exit,iobase=${EXIT_PORT},iosize=4`];
    const disk = ["-drive", `if=ide,format=raw,readonly=off,snapshot=on,file=${sector}`];
    const { exitCode, stderr } = await runToExit([binary, ...machine, ...exit, ...disk], {
      timeoutMs: BOOT_TIMEOUT_MS,
    });
    if (exitCode === EXIT_CODE) return { timedOut: false };
    return { whyNot: `QEMU ended with code ${exitCode}: ${stderr.trim()}`, timedOut: false };
  } catch (error) {
    if (!(error instanceof CommandFailedError)) throw error;
    const timedOut = error.message.endsWith("got timeout");
    return { whyNot: timedOut ? `a guest does not run within ${BOOT_TIMEOUT_MS / 1000} s` : error.message, timedOut };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Whether QEMU can open a file with io_uring: it may be left out of the build or forbidden by the kernel. */
export async function probeIoUring(binary: string): Promise<boolean> {
  const dir = await mkdtemp("/tmp/quorate-io-probe-");
  try {
    const file = join(dir, "file");
    await writeFile(file, Buffer.alloc(4096));
    const node = `driver=file,filename=${file},node-name=probe,aio=io_uring`;
    const machine = ["-nodefaults", "-no-user-config", "-display", "none", "-machine", "none", "-monitor", "stdio"];
    const { exitCode } = await runToExit([binary, ...machine, "-blockdev", node], {
      timeoutMs: IO_URING_TIMEOUT_MS,
      input: "quit\n",
    });
    return exitCode === 0;
  } catch (error) {
    if (error instanceof CommandFailedError) return false;
    throw error;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function probeKey(binary: string): Promise<string> {
  const bootId = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  const { mtimeMs, size } = await stat(binary);
  return [bootId, binary, mtimeMs, size].join(" ");
}

/** A clock that was set back must not make it last longer. */
function isBelieved({ validUntil }: CacheEntry, now: number): boolean {
  return validUntil === undefined || (validUntil > now && validUntil <= now + TIMEOUT_BELIEVED_MS);
}

function isCacheEntry(value: unknown): value is CacheEntry {
  return (
    typeof value === "object" &&
    value !== null &&
    "key" in value &&
    typeof value.key === "string" &&
    "hasKvm" in value &&
    typeof value.hasKvm === "boolean" &&
    "hasIoUring" in value &&
    typeof value.hasIoUring === "boolean" &&
    (!("validUntil" in value) || typeof value.validUntil === "number") &&
    (!("whyNot" in value) || typeof value.whyNot === "string")
  );
}
