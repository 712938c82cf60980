/** Stops, shuts down, resets, pauses and resumes a running VM. */
import { messageOf } from "../../../errors/quorate-error.ts";
import type { Storages } from "../../../storage/port.ts";
import { hasAgent } from "../builder/index.ts";
import type { VmConfig } from "../config.ts";
import { VmRefusedError } from "../config-error.ts";
import { checkLock, type VmConfigs } from "../config-store.ts";
import { agentCommand, qmpCommand, withQmp } from "../qmp/index.ts";
import type { UpdateLog } from "../update.ts";
import { type HookPhase, runHook } from "./hook-script.ts";
import type { VmProcess, VmProcesses } from "./vm-process.ts";
import { removeRemains } from "./vm-remains.ts";

export interface VmPowerDeps {
  /** Of the layout. */
  readonly slice: string;
  readonly configs: VmConfigs;
  readonly processes: VmProcesses;
  readonly storages: Pick<Storages, "pathOf">;
}

export interface StopOptions {
  /** How long QEMU may take to end by itself before it gets signals. */
  readonly timeoutMs?: number;
  readonly skipsLock?: boolean;
}

export interface ShutdownOptions {
  readonly timeoutMs: number;
  /** Cut the power when the guest does not go in time. */
  readonly forceStop: boolean;
  readonly skipsLock?: boolean;
  readonly signal?: AbortSignal;
}

const QUIT_TIMEOUT_MS = 10_000;
/** After a `quit` whose answer was lost. */
const QUIT_CLOSES_MS = 1_000;
const TERM_TIMEOUT_MS = 5_000;
const KILL_TIMEOUT_MS = 10_000;
const AGENT_TIMEOUT_MS = 3_000;

export class VmPower {
  readonly #deps: VmPowerDeps;

  constructor(deps: VmPowerDeps) {
    this.#deps = deps;
  }

