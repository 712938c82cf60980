/**
 * Starting and stopping with a real QEMU below a directory. Run as a program it is a worker that does one operation and
 * that dies by SIGKILL at the chosen step: `node FILE ROOT start|stop|shutdown STEP`.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { CachedFiles } from "../../../cfs/cached-files.ts";
import { memoryClusterFs } from "../../../cfs/memory.ts";
import type { ClusterFs } from "../../../cfs/port.ts";
import { silentLogger } from "../../../log/logger.ts";
import { findProgram } from "../../../os/find-program.ts";
import type { HostAbilities } from "../../../os/kvm-probe.ts";
import { makeLayout } from "../../../os/layout.ts";
import { machineFacts, readQemuVersion } from "../../../os/machine-facts.ts";
import { MemoryStorages } from "../../../storage/port.testing.ts";
import { qemuConfigSide } from "../config-side.ts";
import { VmConfigs } from "../config-store.ts";
import { WorldGatherer } from "../gather-world.ts";
import type { UpdateLog } from "../update.ts";
import { unbound } from "../world.testing.ts";
import { QEMU_BINARY } from "./qemu-binary.ts";
import { VmHotplug } from "./vm-hotplug.ts";
import { VmPower } from "./vm-power.ts";
import { VmProcesses } from "./vm-process.ts";
import { VmStarter } from "./vm-starter.ts";

export const VMID = 100;
const NODE = "n1";

export type Operation = "start" | "stop" | "shutdown";

/** Called before each thing that the operation does, which waits for a promise; what is repeated at once counts as one. */
export type OnStep = (what: string) => Promise<void> | undefined;

export class PowerRoom {
  readonly layout;
  readonly processes: VmProcesses;
  readonly logs: string[] = [];
  readonly #root: string;
  readonly #starter: VmStarter;
  readonly #power: VmPower;

  constructor(root: string, callback: OnStep = () => undefined) {
    this.#root = root;
    let last = "";
    const onStep: OnStep = (what) => {
      if (what === last) return undefined;
      last = what;
      return callback(what);
    };
    const layout = makeLayout({ root, nodeName: NODE, isRootUser: false });
    this.layout = layout;
    const cfs = this.#files();
    const files = new CachedFiles(cfs);
    const storages = stepped(new MemoryStorages({ root: join(root, "storage") }), onStep);
    this.processes = new VmProcesses(layout.qemuRun);
    const processes = stepped(this.processes, onStep);
    const probe = { abilities: async (): Promise<HostAbilities> => ({ hasKvm: false, hasIoUring: false }) };
    const qemuVersion = async (): Promise<string | undefined> => {
      const program = findProgram(QEMU_BINARY);
      return program === undefined ? undefined : await readQemuVersion(program);
    };
    const hasKvm = async (): Promise<boolean> => false;
    const worlds = stepped(
      new WorldGatherer({ layout, storages, files, facts: machineFacts, hasKvm, qemuVersion }),
      onStep,
    );
    const hotplug = new VmHotplug({ layout, probe, processes: this.processes, worlds, storages });
    const side = qemuConfigSide({
      layout,
      cfs,
      files,
      storages,
      hotplug,
      qemuVersion,
      tasks: { start: () => Promise.reject(new Error("no tasks here")) },
      access: { addGuestToPool: async () => {}, forgetGuest: async () => {}, forgetStorage: async () => {} },
      guests: { status: async () => [], start: async () => {} },
      hashPassword: async (password) => password,
      random: { uuid: () => crypto.randomUUID(), bytes: (count) => new Uint8Array(count) },
      now: () => 0,
      log: silentLogger,
    });
    const configs = stepped(
      new VmConfigs({ nodeName: NODE, cfs, files, lockDir: layout.qemuLock, log: silentLogger }),
      onStep,
    );
    const prepareStartLocked = (vmid: number, log: UpdateLog) => side.prepareStartLocked(vmid, log);
    this.#starter = new VmStarter({ layout, configs, prepareStartLocked, worlds, storages, processes, probe });
    this.#power = new VmPower({ slice: layout.qemuSlice, configs, processes, storages });
  }

  get config(): string {
    return readFileSync(this.#configPath, "utf8");
  }

  set config(text: string) {
    writeFileSync(this.#configPath, text);
  }

  /** @param timeoutMs of a start. */
  async run(operation: Operation, timeoutMs?: number): Promise<void> {
    const log: UpdateLog = { log: (line) => this.logs.push(line), warn: (line) => this.logs.push(`WARN: ${line}`) };
    if (operation === "start") await this.#starter.start(VMID, timeoutMs === undefined ? {} : { timeoutMs }, log);
    else if (operation === "stop") await this.#power.stop(VMID, {}, log);
    // The guest has no system that would hear the power button.
    else await this.#power.shutdown(VMID, { timeoutMs: 20, forceStop: true }, log);
  }

  get #configPath(): string {
    return join(this.#root, `${VMID}.conf`);
  }

  /** The cluster's files, of which the VM's config is one of the directory: whoever dies loses no write. */
  #files(): ClusterFs {
    mkdirSync(this.#root, { recursive: true });
    const path = `nodes/${NODE}/qemu-server/${VMID}.conf`;
    const load = (): ClusterFs => memoryClusterFs({ nodeName: NODE, files: { [path]: this.config } });
    const inner = memoryClusterFs({ nodeName: NODE });
    return {
      ...unbound(inner),
      read: async (asked: string) => load().read(asked),
      write: async (...args: Parameters<ClusterFs["write"]>) => {
        const files = load();
        await files.write(...args);
        writeFileSync(`${this.#configPath}.tmp`, Buffer.from((await files.read(path))?.data ?? ""));
        renameSync(`${this.#configPath}.tmp`, this.#configPath);
      },
    };
  }
}

/** The same object, each of whose methods is a step. */
function stepped<T extends object>(inner: T, onStep: OnStep): T {
  return new Proxy(inner, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        const call = (): unknown => Reflect.apply(member, target, args);
        return onStep(`${target.constructor.name}.${String(name)}`)?.then(call) ?? call();
      };
    },
  });
}

if (import.meta.main) {
  const [root = "", operation = "", step = ""] = process.argv.slice(2);
  let count = 0;
  const room = new PowerRoom(root, (what) => {
    count += 1;
    if (count === Number(step)) {
      writeSync(1, what);
      process.kill(process.pid, "SIGKILL");
    }
    return undefined;
  });
  await room.run(operation as Operation);
}
