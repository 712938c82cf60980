/**
 * One round of measuring and telling: tasks, node, guests (ballooning first), storages, then what is published rarely,
 * then the archive. Every step stands for itself: one that fails or hangs costs its own figures only.
 */
import { arch } from "node:process";
import type { ClusterFs } from "../cfs/port.ts";
import { messageOf } from "../errors/quorate-error.ts";
import type { GuestStatus, Guests } from "../guests/port.ts";
import type { Logger } from "../log/logger.ts";
import { cgroupMode } from "../os/proc-figures.ts";
import type { Storages } from "../storage/port.ts";
import { type BalloonVm, balloonGoal, balloonTargets, DEFAULT_BALLOON_TARGET_PERCENT } from "./balloon.ts";
import { GuardedSteps } from "./guarded-steps.ts";
import type { NodeFigureReader } from "./node-figures.ts";
import type { BalloonControl, CpuFlagSource, ReleaseInfo } from "./port.ts";
import type { RrdArchive } from "./rrd-archive.ts";
import { RRD_SCHEMAS } from "./rrd-schema.ts";
import { guestKey, type NodeFigures, printGuestFigures, printNodeFigures, printStorageFigures } from "./rrd-strings.ts";

export interface StatusCycleDeps {
  readonly cfs: ClusterFs;
  readonly node: NodeFigureReader;
  readonly storages: Storages;
  readonly archive: RrdArchive;
  readonly log: Logger;
  /** Epoch seconds. */
  readonly now: () => number;
  /** Milliseconds on a monotonic clock. */
  readonly nowMs: () => number;
  readonly release?: ReleaseInfo;
  readonly guests?: Pick<Guests, "status">;
  readonly balloon?: BalloonControl;
  readonly cpuFlags?: CpuFlagSource;
  /** Publishes the list of running and recent tasks. */
  readonly refreshTaskList?: () => Promise<void>;
}

/** Limits of the steps; measured in tens of milliseconds when all is well. */
const STEP_LIMIT_MS = 5_000;
/** QEMU is started to tell its flags. */
const FLAGS_LIMIT_MS = 60_000;
const FLAGS_RETRY_MS = 120_000;
const ACCELERATORS = ["kvm", "tcg"] as const;

export class StatusCycle {
  readonly #deps: StatusCycleDeps;
  readonly #steps: GuardedSteps;
  /** What this process last published of the values that rarely change. */
  readonly #published = new Map<string, string>();
  readonly #storageStates = new Map<string, string>();
  readonly #flagsTriedAt = new Map<string, number>();
  #figures: NodeFigures | undefined;

  constructor(deps: StatusCycleDeps) {
    this.#deps = deps;
    this.#steps = new GuardedSteps(deps.log);
    // A cluster file system that was restarted has forgotten everything.
    deps.cfs.watch((event) => {
      if (event.kind === "resync") this.#published.clear();
    });
  }