  /** Cuts the power. A VM that does not run is fine. */
  async stop(vmid: number, options: StopOptions, log: UpdateLog): Promise<void> {
    // Under the VM's lock, so that a start that is under way is not missed.
    await this.#deps.configs.locked(vmid, async () => {
      const { running, config } = await this.#permitted(vmid, options.skipsLock === true);
      if (running === undefined) {
        await this.#cleanUpLocked(vmid);
        return;
      }
      await this.#warnUnlessHooked(config, vmid, "pre-stop", log);
      await this.#endLocked(vmid, running, options.timeoutMs ?? QUIT_TIMEOUT_MS, log);
      await this.#warnUnlessHooked(config, vmid, "post-stop", log);
    });
  }

  /** Asks the guest to power off, by its agent or the power button. @throws VmRefusedError when it does not in time. */
  async shutdown(vmid: number, options: ShutdownOptions, log: UpdateLog): Promise<void> {
    const { running, config } = await this.#permitted(vmid, options.skipsLock === true);
    if (running === undefined) return;
    await this.#warnUnlessHooked(config, vmid, "pre-stop", log);
    await this.#askToPowerOff(vmid, config, log).catch((error: unknown) => {
      // One that cannot be asked is waited for like one that does not listen.
      if (!options.forceStop) throw error;
      log.warn(`the guest cannot be asked to power off: ${messageOf(error)}`);
    });
    // The guest is waited for without the lock: whoever loses patience can stop it meanwhile.
    const hasEnded = await this.#deps.processes.ended(running, options.timeoutMs, options.signal);
    if (!hasEnded && !options.forceStop) throw new VmRefusedError("VM quit/powerdown failed - got timeout");
    await this.#deps.configs.locked(vmid, async () => {
      const now = await this.#deps.processes.search(vmid);
      if (now === undefined) await this.#cleanUpLocked(vmid);
      else if (now.pid === running.pid && now.startTicks === running.startTicks) {
        log.log("the guest did not power off in time: stopping it");
        await this.#endLocked(vmid, now, QUIT_TIMEOUT_MS, log);
      }
      // Somebody has started it again: what is there belongs to the new process.
      else return;
      await this.#warnUnlessHooked(config, vmid, "post-stop", log);
    });
  }

  /** @throws VmRefusedError */
  async requireRunning(vmid: number, skipsLock: boolean): Promise<void> {
    const { running } = await this.#permitted(vmid, skipsLock);
    if (running === undefined) throw new VmRefusedError(`VM ${vmid} not running`);
  }

  async reset(vmid: number, skipsLock: boolean): Promise<void> {
    await this.requireRunning(vmid, skipsLock);
    await qmpCommand(this.#qmp(vmid), "system_reset");
  }

  async suspend(vmid: number, skipsLock: boolean): Promise<void> {
    await this.requireRunning(vmid, skipsLock);
    await qmpCommand(this.#qmp(vmid), "stop");
  }

  /** Continues a paused VM; one that sleeps inside the guest is woken. */
  async resume(vmid: number, skipsLock: boolean): Promise<void> {
    await this.requireRunning(vmid, skipsLock);
    await withQmp(this.#qmp(vmid), async (qmp) => {
      const answer = await qmp.execute("query-status");
      const status = typeof answer === "object" && answer !== null && "status" in answer ? answer.status : undefined;
      if (status === "running") return;
      // One that has powered off while it was held has nothing to continue with.
      if (status === "shutdown") await qmp.execute("system_reset");
      await qmp.execute(status === "suspended" ? "system_wakeup" : "cont");
    });
  }

  /** What a VM leaves when it has ended, however it ended. Under the VM's lock: a next start makes the same files. */
  async #cleanUpLocked(vmid: number): Promise<void> {
    await removeRemains(this.#deps.processes, this.#deps.slice, vmid);
  }

  async #askToPowerOff(vmid: number, config: VmConfig, log: UpdateLog): Promise<void> {
    if (hasAgent(config)) {
      try {
        const agent = { path: this.#deps.processes.socket(vmid, "qga"), peer: `agent of VM ${vmid}` };
        await agentCommand(agent, "guest-ping", {}, { timeoutMs: AGENT_TIMEOUT_MS });
        await agentCommand(agent, "guest-shutdown", { mode: "powerdown" }, { timeoutMs: AGENT_TIMEOUT_MS });
        return;
      } catch (error) {
        log.log(`the guest agent does not answer (${messageOf(error)}): pressing the power button`);
      }
    }
    await qmpCommand(this.#qmp(vmid), "system_powerdown");
  }

  async #endLocked(vmid: number, running: VmProcess, quitTimeoutMs: number, log: UpdateLog): Promise<void> {
    const { processes } = this.#deps;
    const isAsked = await this.#askToQuit(vmid, running, log);
    const steps: [NodeJS.Signals | undefined, number][] = [
      [undefined, isAsked ? quitTimeoutMs : 0],
      ["SIGTERM", TERM_TIMEOUT_MS],
      ["SIGKILL", KILL_TIMEOUT_MS],
    ];
    for (const [signal, timeoutMs] of steps) {
      if (signal !== undefined) {
        log.warn(`ending the process of VM ${vmid} with ${signal}`);
        processes.signal(running, signal);
      }
      if (await processes.ended(running, timeoutMs)) {
        await this.#cleanUpLocked(vmid);
        return;
      }
    }
    throw new VmRefusedError(`cannot stop VM ${vmid}: process ${running.pid} does not end`);
  }

  /** @returns false when it cannot have heard, so that there is nothing to wait for. */
  async #askToQuit(vmid: number, running: VmProcess, log: UpdateLog): Promise<boolean> {
    try {
      await qmpCommand(this.#qmp(vmid), "quit", {}, { timeoutMs: QUIT_TIMEOUT_MS });
      return true;
    } catch (error) {
      // QEMU closes the connection when it quits; if it hangs instead, signals follow.
      if (await this.#deps.processes.ended(running, QUIT_CLOSES_MS)) return true;
      log.warn(`QEMU does not quit (${messageOf(error)})`);
      return false;
    }
  }

  /** A guest is ended whatever its script says. */
  async #warnUnlessHooked(config: VmConfig, vmid: number, phase: HookPhase, log: UpdateLog): Promise<void> {
    await runHook(this.#deps.storages, config, vmid, phase).catch((error: unknown) =>
      log.warn(`hook script: ${messageOf(error)}`),
    );
  }

  async #permitted(
    vmid: number,
    skipsLock: boolean,
  ): Promise<{ readonly running: VmProcess | undefined; readonly config: VmConfig }> {
    const file = await this.#deps.configs.loadFresh(vmid);
    checkLock(file, skipsLock);
    return { running: await this.#deps.processes.search(vmid), config: file.current };
  }

  #qmp(vmid: number): { path: string; peer: string } {
    return { path: this.#deps.processes.socket(vmid, "qmp"), peer: `VM ${vmid}` };
  }
}
