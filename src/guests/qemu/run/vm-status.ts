/**
 * What every VM of this node does now. Figures come from /proc and, for running guests, from QEMU with a short limit: a
 * VM whose QEMU hangs is listed with what is known, and holds up nobody else.
 */
import { readFile } from "node:fs/promises";
import type { ClusterFs } from "../../../cfs/port.ts";
import { scopePressure } from "../../../os/guest-scope.ts";
import { parseDiskSize } from "../../../rest/formats/disk-size.ts";
import { guestKey, readGuestFigures } from "../../../stats/rrd-strings.ts";
import type { GuestStatus } from "../../port.ts";
import { cardsOf } from "../builder/network.ts";
import type { VmConfig } from "../config.ts";
import type { VmConfigs } from "../config-store.ts";
import { drivesOf, hasVolume } from "../drives.ts";
import { withQmp } from "../qmp/index.ts";
import type { VmProcess, VmProcesses } from "./vm-process.ts";

export interface VmStatusDeps {
  readonly cfs: ClusterFs;
  readonly nodeName: string;
  /** Of the layout. */
  readonly slice: string;
  readonly configs: VmConfigs;
  readonly processes: VmProcesses;
  /** Milliseconds on a monotonic clock. */
  readonly nowMs: () => number;
  /** Epoch seconds. */
  readonly now: () => number;
}

/** What QEMU is asked in one go, all together. */
const QMP_TIMEOUT_MS = 1_500;
/** Three rounds of the statistics daemon. */
const TOLD_AT_MOST_S = 30;
const MIB = 1 << 20;
const DEFAULT_MEMORY_MIB = 512;
// proc_pid_stat(5): USER_HZ and the page size are these on every machine that runs our guests.
const TICKS_PER_S = 100;
const PAGE_BYTES = 4096;

interface LiveFigures {
  readonly qmpstatus?: string;
  readonly balloon?: number;
  readonly freemem?: number;
  /** Memory that the guest itself says is in use. */
  readonly used?: number;
  readonly diskread: number;
  readonly diskwrite: number;
  readonly runningQemu?: string;
}

export class VmStatusReader {
  readonly #deps: VmStatusDeps;
  /** For the share of cpu between two looks at the same process. */
  readonly #before = new Map<
    number,
    { readonly startTicks: number; readonly cpuTicks: number; readonly atMs: number; readonly cpu: number }
  >();

  constructor(deps: VmStatusDeps) {
    this.#deps = deps;
  }

