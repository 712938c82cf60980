/** What the config side of VMs consists of, built from its ports. Nothing is read or started until it is used. */
import { join } from "node:path";
import type { AccessRecords } from "../../access/port.ts";
import { CachedFiles } from "../../cfs/cached-files.ts";
import type { ClusterFs } from "../../cfs/port.ts";
import type { Logger } from "../../log/logger.ts";
import type { Layout } from "../../os/layout.ts";
import type { Storages } from "../../storage/port.ts";
import type { TaskContext, Tasks, TaskTable } from "../../tasks/port.ts";
import type { Guests } from "../port.ts";
import { VmAssembler } from "./assemble.ts";
import { type CloneArgs, VmCloner } from "./clone.ts";
import { withoutChanges } from "./cloudinit/changes.ts";
import { CloudinitDrives } from "./cloudinit/drive.ts";
import type { Randomness } from "./complete-options.ts";
import type { VmConfigFile } from "./config.ts";
import { VmConfigs } from "./config-store.ts";
import { type CreateArgs, VmCreator } from "./create.ts";
import { datacenterFrom } from "./datacenter.ts";
import { type DestroyArgs, VmDestroyer } from "./destroy.ts";
import { type DiskTools, qemuImg } from "./disk-tools.ts";
import { Disks } from "./disks.ts";
import type { Hotplug } from "./hotplug-port.ts";
import { DiskMover, type MoveDiskArgs } from "./move-disk.ts";
import { type ResizeArgs, VmResizer } from "./resize.ts";
import { type UpdateArgs, type UpdateLog, VmUpdater } from "./update.ts";

export interface QemuConfigDeps {
  readonly layout: Layout;
  readonly cfs: ClusterFs;
  /** Shared with other readers; made for this room when absent. */
  readonly files?: CachedFiles;
  readonly storages: Storages;
  readonly tasks: Tasks;
  /** Waits for a task. @returns its status, or undefined when it still runs after `timeoutMs`. */
  readonly waitForTask?: (upid: string, timeoutMs: number) => Promise<string | undefined>;
  readonly access: AccessRecords;
  readonly guests: Pick<Guests, "status" | "start">;
  readonly hotplug: Hotplug;
  /** Version `x.y.z` of the installed QEMU; undefined when there is none. */
  readonly qemuVersion: () => Promise<string | undefined>;
  /** Crypt hash of a password, for cloud-init. */
  readonly hashPassword: (password: string) => Promise<string>;
  readonly random: Randomness;
  /** Epoch seconds. */
  readonly now: () => number;
  readonly log: Logger;
  readonly diskTools?: DiskTools;
}

/** The parts, for whoever needs more than methods and tasks: the start applies pending changes, lists read configs. */
export interface QemuConfigSide {
  readonly configs: VmConfigs;
  readonly creator: VmCreator;
  readonly updater: VmUpdater;
  readonly destroyer: VmDestroyer;
  readonly resizer: VmResizer;
  readonly cloner: VmCloner;
  readonly mover: DiskMover;
  readonly cloudinit: CloudinitDrives;
  /**
   * What a cold start does first: pending changes are applied, the cloud-init drive is made anew. To be called under the
   * VM's lock. @returns the config to start with.
   */
  prepareStartLocked(vmid: number, log: UpdateLog): Promise<VmConfigFile>;
}

export function qemuConfigSide(deps: QemuConfigDeps): QemuConfigSide {
  const { layout, cfs, storages, hotplug, log, random, hashPassword } = deps;
  const { nodeName } = layout;
  const files = deps.files ?? new CachedFiles(cfs);
  const configs = new VmConfigs({ nodeName, cfs, files, lockDir: layout.qemuLock, log });
  const tools = deps.diskTools ?? qemuImg;
  const workDir = join(layout.qemuRun, "cloudinit");
  const cloudinit = new CloudinitDrives({ storages, tools, workDir, resolvConf: layout.hostResolvConf });
  const disks = new Disks({ storages, tools, firmwareDir: layout.hostFirmwareDir });
  const datacenter = datacenterFrom(files);
  const assembler = new VmAssembler({ nodeName, cfs, configs, disks, storages, access: deps.access, log });
  const updater = new VmUpdater({ configs, disks, storages, hotplug, datacenter, random, hashPassword });
  return {
    configs,
    creator: new VmCreator({ ...deps, configs, assembler, disks, datacenter }),
    cloudinit,
    updater,
    destroyer: new VmDestroyer({ nodeName, cfs, configs, storages, access: deps.access, hotplug }),
    resizer: new VmResizer({ configs, storages, hotplug }),
    cloner: new VmCloner({ ...deps, configs, assembler, datacenter }),
    mover: new DiskMover({ configs, disks, storages, hotplug }),
    async prepareStartLocked(vmid, log) {
      const file = await updater.applyPendingLocked(vmid, log);
      if (!(await cloudinit.write(vmid, file.current))) return file;
      log.log(`generated cloud-init drive of VM ${vmid}`);
      return file.special.cloudinit === undefined ? file : configs.write(vmid, withoutChanges(file), file.digest);
    },
  };
}

/** Handlers by task type. Their arguments are those that the methods give. */
export function qemuConfigTasks(deps: QemuConfigDeps, side: QemuConfigSide = qemuConfigSide(deps)): TaskTable {
  return {
    qmcreate: (args: CreateArgs, task: TaskContext) => side.creator.create(args, task),
    qmdestroy: (args: DestroyArgs, task: TaskContext) => side.destroyer.destroy(args, task),
    qmconfig: (args: UpdateArgs, task: TaskContext) => side.updater.update(args, task),
    qmclone: (args: CloneArgs, task: TaskContext) => side.cloner.clone(args, task),
    qmmove: (args: MoveDiskArgs, task: TaskContext) => side.mover.move(args, task),
    resize: (args: ResizeArgs, task: TaskContext) => side.resizer.resize(args, (line) => task.log(line)),
  };
}
