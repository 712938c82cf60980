/**
 * What does the work, for methods and tasks alike: storages, guests, the node's services, and the handlers of tasks. A
 * task worker has this alone. Rooms are entered by their modules here, not by their indexes, which bring the API along:
 * it would be a third of what each task takes.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { cpus } from "node:os";
import { AccessService } from "../access/access-service.ts";
import type { AccessControl } from "../access/port.ts";
import { UserChanges } from "../access/user-changes.ts";
import { CachedFiles } from "../cfs/cached-files.ts";
import { connectClusterFs } from "../cfs/ipc/client.ts";
import type { ClusterFs } from "../cfs/port.ts";
import { DATACENTER_CONFIG, parseDatacenter } from "../cluster/datacenter-config.ts";
import { type QemuServices, qemuServices } from "../guests/qemu/services.ts";
import type { Logger } from "../log/logger.ts";
import { guestBootTasks } from "../node/guest-boot.ts";
import { ServiceControl } from "../node/service-control.ts";
import { serviceTasks } from "../node/service-tasks.ts";
import { hashPassword } from "../os/crypt.ts";
import type { Layout } from "../os/layout.ts";
import { guestKey, printGuestFigures } from "../stats/rrd-strings.ts";
import { NodeStorages } from "../storage/node-storages.ts";
import { storageTasks } from "../storage/tasks.ts";
import { askSupervisor } from "../supervisor/control.ts";
import { TaskLauncher } from "../tasks/launcher.ts";
import type { Tasks, TaskTable } from "../tasks/port.ts";
import type { ServiceRole } from "./api-services.ts";
import type { TaskServices } from "./task-worker.ts";

const MAX_DEFAULT_WORKERS = 8;
const MIN_DEFAULT_TASKS = 4;
/** A daemon may take its time to stop and to start. */
const SUPERVISOR_TIMEOUT_MS = 60_000;

export interface WorkDeps {
  readonly layout: Layout;
  readonly log: Logger;
  readonly cfs: ClusterFs;
  readonly files: CachedFiles;
  readonly access: AccessControl;
  readonly changes: UserChanges;
  readonly tasks: Tasks;
  /** Needed by methods, not by tasks. */
  readonly waitForTask?: (upid: string, timeoutMs: number) => Promise<string | undefined>;
}

export interface Work {
  readonly storages: NodeStorages;
  readonly qemu: QemuServices;
  readonly services: ServiceControl;
  readonly table: TaskTable;
}

export function makeWork({ layout, log, cfs, files, access, changes, tasks, waitForTask }: WorkDeps): Work {
  const storages = new NodeStorages({ cfs, files, layout, log });
  const qemu = qemuServices({
    layout,
    cfs,
    files,
    storages,
    tasks,
    ...(waitForTask === undefined ? {} : { waitForTask }),
    accessRecords: changes,
    access,
    announce: async (guest) =>
      await cfs.publish(`rrd/${guestKey(guest.vmid)}`, printGuestFigures(guest, epochSeconds())),
    hashPassword,
    random: { uuid: randomUUID, bytes: randomBytes },
    now: epochSeconds,
    log,
  });
  const services = new ServiceControl({
    hasMachineUnits: layout.isSystem,
    askSupervisor: (request) => askSupervisor(layout.supervisorSocket, request, { timeoutMs: SUPERVISOR_TIMEOUT_MS }),
  });
  return {
    storages,
    qemu,
    services,
    table: {
      ...storageTasks({ storages }),
      ...qemu.tasks,
      ...guestBootTasks({ cfs, guests: qemu.guests, maxWorkers: () => maxGuestWorkers(files) }),
      ...serviceTasks({ control: services }),
    },
  };
}

export const epochSeconds = (): number => Math.floor(Date.now() / 1000);

async function configuredWorkers(files: CachedFiles): Promise<number | undefined> {
  const { max_workers: count } = await files.get(DATACENTER_CONFIG, parseDatacenter);
  return count === undefined ? undefined : Number(count);
}

/** Guests that start or stop at a time. */
async function maxGuestWorkers(files: CachedFiles): Promise<number> {
  return (await configuredWorkers(files)) ?? Math.min(Math.max(1, cpus().length - 1), MAX_DEFAULT_WORKERS);
}

/** Tasks at work at a time: some of them mostly wait for disks, and none may keep all others from starting. */
async function maxTasks(files: CachedFiles): Promise<number> {
  return (await configuredWorkers(files)) ?? Math.max(MIN_DEFAULT_TASKS, cpus().length);
}

export function makeLauncher({
  layout,
  log,
  role,
  cfs,
  files,
}: Pick<WorkDeps, "layout" | "log" | "cfs" | "files"> & { readonly role: ServiceRole }): TaskLauncher {
  const isDaemon = role === "pvedaemon";
  return new TaskLauncher({
    layout,
    cfs,
    log,
    maxWorkers: () => maxTasks(files),
    idleWorkers: isDaemon ? 1 : 0,
    tag: isDaemon ? "pvedaemon" : "quorate",
  });
}

/** For task workers. */
export function createTaskTable(layout: Layout, log: Logger): TaskServices {
  const cfs = connectClusterFs({ socketPath: layout.cfsSocket, nodeName: layout.nodeName, log });
  const files = new CachedFiles(cfs);
  const access = new AccessService({ cfs, files, now: epochSeconds });
  const launcher = makeLauncher({ layout, log, role: "cli", cfs, files });
  const work = makeWork({ layout, log, cfs, files, access, changes: new UserChanges({ cfs, log }), tasks: launcher });
  return {
    table: work.table,
    cfs,
    async close() {
      launcher.close();
      access.close();
      files.close();
      await cfs.close();
    },
  };
}
