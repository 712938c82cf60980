/**
 * The room of rooms: makes every port and service of a process and lists all methods and task handlers. Nothing here
 * does I/O; connections are made on first use.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { cpus } from "node:os";
import { join } from "node:path";
import {
  AccessService,
  accessMethods,
  evaluatePermission,
  PasswordLogin,
  poolMethods,
  UserChanges,
} from "../access/index.ts";
import { CachedFiles } from "../cfs/cached-files.ts";
import { connectClusterFs } from "../cfs/ipc/client.ts";
import type { ClusterFs, FileSnapshot } from "../cfs/port.ts";
import {
  ClusterResources,
  clusterMethods,
  DATACENTER_CONFIG,
  fingerprintOf,
  parseDatacenter,
} from "../cluster/index.ts";
import { qemuServices } from "../guests/qemu/index.ts";
import type { Logger } from "../log/logger.ts";
import {
  bootMethods,
  guestBootTasks,
  machineMethods,
  nodeConfigMethods,
  nodeLogMethods,
  nodeMethods,
  releaseInfo,
  ServiceControl,
  serviceMethods,
  serviceTasks,
  versionMethods,
} from "../node/index.ts";
import { hashPassword } from "../os/crypt.ts";
import type { Layout } from "../os/layout.ts";
import { PamAuthenticator } from "../os/pam.ts";
import type { Method } from "../rest/method.ts";
import { printGuestFigures, RrdArchive, RrdCachedClient, statsMethods } from "../stats/index.ts";
import { NodeStorages, storageMethods, storageTasks } from "../storage/index.ts";
import { askSupervisor } from "../supervisor/control.ts";
import { releaseId } from "../supervisor/release.ts";
import { followTask, TaskLauncher, TaskStore, taskMethods } from "../tasks/index.ts";
import type { Tasks, TaskTable } from "../tasks/port.ts";
import type { ApiServices, ServiceOptions, ServiceRole } from "./api-services.ts";
import type { TaskServices } from "./task-worker.ts";

const PROJECT_DIR = join(import.meta.dirname, "../..");
const MAX_DEFAULT_WORKERS = 8;
const MIN_DEFAULT_TASKS = 4;
/** A daemon may take its time to stop and to start. */
const SUPERVISOR_TIMEOUT_MS = 60_000;

const epochSeconds = (): number => Math.floor(Date.now() / 1000);

/** The proxy has no root: whatever starts a task is `protected` and runs in pvedaemon. */
const noTasks: Tasks = {
  start: () => Promise.reject(new Error("tasks are started by pvedaemon")),
};

interface Node extends ApiServices {
  readonly table: TaskTable;
  readonly launcher: TaskLauncher | undefined;
  readonly guests: ReturnType<typeof qemuServices>["guests"];
  readonly storages: NodeStorages;
  readonly release: ReturnType<typeof releaseInfo>;
}

export async function createServices({ layout, log, role }: ServiceOptions): Promise<ApiServices> {
  const node = makeNode({ layout, log, role });
  if (role === "pvedaemon") await node.launcher?.open();
  return node;
}

/** For task workers. */
export function createTaskTable(layout: Layout, log: Logger): TaskServices {
  return makeNode({ layout, log, role: "cli" });
}

export function makeNode({ layout, log, role }: ServiceOptions): Node {
  const { nodeName } = layout;
  const isProxy = role === "pveproxy";
  const cfs = connectClusterFs({ socketPath: isProxy ? layout.cfsReadSocket : layout.cfsSocket, nodeName, log });
  return assembleNode({ layout, log, role, cfs });
}

