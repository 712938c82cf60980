/** Brings changes of the config to a running guest by QMP. What is not done here stays pending until the next start. */
import type { Hotplug, HotplugRequest, HotplugResult } from "../hotplug-port.ts";
import { qmpCommand } from "../qmp/index.ts";
import type { VmProcesses } from "./vm-process.ts";

export class VmHotplug implements Hotplug {
  readonly #processes: VmProcesses;

  constructor({ processes }: { readonly processes: VmProcesses }) {
    this.#processes = processes;
  }

  async isRunning(vmid: number): Promise<boolean> {
    return (await this.#processes.find(vmid)) !== undefined;
  }

  async apply({ vmid, current, set, remove }: HotplugRequest): Promise<HotplugResult> {
    const applied = new Set<string>();
    const problems = new Map<string, string>();
    const attempt = async (key: string, work: () => Promise<void>): Promise<void> => {
      try {
        await work();
        applied.add(key);
      } catch (error) {
        problems.set(key, error instanceof Error ? error.message : String(error));
      }
    };
    for (const [key, value] of Object.entries(set)) {
      if (key === "balloon" && mayBalloon(current.balloon, value, current.shares)) {
        await attempt(key, () => this.balloon(vmid, Number(value) * MIB));
      }
    }
    if (remove.includes("balloon") && mayBalloon(current.balloon, current.memory, current.shares)) {
      await attempt("balloon", () => this.balloon(vmid, memoryMib(current.memory) * MIB));
    }
    return { applied, problems };
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

  async balloon(vmid: number, bytes: number): Promise<void> {
    await qmpCommand(this.#qmp(vmid), "balloon", { value: bytes });
  }

  #qmp(vmid: number): { path: string; peer: string } {
    return { path: this.#processes.socket(vmid, "qmp"), peer: `VM ${vmid}` };
  }
}

const MIB = 1 << 20;
const DEFAULT_MEMORY_MIB = 512;

function memoryMib(memory: string | undefined): number {
  return Number(/^(?:current=)?(\d+)/.exec(memory ?? "")?.[1] ?? DEFAULT_MEMORY_MIB);
}

/** Switching the device on or off takes a start; with shares the automatic sets the size. */
function mayBalloon(before: string | undefined, after: string | undefined, shares: string | undefined): boolean {
  return before !== "0" && after !== "0" && after !== undefined && shares === "0";
}
