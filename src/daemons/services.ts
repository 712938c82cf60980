/**
 * The room of rooms: makes every port and service of a process and lists all methods. Nothing here does I/O; connections
 * are made on first use.
 */
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
import { ClusterResources, clusterMethods, fingerprintOf } from "../cluster/index.ts";
import { qemuMethods } from "../guests/qemu/index.ts";
import {
  bootMethods,
  machineMethods,
  nodeConfigMethods,
  nodeLogMethods,
  nodeMethods,
  releaseInfo,
  serviceMethods,
  versionMethods,
} from "../node/index.ts";
import { PamAuthenticator } from "../os/pam.ts";
import type { Method } from "../rest/method.ts";
import { RrdArchive, RrdCachedClient, statsMethods } from "../stats/index.ts";
import { storageMethods } from "../storage/index.ts";
import { releaseId } from "../supervisor/release.ts";
import { followTask, type TaskLauncher, TaskStore, taskMethods } from "../tasks/index.ts";
import type { Tasks } from "../tasks/port.ts";
import type { ApiServices, ServiceOptions } from "./api-services.ts";
import { epochSeconds, makeLauncher, makeWork } from "./task-services.ts";

const PROJECT_DIR = join(import.meta.dirname, "../..");
/** The proxy has no root: whatever starts a task is `protected` and runs in pvedaemon. */
const noTasks: Tasks = {
  start: () => Promise.reject(new Error("tasks are started by pvedaemon")),
};

interface Node extends ApiServices {
  readonly launcher: TaskLauncher | undefined;
}

export async function createServices({ layout, log, role }: ServiceOptions): Promise<ApiServices> {
  const { nodeName } = layout;
  const socketPath = role === "pveproxy" ? layout.cfsReadSocket : layout.cfsSocket;
  const node = assembleNode({ layout, log, role, cfs: connectClusterFs({ socketPath, nodeName, log }) });
  if (role === "pvedaemon") await node.launcher?.open();
  return node;
}

/** @param options.cfs any maker of the port: descriptions of the API need no connection. */
export function assembleNode({ layout, log, role, cfs }: ServiceOptions & { readonly cfs: ClusterFs }): Node {
  const files = new CachedFiles(cfs);
  const access = new AccessService({ cfs, files, now: epochSeconds });
  const changes = new UserChanges({ cfs, log });
  const login = new PasswordLogin({ cfs, files, access, pam: new PamAuthenticator(), now: epochSeconds, log });
  const launcher = role === "pveproxy" ? undefined : makeLauncher({ layout, log, role, cfs, files });
  const tasks: Tasks = launcher ?? noTasks;
  const store = launcher?.store ?? new TaskStore(layout);
  const waitForTask = (upid: string, timeoutMs: number): Promise<string | undefined> =>
    endOfTask(store, upid, timeoutMs);
  const { storages, qemu, services } = makeWork({
    layout,
    log,
    cfs,
    files,
    access,
    changes,
    tasks,
    waitForTask,
  });
  const resources = new ClusterResources({ cfs, storages: () => storages.entries() });
  const release = releaseInfo(releaseId(PROJECT_DIR));
  const archive = new RrdArchive({
    directory: layout.rrdDir,
    daemon: new RrdCachedClient(layout.rrdcachedSocket),
    log,
    now: epochSeconds,
  });
  const fingerprint = async (name: string): Promise<string | undefined> =>
    await files.get(`nodes/${name}/pve-ssl.pem`, parseFingerprint);
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
      waitForTask,
    }),
    ...statsMethods({ archive }),
    ...qemuMethods({ layout, cfs, tasks, access }, qemu),
  ];
  return {
    methods,
    access,
    evaluatePermission,
    cfs,
    launcher,
    async close() {
      launcher?.close();
      access.close();
      files.close();
      await cfs.close();
    },
  };
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