/** @param options.cfs any maker of the port: descriptions of the API need no connection. */
export function assembleNode({ layout, log, role, cfs }: ServiceOptions & { readonly cfs: ClusterFs }): Node {
  const files = new CachedFiles(cfs);
  const access = new AccessService({ cfs, files, now: epochSeconds });
  const changes = new UserChanges({ cfs, log });
  const login = new PasswordLogin({ cfs, files, access, pam: new PamAuthenticator(), now: epochSeconds, log });
  const configuredWorkers = async (): Promise<number | undefined> => {
    const { max_workers: count } = await files.get(DATACENTER_CONFIG, parseDatacenter);
    return count === undefined ? undefined : Number(count);
  };
  /** Guests that start or stop at a time. */
  const maxWorkers = async (): Promise<number> =>
    (await configuredWorkers()) ?? Math.min(Math.max(1, cpus().length - 1), MAX_DEFAULT_WORKERS);
  /** Tasks at work at a time: some of them mostly wait for disks, and none may keep all others from starting. */
  const maxTasks = async (): Promise<number> =>
    (await configuredWorkers()) ?? Math.max(MIN_DEFAULT_TASKS, cpus().length);
  const launcher = role === "pveproxy" ? undefined : makeLauncher({ layout, log, role, cfs, maxWorkers: maxTasks });
  const tasks: Tasks = launcher ?? noTasks;
  const store = launcher?.store ?? new TaskStore(layout);
  const storages = new NodeStorages({ cfs, files, layout, log });
  const resources = new ClusterResources({ cfs, storages: () => storages.entries() });
  const release = releaseInfo(releaseId(PROJECT_DIR));
  const qemu = qemuServices({
    layout,
    cfs,
    files,
    storages,
    tasks,
    accessRecords: changes,
    access,
    announce: async (guest) =>
      await cfs.publish(`rrd/pve-vm-9.0/${guest.vmid}`, printGuestFigures(guest, epochSeconds())),
    hashPassword: async (password) => hashPassword(password),
    random: { uuid: randomUUID, bytes: randomBytes },
    now: epochSeconds,
    log,
  });
  const archive = new RrdArchive({
    directory: layout.rrdDir,
    daemon: new RrdCachedClient(layout.rrdcachedSocket),
    log,
    now: epochSeconds,
  });
  const fingerprint = async (name: string): Promise<string | undefined> =>
    await files.get(`nodes/${name}/pve-ssl.pem`, parseFingerprint);
  const services = new ServiceControl({
    hasMachineUnits: layout.isSystem,
    askSupervisor: (request) => askSupervisor(layout.supervisorSocket, request, { timeoutMs: SUPERVISOR_TIMEOUT_MS }),
  });
  const methods: Method[] = [
    ...accessMethods({ cfs, files, access, login, changes, log }),
    ...poolMethods({
      access,
      changes,
      async describeMembers({ vmids, storages: names }) {
        const rows = await resources.rows(epochSeconds());
        return rows.filter((row) =>
          row.type === "storage" ? names.has(String(row.storage)) : vmids.has(Number(row.vmid)),
        );
      },
    }),
    ...versionMethods({ files, release }),
    ...nodeMethods({
      layout,
      cfs,
      files,
      release,
      nodeRows: async () => (await resources.rows(epochSeconds())).filter(({ type }) => type === "node"),
      fingerprint,
    }),
    ...bootMethods({ tasks }),
    ...machineMethods({ layout }),
    ...nodeConfigMethods({ cfs }),
    ...nodeLogMethods({ layout }),
    ...serviceMethods({ control: services, tasks }),
    ...clusterMethods({ cfs, files, resources, now: epochSeconds, log }),
    ...taskMethods({ store, stop: (upid) => launcher?.stop(upid) ?? Promise.reject(new Error("not here")) }),
    ...storageMethods({
      storages,
      cfs,
      tasks,
      layout,
      log,
      accessRecords: changes,
      waitForTask: async (upid, timeoutMs) => await endOfTask(store, upid, timeoutMs),
    }),
    ...statsMethods({ archive }),
    ...qemu.methods,
  ];
  const table: TaskTable = {
    ...storageTasks({ storages }),
    ...qemu.tasks,
    ...guestBootTasks({ cfs, guests: qemu.guests, maxWorkers }),
    ...serviceTasks({ control: services }),
  };
  return {
    methods,
    table,
    access,
    evaluatePermission,
    cfs,
    launcher,
    guests: qemu.guests,
    storages,
    release,
    async close() {
      launcher?.close();
      access.close();
      files.close();
      await cfs.close();
    },
  };
}

function makeLauncher({
  layout,
  log,
  role,
  cfs,
  maxWorkers,
}: {
  layout: Layout;
  log: Logger;
  role: ServiceRole;
  cfs: ClusterFs;
  maxWorkers: () => Promise<number>;
}): TaskLauncher {
  return new TaskLauncher({
    layout,
    cfs,
    log,
    maxWorkers,
    idleWorkers: role === "pvedaemon" ? 1 : 0,
    tag: role === "pvedaemon" ? "pvedaemon" : "quorate",
  });
}

function parseFingerprint(file: FileSnapshot | undefined): string | undefined {
  return file === undefined ? undefined : fingerprintOf(file.data.toString("utf8"));
}

/** The task's status, or undefined when it still runs after `timeoutMs`. */
async function endOfTask(store: TaskStore, upid: string, timeoutMs: number): Promise<string | undefined> {
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    return await followTask(store, upid, () => {}, limit);
  } catch (error) {
    if (limit.aborted) return undefined;
    throw error;
  }
}
