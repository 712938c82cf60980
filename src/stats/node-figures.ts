/** The figures of this node, measured now. Rates need the measurement before, so the first one lacks them. */
import { statfs } from "node:fs/promises";
import {
  type CpuTimes,
  type CpuUse,
  cpuUseBetween,
  physicalInterfaces,
  readArcBytes,
  readCpuTimes,
  readInterfaceCounters,
  readLoadAverage,
  readMemory,
  readPressure,
  readUptimeSeconds,
} from "../os/proc-figures.ts";
import type { NodeFigures } from "./rrd-strings.ts";

export interface NodeFigureOptions {
  /** Directory whose file system counts as the node's root. */
  readonly rootDirectory: string;
  /** Milliseconds on a monotonic clock. */
  readonly nowMs: () => number;
}

/** Interfaces come and go rarely. */
const INTERFACES_GOOD_MS = 15 * 60_000;

export class NodeFigureReader {
  readonly #rootDirectory: string;
  readonly #nowMs: () => number;
  #cpuBefore: CpuTimes | undefined;
  #interfaces: { readonly names: readonly string[]; readonly atMs: number } | undefined;

  constructor({ rootDirectory, nowMs }: NodeFigureOptions) {
    this.#rootDirectory = rootDirectory;
    this.#nowMs = nowMs;
  }

  async read(): Promise<NodeFigures> {
    const [cpuTimes, memory, [loadAverage], uptimeSeconds, root, arcBytes, traffic, pressure] = await Promise.all([
      readCpuTimes(),
      readMemory(),
      readLoadAverage(),
      readUptimeSeconds(),
      statfs(this.#rootDirectory),
      readArcBytes(),
      this.#readTraffic(),
      readPressures(),
    ]);
    const use = this.#cpuUse(cpuTimes);
    return {
      uptimeSeconds: Math.floor(uptimeSeconds),
      subscriptionLevel: "",
      loadAverage,
      cpuCount: cpuTimes.cpuCount,
      ...(use === undefined ? {} : { cpu: use.busy, iowait: use.iowait }),
      memoryTotal: memory.totalBytes,
      memoryUsed: memory.totalBytes - memory.availableBytes,
      memoryAvailable: memory.availableBytes,
      swapTotal: memory.swapTotalBytes,
      swapUsed: memory.swapTotalBytes - memory.swapFreeBytes,
      rootTotal: root.blocks * root.bsize,
      rootUsed: (root.blocks - root.bfree) * root.bsize,
      ...traffic,
      arcBytes,
      pressure,
    };
  }

  #cpuUse(now: CpuTimes): CpuUse | undefined {
    const before = this.#cpuBefore;
    this.#cpuBefore = now;
    return before === undefined ? undefined : cpuUseBetween(before, now);
  }

  async #readTraffic(): Promise<{ receivedBytes: number; sentBytes: number }> {
    const now = this.#nowMs();
    if (this.#interfaces === undefined || now - this.#interfaces.atMs > INTERFACES_GOOD_MS) {
      this.#interfaces = { names: await physicalInterfaces(), atMs: now };
    }
    const counters = await readInterfaceCounters();
    let receivedBytes = 0;
    let sentBytes = 0;
    for (const name of this.#interfaces.names) {
      receivedBytes += counters.get(name)?.receivedBytes ?? 0;
      sentBytes += counters.get(name)?.sentBytes ?? 0;
    }
    return { receivedBytes, sentBytes };
  }
}

async function readPressures(): Promise<NodeFigures["pressure"]> {
  const [cpu, io, memory] = await Promise.all([readPressure("cpu"), readPressure("io"), readPressure("memory")]);
  return {
    ...(cpu === undefined ? {} : { cpuSome: cpu.some }),
    ...(io === undefined ? {} : { ioSome: io.some, ioFull: io.full }),
    ...(memory === undefined ? {} : { memorySome: memory.some, memoryFull: memory.full }),
  };
}
