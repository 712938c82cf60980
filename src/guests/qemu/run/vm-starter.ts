/**
 * Starts a VM. Everything that can be refused is refused before QEMU is started; once it runs, its pid file tells
 * everyone. QEMU holds the guest until its cards are on their bridges and its limits are set. A worker that dies in
 * between leaves either no process, or a guest that has not run yet and that the next start goes on with.
 */
import { mkdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../../errors/quorate-error.ts";
import { enterScope } from "../../../os/guest-scope.ts";
import type { HostProbe } from "../../../os/kvm-probe.ts";
import type { Layout } from "../../../os/layout.ts";
import { runCommand } from "../../../os/run-command.ts";
import { plugTap } from "../../../os/tap.ts";
import type { Storages } from "../../../storage/port.ts";
import { buildCommand } from "../builder/index.ts";
import { cardsOf } from "../builder/network.ts";
import type { VmConfig, VmConfigFile } from "../config.ts";
import { VmRefusedError } from "../config-error.ts";
import { checkLock, type VmConfigs } from "../config-store.ts";
import { drivesOf, hasVolume } from "../drives.ts";
import type { WorldGatherer } from "../gather-world.ts";
import { isRecord } from "../qmp/connection.ts";
import { QmpClosedError, QmpCommandError, qmpCommand, withQmp } from "../qmp/index.ts";
import { toStockCommand } from "../stock/stock-command.ts";
import type { UpdateLog } from "../update.ts";
import { bridgeOfCard, unmetWishes } from "./card-bridge.ts";
import { runHook } from "./hook-script.ts";
import { stockHostFor } from "./stock-host.ts";
import type { VmProcess, VmProcesses } from "./vm-process.ts";
import { removeRemains } from "./vm-remains.ts";

export interface VmStarterDeps {
  readonly layout: Layout;
  readonly configs: VmConfigs;
  /** Applies pending changes and makes the cloud-init drive anew; called under the VM's lock. */
  readonly prepareStartLocked: (vmid: number, log: UpdateLog) => Promise<VmConfigFile>;
  readonly worlds: WorldGatherer;
  readonly storages: Storages;
  readonly processes: VmProcesses;
  readonly probe: Pick<HostProbe, "abilities">;
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
const KILL_TIMEOUT_MS = 10_000;
/** How long a QEMU that has a pid file may take to have a monitor. */
const MONITOR_TIMEOUT_MS = 5_000;
const MONITOR_RETRY_MS = 20;
/** Makes QEMU hold the guest at its first instruction (qemu(1)). */
const HELD = "-S";

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
    const { configs, processes } = this.#deps;
    const before = await configs.loadFresh(vmid);
    if (before.current.template === "1") throw new VmRefusedError("you can't start a vm if it's a template");
    const { lock } = before.current;
    // A VM that was put to sleep is woken by its start.
    if (lock !== "suspended") checkLock(before, options.skipsLock === true);
    const there = await processes.search(vmid);
    if (there === undefined) {
      const { current } = await this.#deps.prepareStartLocked(vmid, log);
      return await this.#runLocked(vmid, current, options, log);
    }
    if (!(await this.#isHeld(vmid, there, before.current))) throw new VmRefusedError(`VM ${vmid} already running`);
    log.log("an earlier start was cut off before the guest ran: going on with it");
    await this.#settleOrEnd(vmid, there, before.current, log);
    return there;
  }

  async #runLocked(vmid: number, config: VmConfig, options: StartOptions, log: UpdateLog): Promise<VmProcess> {
    const { processes, storages, worlds, layout } = this.#deps;
    if (config.tpmstate0 !== undefined) throw new VmRefusedError("tpmstate0: a TPM is not implemented in this release");
    this.#bridgesOf(vmid, config);
    for (const card of cardsOf(config)) for (const wish of unmetWishes(card, layout.isSystem)) log.log(wish);
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
    await runHook(storages, config, vmid, "pre-start");
    await mkdir(layout.qemuRun, { recursive: true });
    await removeRemains(processes, layout.qemuSlice, vmid);
    const argv = toStockCommand(built.argv, host);
    const held = isFrozen(config) ? argv : [...argv, HELD];
    try {
      await runCommand(held, { timeoutMs: options.timeoutMs ?? defaultTimeoutMs(config), cwd: "/" });
    } catch (error) {
      // A QEMU that hangs while it comes up outlives the process that was waited for.
      await this.#end(vmid);
      throw error;
    }
    const running = await processes.find(vmid);
    if (running === undefined) {
      await this.#end(vmid);
      throw new VmRefusedError("start failed: QEMU exited at once");
    }
    await this.#settleOrEnd(vmid, running, config, log);
    return running;
  }

  /** A guest without its network or its limits is not what was asked for: it is ended before it has run. */
  async #settleOrEnd(vmid: number, running: VmProcess, config: VmConfig, log: UpdateLog): Promise<void> {
    try {
      await this.#settle(vmid, running, config, log);
    } catch (error) {
      await this.#end(vmid);
      throw error;
    }
    await runHook(this.#deps.storages, config, vmid, "post-start").catch((error: unknown) =>
      log.warn(`hook script: ${messageOf(error)}`),
    );
  }

  /** Gives a held guest what is around it, and lets it run. */
  async #settle(vmid: number, { pid }: VmProcess, config: VmConfig, log: UpdateLog): Promise<void> {
    for (const { tap, bridge } of this.#bridgesOf(vmid, config)) await plugTap(tap, bridge);
    const weight = config.cpuunits === undefined ? undefined : Math.min(Math.max(Number(config.cpuunits), 1), 10_000);
    const problems = await enterScope(this.#deps.layout.qemuSlice, vmid, pid, {
      ...(weight === undefined ? {} : { cpuWeight: weight }),
      ...(config.cpulimit === undefined ? {} : { cpuLimit: Number(config.cpulimit) }),
    });
    const hasLimits = config.cpulimit !== undefined || config.cpuunits !== undefined;
    if (hasLimits) for (const problem of problems) log.warn(`cpu limits may not hold: ${problem}`);
    await withQmp(this.#qmp(vmid), async (qmp) => {
      if (config.balloon !== "0") {
        const statistics = { path: "machine/peripheral/balloon0", property: "guest-stats-polling-interval", value: 2 };
        await qmp.execute("qom-set", statistics).catch((error: unknown) => {
          if (!(error instanceof QmpCommandError)) throw error;
          log.warn(`the guest's memory cannot be seen: ${messageOf(error)}`);
        });
      }
      for (const { key, options } of cardsOf(config)) {
        if (options.link_down === true) await qmp.execute("set_link", { name: key, up: false });
      }
      if (!isFrozen(config)) await qmp.execute("cont");
    });
  }

  /** Whether this QEMU has not run its guest yet, though nobody asked for that: whoever started it is gone. */
  async #isHeld(vmid: number, there: VmProcess, config: VmConfig): Promise<boolean> {
    if (isFrozen(config)) return false;
    const deadline = performance.now() + MONITOR_TIMEOUT_MS;
    for (;;) {
      try {
        const answer = await qmpCommand(this.#qmp(vmid), "query-status");
        return isRecord(answer) && answer.status === "prelaunch";
      } catch (error) {
        // It makes its monitor a moment after its pid file. One that is busy, or ends, is not ours to go on with.
        const isComing = error instanceof QmpClosedError && performance.now() < deadline;
        if (!isComing || (await this.#deps.processes.ended(there, 0))) return false;
        await sleep(MONITOR_RETRY_MS);
      }
    }
  }

  /** Ends whatever a failed start has left. */
  async #end(vmid: number): Promise<void> {
    const { processes, layout } = this.#deps;
    for (let left = await processes.search(vmid); left !== undefined; left = await processes.search(vmid)) {
      processes.signal(left, "SIGKILL");
      if (!(await processes.ended(left, KILL_TIMEOUT_MS)))
        throw new VmRefusedError(`start failed, and process ${left.pid} of VM ${vmid} does not end`);
    }
    await removeRemains(processes, layout.qemuSlice, vmid);
  }

  #qmp(vmid: number): { path: string; peer: string } {
    return { path: this.#deps.processes.socket(vmid, "qmp"), peer: `VM ${vmid}` };
  }

  /** Where the cards go; nowhere with QEMU's own network. @throws VmRefusedError for a bridge that is not there. */
  #bridgesOf(vmid: number, config: VmConfig): { tap: string; bridge: string }[] {
    if (!this.#deps.layout.isSystem) return [];
    return cardsOf(config).flatMap((card) => {
      const bridge = bridgeOfCard(card);
      return bridge === undefined ? [] : [{ tap: `tap${vmid}i${card.index}`, bridge }];
    });
  }
}

/** Whether the guest is to wait for somebody who lets it run. */
function isFrozen({ freeze, args }: VmConfig): boolean {
  return freeze === "1" || /(?:^|\s)-S(?:\s|$)/.test(args ?? "");
}

function defaultTimeoutMs({ memory }: VmConfig): number {
  const mib = Number(/^(?:current=)?(\d+)/.exec(memory ?? "")?.[1] ?? 512);
  return Math.max(DEFAULT_TIMEOUT_MS, Math.ceil(mib / MIB_PER_GIB) * 1000);
}
