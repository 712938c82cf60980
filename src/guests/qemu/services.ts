/** Everything about VMs, put together from the ports that they need. Nothing is started until it is used. */
import type { AccessControl, AccessRecords } from "../../access/port.ts";
import type { CachedFiles } from "../../cfs/cached-files.ts";
import type { ClusterFs } from "../../cfs/port.ts";
import type { Logger } from "../../log/logger.ts";
import { findProgram } from "../../os/find-program.ts";
import type { Layout } from "../../os/layout.ts";
import { readQemuVersion } from "../../os/machine-facts.ts";
import type { Method } from "../../rest/method.ts";
import type { Storages } from "../../storage/port.ts";
import type { Tasks, TaskTable } from "../../tasks/port.ts";
import type { Guests } from "../port.ts";
import type { Randomness } from "./complete-options.ts";
import { qemuConfigMethods, qemuConfigSide, qemuConfigTasks } from "./config-side.ts";
import type { Hotplug } from "./hotplug-port.ts";

export interface QemuServiceDeps {
  readonly layout: Layout;
  readonly cfs: ClusterFs;
  readonly files: CachedFiles;
  readonly storages: Storages;
  readonly tasks: Tasks;
  readonly accessRecords: AccessRecords;
  readonly access: AccessControl;
  readonly hashPassword: (password: string) => Promise<string>;
  readonly random: Randomness;
  /** Epoch seconds. */
  readonly now: () => number;
  readonly log: Logger;
}

export interface QemuServices {
  readonly methods: readonly Method[];
  readonly tasks: TaskTable;
  readonly guests: Guests;
  readonly balloon: { balloon(vmid: number, bytes: number): Promise<void> };
}

const BINARY = "qemu-system-x86_64";

/** @returns undefined when there is no QEMU here. */
async function installedVersion(): Promise<string | undefined> {
  const program = findProgram(BINARY);
  return program === undefined ? undefined : await readQemuVersion(program);
}

export function qemuServices(deps: QemuServiceDeps): QemuServices {
  const notBuilt = (): Promise<never> => Promise.reject(new Error("running VMs is not part of this release"));
  const guests: Guests = { status: async () => [], start: notBuilt, shutdown: notBuilt };
  const hotplug: Hotplug = { isRunning: async () => false, apply: notBuilt, resizeDisk: notBuilt };
  const configDeps = { ...deps, access: deps.accessRecords, guests, hotplug, qemuVersion: installedVersion };
  const side = qemuConfigSide(configDeps);
  return {
    methods: qemuConfigMethods(configDeps, side),
    tasks: qemuConfigTasks(configDeps, side),
    guests,
    balloon: { balloon: notBuilt },
  };
}
