/**
 * Brings changes of the config to a running guest: drives, media, cards, the balloon, limits of the processor. What is not
 * done here stays pending until the next start.
 */
import { messageOf } from "../../../errors/quorate-error.ts";
import { enterScope } from "../../../os/guest-scope.ts";
import type { HostProbe } from "../../../os/kvm-probe.ts";
import type { Layout } from "../../../os/layout.ts";
import type { Storages } from "../../../storage/port.ts";
import type { VmConfig } from "../config.ts";
import { VmRefusedError } from "../config-error.ts";
import { DRIVE_KEYS } from "../drives.ts";
import type { WorldGatherer } from "../gather-world.ts";
import type { Hotplug, HotplugRequest, HotplugResult } from "../hotplug-port.ts";
import { qmpCommand } from "../qmp/index.ts";
import { setBalloon } from "../watch.ts";
import { DeviceMonitor } from "./device-monitor.ts";
import { DevicePlug } from "./device-plug.ts";
import { cardPlan, drivePlan, type PlugStep } from "./hotplug-plan.ts";
import { stockHostFor } from "./stock-host.ts";
import type { VmProcesses } from "./vm-process.ts";
import { removeRemains } from "./vm-remains.ts";

export interface VmHotplugDeps {
  readonly layout: Layout;
  readonly probe: Pick<HostProbe, "abilities">;
  readonly processes: VmProcesses;
  readonly worlds: WorldGatherer;
  readonly storages: Storages;
}

/** Drives of machines from this version on are chains of nodes, whose media and limits change only with a start. */
const NODES_SINCE = 10;

export class VmHotplug implements Hotplug {
  readonly #deps: VmHotplugDeps;
  readonly #processes: VmProcesses;

  constructor(deps: VmHotplugDeps) {
    this.#deps = deps;
    this.#processes = deps.processes;
  }

