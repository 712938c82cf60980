/** What does the work on VMs, put together from the ports that it needs. Nothing is started until it is used. */
import type { AccessControl, AccessRecords } from "../../access/port.ts";
import type { CachedFiles } from "../../cfs/cached-files.ts";
import type { ClusterFs } from "../../cfs/port.ts";
import type { Logger } from "../../log/logger.ts";
import { findProgram } from "../../os/find-program.ts";
import type { Layout } from "../../os/layout.ts";
import { machineFacts, readQemuVersion } from "../../os/machine-facts.ts";
import type { Storages } from "../../storage/port.ts";
import type { Tasks, TaskTable } from "../../tasks/port.ts";
import type { GuestStatus, Guests } from "../port.ts";
import type { Randomness } from "./complete-options.ts";
import { type QemuConfigDeps, type QemuConfigSide, qemuConfigSide, qemuConfigTasks } from "./config-side.ts";
import { consoleTasks } from "./console/tasks.ts";
import { WorldGatherer } from "./gather-world.ts";
import { powerTasks } from "./run/power-tasks.ts";
import { QEMU_BINARY } from "./run/qemu-binary.ts";
import { QemuGuests } from "./run/qemu-guests.ts";
import { VmHotplug } from "./run/vm-hotplug.ts";
import { VmPower } from "./run/vm-power.ts";
import { VmProcesses } from "./run/vm-process.ts";
import { VmStarter } from "./run/vm-starter.ts";
import { VmStatusReader } from "./run/vm-status.ts";
import { hostProbe } from "./watch.ts";

export interface QemuServiceDeps {
  readonly layout: Layout;
  readonly cfs: ClusterFs;
  readonly files: CachedFiles;
  readonly storages: Storages;
  readonly tasks: Tasks;
  /** Waits for a task. @returns its status, or undefined when it still runs after `timeoutMs`. */
  readonly waitForTask?: (upid: string, timeoutMs: number) => Promise<string | undefined>;
  readonly accessRecords: AccessRecords;
  readonly access: AccessControl;
  /** Broadcasts how a VM does. */
  readonly announce: (status: GuestStatus) => Promise<void>;
  readonly hashPassword: (password: string) => Promise<string>;
  readonly random: Randomness;
  /** Epoch seconds. */
  readonly now: () => number;
  readonly log: Logger;
}

export interface QemuServices {
  /** For whoever serves the methods. */
  readonly parts: {
    readonly configDeps: QemuConfigDeps;
    readonly side: QemuConfigSide;
    readonly processes: VmProcesses;
    readonly status: VmStatusReader;
  };
  readonly tasks: TaskTable;
  readonly guests: Guests;
}

/** @returns undefined when there is no QEMU here. */
async function installedVersion(): Promise<string | undefined> {
  const program = findProgram(QEMU_BINARY);
  return program === undefined ? undefined : await readQemuVersion(program);
}

export function qemuServices(deps: QemuServiceDeps): QemuServices {
  const { layout, cfs, files, storages } = deps;
  const { nodeName } = layout;
  const processes = new VmProcesses(layout.qemuRun);
  const probe = hostProbe(layout);
  const hasKvm = async (): Promise<boolean> => {
    const binary = findProgram(QEMU_BINARY);
    return binary !== undefined && (await probe.abilities(binary)).hasKvm;
  };
  const worlds = new WorldGatherer({
    layout,
    storages,
    files,
    facts: machineFacts,
    hasKvm,
    qemuVersion: installedVersion,
  });
  const hotplug = new VmHotplug({ layout, probe, processes, worlds, storages });
  // The list of VMs is made of configs, and creating a VM may start it: each needs the other only when it is used.
  const lateGuests: Guests = {
    status: (options) => guests.status(options),
    start: (vmid, options) => guests.start(vmid, options),
    shutdown: (vmid, options) => guests.shutdown(vmid, options),
  };
  const configDeps = {
    ...deps,
    access: deps.accessRecords,
    guests: lateGuests,
    hotplug,
    qemuVersion: installedVersion,
  };
  const side = qemuConfigSide(configDeps);
  const { configs } = side;
  const starter = new VmStarter({
    layout,
    configs,
    prepareStartLocked: (vmid, log) => side.prepareStartLocked(vmid, log),
    worlds,
    storages,
    processes,
    probe,
  });
  const power = new VmPower({ slice: layout.qemuSlice, configs, processes, storages });
  const status = new VmStatusReader({
    cfs,
    nodeName,
    slice: layout.qemuSlice,
    configs,
    processes,
    nowMs: () => performance.now(),
    now: deps.now,
  });
  const announce = async (vmid: number): Promise<void> => {
    const row = await status.one(vmid);
    if (row !== undefined) await deps.announce(row);
  };
  const guests = new QemuGuests({ status, starter, power });
  return {
    parts: { configDeps, side, processes, status },
    tasks: {
      ...qemuConfigTasks(configDeps, side),
      ...powerTasks({ configs, starter, power, announce }),
      ...consoleTasks({ processes, access: deps.access }),
    },
    guests,
  };
}
