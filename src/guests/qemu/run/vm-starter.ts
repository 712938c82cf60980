/**
 * Starts a VM. Everything that can be refused is refused before QEMU is started; once it runs, its pid file tells
 * everyone. A worker that dies in between leaves either no process or a running VM, never something else.
 */
import { mkdir, rm } from "node:fs/promises";
import { messageOf } from "../../../errors/quorate-error.ts";
import { enterScope } from "../../../os/guest-scope.ts";
import type { HostProbe } from "../../../os/kvm-probe.ts";
import type { Layout } from "../../../os/layout.ts";
import { runCommand } from "../../../os/run-command.ts";
import { bridgeExists, plugTap } from "../../../os/tap.ts";
import type { Storages } from "../../../storage/port.ts";
import { buildCommand } from "../builder/index.ts";
import { cardsOf } from "../builder/network.ts";
import type { VmConfig, VmConfigFile } from "../config.ts";
import { VmRefusedError } from "../config-error.ts";
import { checkLock, type VmConfigs } from "../config-store.ts";
import { drivesOf, hasVolume } from "../drives.ts";
import type { WorldGatherer } from "../gather-world.ts";
import { qmpCommand } from "../qmp/index.ts";
import { toStockCommand } from "../stock/stock-command.ts";
import type { UpdateLog } from "../update.ts";
import { DeviceMonitor } from "./device-monitor.ts";
import { stockHostFor } from "./stock-host.ts";
import type { VmProcess, VmProcesses } from "./vm-process.ts";

export interface VmStarterDeps {
  readonly layout: Layout;
  readonly configs: VmConfigs;
  /** Applies pending changes and makes the cloud-init drive anew; called under the VM's lock. */
  readonly prepareStartLocked: (vmid: number, log: UpdateLog) => Promise<VmConfigFile>;
  readonly worlds: WorldGatherer;
  readonly storages: Storages;
  readonly processes: VmProcesses;
  readonly probe: HostProbe;
}

export interface StartOptions {
  readonly skipsLock?: boolean;
  readonly forceMachine?: string;
  readonly forceCpu?: string;
  /** Default: 30 s, or a second for each GiB of memory. */
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const MIB_PER_GIB = 1024;
const HOOK_TIMEOUT_MS = 120_000;
/** Sockets that QEMU makes anew. */
const SOCKETS = ["qmp", "qga", "vnc", "serial0", "serial1", "serial2", "serial3", "pid"];

export class VmStarter {
  readonly #deps: VmStarterDeps;

  constructor(deps: VmStarterDeps) {
    this.#deps = deps;
  }

  /** @throws VmRefusedError, VmLockedError, BuildError, StorageError, CommandFailedError with QEMU's last words. */
  async start(vmid: number, options: StartOptions, log: UpdateLog): Promise<VmProcess> {
    return await this.#deps.configs.locked(vmid, () => this.#startLocked(vmid, options, log));
  }

  async #startLocked(vmid: number, options: StartOptions, log: UpdateLog): Promise<VmProcess> {
    const { configs, processes, storages, worlds, layout } = this.#deps;
    const before = await configs.loadFresh(vmid);
    if (before.current.template === "1") throw new VmRefusedError("you can't start a vm if it's a template");
    const { lock } = before.current;
    // A VM that was put to sleep is woken by its start.
    if (lock !== "suspended") checkLock(before, options.skipsLock === true);
    if ((await processes.find(vmid)) !== undefined) throw new VmRefusedError(`VM ${vmid} already running`);