  /** @see Guests.status */
  async all({ asksGuests = true }: { readonly asksGuests?: boolean } = {}): Promise<GuestStatus[]> {
    const { cfs } = this.#deps;
    const [guests, broadcast] = await Promise.all([cfs.guests(), asksGuests ? undefined : cfs.rrd()]);
    const own = [...guests.values()].filter(({ node, type }) => node === this.#deps.nodeName && type === "qemu");
    const rows = await Promise.all(own.map(({ vmid }) => this.one(vmid, this.#told(broadcast?.get(guestKey(vmid))))));
    return rows.filter((row) => row !== undefined).sort((a, b) => a.vmid - b.vmid);
  }

  /** What a broadcast says, unless it says nothing of a running guest or is too old. */
  #told(fields: readonly string[] | undefined): LiveFigures | undefined {
    const { at, mem: used, diskread, diskwrite } = readGuestFigures(fields) ?? {};
    if (at === undefined || this.#deps.now() - at > TOLD_AT_MOST_S) return undefined;
    if (used === undefined || diskread === undefined || diskwrite === undefined) return undefined;
    return { used, diskread, diskwrite };
  }

  /** @param told instead of asking QEMU. @returns undefined when there is no such VM (any more). */
  async one(vmid: number, told?: LiveFigures): Promise<GuestStatus | undefined> {
    const file = await this.#deps.configs.find(vmid);
    if (file === undefined) return undefined;
    const config = file.current;
    const base = describeConfig(vmid, config);
    const running = await this.#deps.processes.find(vmid);
    if (running === undefined) {
      this.#before.delete(vmid);
      return {
        ...base,
        status: "stopped",
        qmpstatus: "stopped",
        uptime: 0,
        cpu: 0,
        mem: 0,
        netin: 0,
        netout: 0,
        diskread: 0,
        diskwrite: 0,
      };
    }
    const [live, usage, traffic, pressure] = await Promise.all([
      told ?? this.#askQemu(vmid),
      this.#usage(vmid, running, base.cpus),
      interfaceTraffic(vmid, config),
      scopePressure(this.#deps.slice, vmid),
    ]);
    return {
      ...base,
      status: "running",
      qmpstatus: live?.qmpstatus ?? "unknown",
      pid: running.pid,
      uptime: usage.uptime,
      cpu: usage.cpu,
      mem: Math.min(live?.used ?? usage.residentBytes, base.maxmem),
      memhost: usage.residentBytes,
      netin: traffic.received,
      netout: traffic.sent,
      diskread: live?.diskread ?? 0,
      diskwrite: live?.diskwrite ?? 0,
      ...(live?.balloon === undefined ? {} : { balloon: live.balloon }),
      ...(live?.freemem === undefined ? {} : { freemem: live.freemem }),
      ...(live?.runningQemu === undefined ? {} : { runningQemu: live.runningQemu }),
      ...(config.balloon === undefined ? {} : { balloonMin: Number(config.balloon) * MIB }),
      ...(config.shares === undefined ? {} : { shares: Number(config.shares) }),
      ...(pressure === undefined ? {} : { pressure }),
    };
  }

  async #askQemu(vmid: number): Promise<LiveFigures | undefined> {
    const options = {
      path: this.#deps.processes.socket(vmid, "qmp"),
      peer: `VM ${vmid}`,
      connectTimeoutMs: QMP_TIMEOUT_MS,
      signal: AbortSignal.timeout(QMP_TIMEOUT_MS),
    };
    try {
      return await withQmp(options, async (qmp) => {
        const [status, blocks, balloon, version] = await Promise.all([
          qmp.execute("query-status"),
          qmp.execute("query-blockstats"),
          // Without a balloon device this is an error, and so is the question for its statistics.
          qmp.execute("query-balloon").catch(() => undefined),
          qmp.execute("query-version").catch(() => undefined),
        ]);
        const stats = await qmp
          .execute("qom-get", { path: "machine/peripheral/balloon0", property: "guest-stats" })
          .catch(() => undefined);
        return figuresOf(status, blocks, balloon, stats, version);
      });
    } catch {
      // Hangs, or ended in this moment: what /proc says stands alone.
      return undefined;
    }
  }

  async #usage(
    vmid: number,
    { pid, startTicks }: VmProcess,
    cpus: number,
  ): Promise<{ uptime: number; cpu: number; residentBytes: number }> {
    try {
      const [stat, statm, uptimeText] = await Promise.all([
        readFile(`/proc/${pid}/stat`, "latin1"),
        readFile(`/proc/${pid}/statm`, "latin1"),
        readFile("/proc/uptime", "latin1"),
      ]);
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const cpuTicks = Number(fields[11]) + Number(fields[12]);
      const atMs = this.#deps.nowMs();
      const before = this.#before.get(vmid);
      const elapsedMs = before === undefined ? 0 : atMs - before.atMs;
      let cpu = before?.startTicks === startTicks ? before.cpu : 0;
      if (before?.startTicks === startTicks && elapsedMs > 500) {
        cpu = (cpuTicks - before.cpuTicks) / TICKS_PER_S / (elapsedMs / 1000) / cpus;
      }
      if (before?.startTicks !== startTicks || elapsedMs > 500)
        this.#before.set(vmid, { startTicks, cpuTicks, atMs, cpu });
      return {
        uptime: Math.max(0, Math.floor(Number(uptimeText.split(" ")[0]) - startTicks / TICKS_PER_S)),
        cpu: Math.min(Math.max(cpu, 0), 1),
        residentBytes: Number(statm.split(" ")[1]) * PAGE_BYTES,
      };
    } catch {
      // The process ended while it was looked at; the next look says so.
      return { uptime: 0, cpu: 0, residentBytes: 0 };
    }
  }
}

function describeConfig(
  vmid: number,
  config: VmConfig,
): Pick<GuestStatus, "vmid" | "type" | "name" | "template" | "cpus" | "maxmem" | "disk" | "maxdisk" | "tags" | "lock"> {
  const mib = Number(/^(?:current=)?(\d+)/.exec(config.memory ?? "")?.[1] ?? DEFAULT_MEMORY_MIB);
  const cpus =
    config.vcpus === undefined ? Number(config.sockets ?? 1) * Number(config.cores ?? 1) : Number(config.vcpus);
  return {
    vmid,
    type: "qemu",
    name: config.name ?? `VM ${vmid}`,
    template: config.template === "1",
    cpus,
    maxmem: mib * MIB,
    disk: 0,
    maxdisk: bootDiskBytes(config),
    ...(config.tags === undefined ? {} : { tags: config.tags }),
    ...(config.lock === undefined ? {} : { lock: config.lock }),
  };
}

/** Size of the first disk in the boot order, as the config has it. */
function bootDiskBytes(config: VmConfig): number {
  const disks = drivesOf(config).filter((drive) => hasVolume(drive) && drive.options.media !== "cdrom");
  const order = /(?:^|,)order=([^,]*)/.exec(config.boot ?? "")?.[1]?.split(";") ?? [];
  const chosen = order.flatMap((key) => disks.find((drive) => drive.key === key) ?? [])[0] ?? disks[0];
  const { size } = chosen?.options ?? {};
  return size === undefined ? 0 : typeof size === "number" ? size : (parseDiskSize(String(size)) ?? 0);
}

function figuresOf(status: unknown, blocks: unknown, balloon: unknown, stats: unknown, version: unknown): LiveFigures {
  let diskread = 0;
  let diskwrite = 0;
  for (const block of Array.isArray(blocks) ? blocks : []) {
    diskread += numberAt(block, "stats", "rd_bytes") ?? 0;
    diskwrite += numberAt(block, "stats", "wr_bytes") ?? 0;
  }
  const actual = numberAt(balloon, "actual");
  const free = numberAt(stats, "stats", "stat-free-memory");
  const total = numberAt(stats, "stats", "stat-total-memory");
  const isMeasured =
    (numberAt(stats, "last-update") ?? 0) > 0 && free !== undefined && free >= 0 && total !== undefined && total > 0;
  const [major, minor, micro] = ["major", "minor", "micro"].map((part) => numberAt(version, "qemu", part));
  const state = typeof status === "object" && status !== null && "status" in status ? String(status.status) : undefined;
  return {
    diskread,
    diskwrite,
    ...(state === undefined ? {} : { qmpstatus: state }),
    ...(actual === undefined ? {} : { balloon: actual }),
    ...(isMeasured ? { freemem: free, used: total - free } : {}),
    ...(major === undefined ? {} : { runningQemu: `${major}.${minor}.${micro}` }),
  };
}

function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  let at = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return typeof at === "number" ? at : undefined;
}

/** Counters of the guest's taps; user-mode networking has none. Seen from the guest: what the tap sends, it receives. */
async function interfaceTraffic(vmid: number, config: VmConfig): Promise<{ received: number; sent: number }> {
  let received = 0;
  let sent = 0;
  for (const { index } of cardsOf(config)) {
    const statistics = `/sys/class/net/tap${vmid}i${index}/statistics`;
    received += await counter(`${statistics}/tx_bytes`);
    sent += await counter(`${statistics}/rx_bytes`);
  }
  return { received, sent };
}

async function counter(path: string): Promise<number> {
  // No such interface: the guest has user-mode networking, or is starting.
  return Number(await readFile(path, "latin1").catch(() => "0"));
}