  /** Never rejects. */
  async run(): Promise<void> {
    const step = (name: string, work: () => Promise<void>, limitMs = STEP_LIMIT_MS) =>
      this.#steps.run(name, limitMs, work);
    await step("task list update", async () => this.#deps.refreshTaskList?.());
    await step("node status update", () => this.#updateNode());
    await step("qemu status update", () => this.#updateGuests());
    await step("storage status update", () => this.#updateStorages());
    await step("static node info update", () => this.#publishStatic());
    await step("version info update", async () => {
      const { release } = this.#deps;
      if (release !== undefined) await this.#publishChanged("version-info", JSON.stringify(release));
    });
    await step("rrd update", async () => this.#deps.archive.record(await this.#deps.cfs.rrd()));
    // Not waited for: starting QEMU for its flags may take as long as a cycle.
    void step("cpu flags update", () => this.#publishFlags(), FLAGS_LIMIT_MS);
  }

  #publishRrd(key: string, value: string): Promise<void> {
    return this.#deps.cfs.publish(`rrd/${key}`, value);
  }

  async #updateNode(): Promise<void> {
    const { cfs, node, now } = this.#deps;
    this.#figures = await node.read();
    await this.#publishRrd(`${RRD_SCHEMAS.node.prefix}/${cfs.nodeName}`, printNodeFigures(this.#figures, now()));
  }

  async #updateGuests(): Promise<void> {
    const { guests, now } = this.#deps;
    if (guests === undefined) return;
    const measured = await guests.status();
    const ctime = now();
    await this.#balance(measured);
    for (const guest of measured) {
      await this.#publishRrd(guestKey(guest.vmid), printGuestFigures(guest, ctime));
    }
  }

  async #balance(measured: readonly GuestStatus[]): Promise<void> {
    const { balloon, log } = this.#deps;
    const vms = measured.flatMap(balloonVmOf);
    if (balloon === undefined || this.#figures === undefined || vms.length === 0) return;
    const { memoryTotal: memtotal, memoryUsed: memused } = this.#figures;
    const goal = balloonGoal({ memtotal, memused, targetPercent: await this.#balloonTarget() });
    for (const [vmid, bytes] of balloonTargets(vms, goal)) {
      try {
        await balloon.balloon(vmid, bytes);
      } catch (error) {
        // The others are balanced all the same; the next cycle tries again.
        log.warn({ vmid, bytes, err: error }, "cannot change balloon");
      }
    }
  }

  async #balloonTarget(): Promise<number> {
    const { cfs } = this.#deps;
    const config = await cfs.read(`nodes/${cfs.nodeName}/config`);
    const [, percent] = /^ballooning-target:\s*(\d{1,3})\s*$/m.exec(config?.data.toString("utf8") ?? "") ?? [];
    return percent === undefined ? DEFAULT_BALLOON_TARGET_PERCENT : Number(percent);
  }

  async #updateStorages(): Promise<void> {
    const { cfs, storages } = this.#deps;
    const here = (await storages.entries()).filter(
      ({ isEnabled, nodes }) => isEnabled && nodes?.has(cfs.nodeName) !== false,
    );
    await Promise.all(here.map(({ storage }) => this.#updateStorage(storage)));
    for (const storage of this.#storageStates.keys()) {
      if (!here.some((entry) => entry.storage === storage)) this.#storageStates.delete(storage);
    }
  }

  async #updateStorage(storage: string): Promise<void> {
    const { cfs, storages, now } = this.#deps;
    try {
      const status = await storages.status(storage);
      if (status?.active === true) {
        const key = `${RRD_SCHEMAS.storage.prefix}/${cfs.nodeName}/${storage}`;
        await this.#publishRrd(key, printStorageFigures(status, now()));
      }
      this.#noteStorage(storage, status === undefined ? "silent" : status.active ? "active" : "inactive");
    } catch (error) {
      this.#noteStorage(storage, `failing: ${messageOf(error)}`);
    }
  }

  /** A state that lasts is told once. */
  #noteStorage(storage: string, state: string): void {
    const before = this.#storageStates.get(storage);
    if (before === state) return;
    this.#storageStates.set(storage, state);
    if (state !== "active") this.#deps.log.warn({ storage, state }, "storage cannot be measured");
    else if (before !== undefined) this.#deps.log.info({ storage }, "storage is back");
  }

  async #publishStatic(): Promise<void> {
    if (this.#figures === undefined) return;
    const info = {
      cpus: this.#figures.cpuCount,
      memory: this.#figures.memoryTotal,
      "cgroup-mode": await cgroupMode(),
      ...(arch === "x64" ? {} : { "host-arch": arch === "arm64" ? "aarch64" : arch }),
    };
    await this.#publishChanged("static-info", JSON.stringify(info));
  }

  async #publishFlags(): Promise<void> {
    const { cpuFlags, nowMs } = this.#deps;
    if (cpuFlags === undefined) return;
    for (const accelerator of ACCELERATORS) {
      const key = `cpuflags-${accelerator}`;
      const triedAt = this.#flagsTriedAt.get(accelerator);
      const isKnown = this.#published.has(key);
      if (isKnown || (triedAt !== undefined && nowMs() - triedAt < FLAGS_RETRY_MS)) continue;
      this.#flagsTriedAt.set(accelerator, nowMs());
      const flags = await cpuFlags.cpuFlags(accelerator);
      if (flags !== undefined) await this.#publishChanged(key, flags);
    }
  }

  /** Values of the family `kv/`, told only when they are new. */
  async #publishChanged(name: string, value: string): Promise<void> {
    if (this.#published.get(name) === value) return;
    await this.#deps.cfs.publish(`kv/${name}`, value);
    this.#published.set(name, value);
  }
}

/** A VM takes part when it runs with a balloon that has room and is not about to leave. */
function balloonVmOf(guest: GuestStatus): BalloonVm[] {
  const { vmid, type, status, balloon, balloonMin, freemem, maxmem, lock, shares } = guest;
  if (type !== "qemu" || status !== "running" || lock === "migrate" || shares === 0) return [];
  if (balloon === undefined || balloonMin === undefined || freemem === undefined) return [];
  return [{ vmid, balloon, balloonMin, maxmem, freemem, ...(shares === undefined ? {} : { shares }) }];
}