    const file = await this.#deps.prepareStartLocked(vmid, log);
    const config = file.current;
    const bridges = layout.isSystem ? this.#checkedBridges(vmid, config) : [];
    await storages.activate(
      drivesOf(config)
        .filter(hasVolume)
        .map(({ file: volid }) => volid),
    );
    const host = await stockHostFor(this.#deps, config);
    if (host.whyNoKvm !== undefined) log.log(`no KVM here (${host.whyNoKvm}): running under TCG emulation`);
    const built = buildCommand(config, await worlds.gather(config), {
      vmid,
      ...(options.forceMachine === undefined ? {} : { forceMachine: options.forceMachine }),
      ...(options.forceCpu === undefined ? {} : { forceCpu: options.forceCpu }),
    });
    for (const warning of built.warnings) log.warn(warning);
    await this.#runHook(config, vmid, "pre-start");
    await mkdir(layout.qemuRun, { recursive: true });
    for (const kind of SOCKETS) await rm(processes.socket(vmid, kind), { force: true });
    const argv = toStockCommand(built.argv, host);
    await runCommand(argv, { timeoutMs: options.timeoutMs ?? defaultTimeoutMs(config), cwd: "/" });
    const running = await processes.find(vmid);
    if (running === undefined) throw new VmRefusedError(`start failed: QEMU exited at once`);
    try {
      for (const { tap, bridge } of bridges) await plugTap(tap, bridge);
    } catch (error) {
      // A guest without its network is not what was asked for.
      process.kill(running.pid, "SIGKILL");
      throw error;
    }
    await this.#settle(vmid, running, config, log);
    return running;
  }

  async #settle(vmid: number, { pid }: VmProcess, config: VmConfig, log: UpdateLog): Promise<void> {
    const weight = config.cpuunits === undefined ? undefined : Math.min(Math.max(Number(config.cpuunits), 1), 10_000);
    const qmp = { path: this.#deps.processes.socket(vmid, "qmp"), peer: `VM ${vmid}` };
    const problems = await enterScope(this.#deps.layout.qemuSlice, vmid, pid, {
      ...(weight === undefined ? {} : { cpuWeight: weight }),
      ...(config.cpulimit === undefined ? {} : { cpuLimit: Number(config.cpulimit) }),
    });
    const hasLimits = config.cpulimit !== undefined || config.cpuunits !== undefined;
    if (hasLimits) for (const problem of problems) log.warn(`cpu limits may not hold: ${problem}`);
    if (config.balloon !== "0") {
      const path = "machine/peripheral/balloon0";
      await qmpCommand(qmp, "qom-set", {
        path,
        property: "guest-stats-polling-interval",
        value: 2,
      }).catch((error: unknown) => log.warn(`the guest's memory cannot be seen: ${messageOf(error)}`));
    }
    for (const { key, options } of cardsOf(config)) {
      if (options.link_down === true) await new DeviceMonitor(qmp).setLink(key, false);
    }
    await this.#runHook(config, vmid, "post-start").catch((error: unknown) => log.warn(messageOf(error)));
  }

  /** @throws VmRefusedError for a bridge that is not there. */
  #checkedBridges(vmid: number, config: VmConfig): { tap: string; bridge: string }[] {
    const found: { tap: string; bridge: string }[] = [];
    for (const { index, options } of cardsOf(config)) {
      if (options.bridge === undefined) continue;
      const bridge = String(options.bridge);
      if (!bridgeExists(bridge)) throw new VmRefusedError(`net${index}: bridge '${bridge}' does not exist`);
      found.push({ tap: `tap${vmid}i${index}`, bridge });
    }
    return found;
  }

  async #runHook({ hookscript }: VmConfig, vmid: number, phase: string): Promise<void> {
    if (hookscript === undefined) return;
    const script = await this.#deps.storages.pathOf(hookscript);
    await runCommand([script, String(vmid), phase], { timeoutMs: HOOK_TIMEOUT_MS });
  }
}

function defaultTimeoutMs({ memory }: VmConfig): number {
  const mib = Number(/^(?:current=)?(\d+)/.exec(memory ?? "")?.[1] ?? 512);
  return Math.max(DEFAULT_TIMEOUT_MS, Math.ceil(mib / MIB_PER_GIB) * 1000);
}