  async isRunning(vmid: number): Promise<boolean> {
    return (await this.#processes.search(vmid)) !== undefined;
  }

  async apply({ vmid, current, set, remove }: HotplugRequest): Promise<HotplugResult> {
    const applied = new Set<string>();
    const problems = new Map<string, string>();
    // Each change meets the guest as the ones before it left it.
    let config = current;
    const changes: [string, string | undefined][] = [
      ...remove.map((key): [string, undefined] => [key, undefined]),
      ...Object.entries(set),
    ];
    for (const [key, value] of changes) {
      try {
        if (!(await this.#change(vmid, config, key, value))) continue;
        applied.add(key);
        config = withKey(config, key, value);
      } catch (error) {
        problems.set(key, messageOf(error));
      }
    }
    return { applied, problems };
  }

  /** @returns whether the guest has it now; false: it waits for the next start. */
  async #change(vmid: number, config: VmConfig, key: string, value: string | undefined): Promise<boolean> {
    if (DRIVE_KEYS.has(key)) return this.#changeDrive(vmid, config, key, value);
    if (/^net\d+$/.test(key)) return this.#changeCard(vmid, config, key, value);
    if (key === "balloon") {
      const wanted = value ?? String(memoryMib(config.memory));
      if (!mayBalloon(config.balloon, wanted, config.shares)) return false;
      await setBalloon(this.#processes, vmid, Number(wanted) * MIB);
      return true;
    }
    if (key === "cpulimit" || (key === "cpuunits" && value !== undefined))
      return this.#limitProcessor(vmid, withKey(config, key, value));
    return false;
  }

  async #changeDrive(vmid: number, config: VmConfig, key: string, value: string | undefined): Promise<boolean> {
    const step = drivePlan(config, key, value);
    if (isDone(step)) return step.kind === "noted";
    const plug = await this.#plug(vmid, config);
    const after = withKey(config, key, value);
    if (step.kind === "medium" || step.kind === "limits") {
      if (await this.#hasNodes(vmid)) return false;
      await (step.kind === "medium" ? plug.changeMedium(after, key) : plug.limitDrive(after, key));
      return true;
    }
    if (step.kind === "unplug" || step.kind === "replace") await plug.unplugDrive(config, key);
    if (step.kind === "unplug") return true;
    await plug.plugDrive(after, key).catch(async (error: unknown) => {
      // Without the new one the guest has at least what it had.
      if (step.kind === "replace") await plug.plugDrive(config, key);
      throw error;
    });
    return true;
  }

  async #changeCard(vmid: number, config: VmConfig, key: string, value: string | undefined): Promise<boolean> {
    const step = cardPlan(config, key, value);
    if (isDone(step)) return step.kind === "noted";
    const plug = await this.#plug(vmid, config);
    const after = withKey(config, key, value);
    if (step.kind === "rewire") {
      await plug.rewireCard(after, key);
      return true;
    }
    if (step.kind === "unplug" || step.kind === "replace") await plug.unplugCard(key);
    if (step.kind === "unplug") return true;
    await plug.plugCard(after, key).catch(async (error: unknown) => {
      if (step.kind === "replace") await plug.plugCard(config, key);
      throw error;
    });
    return true;
  }

  async #plug(vmid: number, config: VmConfig): Promise<DevicePlug> {
    const { worlds, storages, layout } = this.#deps;
    const host = await stockHostFor(this.#deps, config);
    return new DevicePlug({ vmid, monitor: this.#monitor(vmid), worlds, storages, host, layout });
  }

  async #hasNodes(vmid: number): Promise<boolean> {
    const version = /-(\d+)\.\d+$/.exec(await this.#monitor(vmid).machineType())?.[1];
    return Number(version) >= NODES_SINCE;
  }

  async #limitProcessor(vmid: number, { cpulimit, cpuunits }: VmConfig): Promise<boolean> {
    const running = await this.#processes.find(vmid);
    if (running === undefined) return false;
    const problems = await enterScope(this.#deps.layout.qemuSlice, vmid, running.pid, {
      cpuLimit: Number(cpulimit ?? 0),
      ...(cpuunits === undefined ? {} : { cpuWeight: Math.min(Math.max(Number(cpuunits), 1), MAX_CPU_WEIGHT) }),
    });
    // Where groups cannot be made the limit waits for a start that says so.
    return problems.length === 0;
  }

  #monitor(vmid: number): DeviceMonitor {
    return new DeviceMonitor(this.#qmp(vmid));
  }

  async resizeDisk(vmid: number, key: string, sizeBytes: number): Promise<void> {
    await qmpCommand(this.#qmp(vmid), "block_resize", { device: `drive-${key}`, size: sizeBytes }).catch(
      async (error: unknown) => {
        // Since machine version 10.0 a drive is a chain of nodes, the outer one of which has the drive's name.
        await qmpCommand(this.#qmp(vmid), "block_resize", { "node-name": `drive-${key}`, size: sizeBytes }).catch(
          () => {
            throw error;
          },
        );
      },
    );
  }

  removeRemains(vmid: number): Promise<void> {
    return removeRemains(this.#processes, this.#deps.layout.qemuSlice, vmid);
  }

  #qmp(vmid: number): { path: string; peer: string } {
    return { path: this.#processes.socket(vmid, "qmp"), peer: `VM ${vmid}` };
  }
}

/** @throws VmRefusedError. */
function isDone(step: PlugStep): boolean {
  if (step.kind === "refused") throw new VmRefusedError(step.why);
  return step.kind === "pending" || step.kind === "noted";
}

function withKey(config: VmConfig, key: string, value: string | undefined): VmConfig {
  const { [key]: _, ...rest } = config;
  return value === undefined ? rest : { ...rest, [key]: value };
}

const MAX_CPU_WEIGHT = 10_000;
const MIB = 1 << 20;
const DEFAULT_MEMORY_MIB = 512;

function memoryMib(memory: string | undefined): number {
  return Number(/^(?:current=)?(\d+)/.exec(memory ?? "")?.[1] ?? DEFAULT_MEMORY_MIB);
}

/** Switching the device on or off takes a start; with shares the automatic sets the size. */
function mayBalloon(before: string | undefined, after: string | undefined, shares: string | undefined): boolean {
  return before !== "0" && after !== "0" && after !== undefined && shares === "0";
}
