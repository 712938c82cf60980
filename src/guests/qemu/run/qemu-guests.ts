/** VMs as everyone else sees guests: listed, started, shut down. */
import type { GuestStatus, Guests } from "../../port.ts";
import type { VmPower } from "./vm-power.ts";
import type { VmStarter } from "./vm-starter.ts";
import type { VmStatusReader } from "./vm-status.ts";

export class QemuGuests implements Guests {
  readonly #status: VmStatusReader;
  readonly #starter: VmStarter;
  readonly #power: VmPower;

  constructor(parts: { readonly status: VmStatusReader; readonly starter: VmStarter; readonly power: VmPower }) {
    this.#status = parts.status;
    this.#starter = parts.starter;
    this.#power = parts.power;
  }

  status(options?: { readonly asksGuests?: boolean }): Promise<readonly GuestStatus[]> {
    return this.#status.all(options);
  }

  async start(
    vmid: number,
    { timeoutMs, log }: { readonly timeoutMs?: number; readonly log: (line: string) => void },
  ): Promise<void> {
    await this.#starter.start(vmid, timeoutMs === undefined ? {} : { timeoutMs }, {
      log,
      warn: (line) => log(`WARN: ${line}`),
    });
  }

  async shutdown(
    vmid: number,
    options: { readonly timeoutMs: number; readonly forceStop: boolean; readonly log: (line: string) => void },
  ): Promise<void> {
    const { log, timeoutMs, forceStop } = options;
    await this.#power.shutdown(vmid, { timeoutMs, forceStop }, { log, warn: (line) => log(`WARN: ${line}`) });
  }
}
