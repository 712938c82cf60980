/** Copies: of whole VMs, and of disks to other storages. */
import { messageOf } from "../../../errors/quorate-error.ts";
import type { Logger } from "../../../log/logger.ts";
import { ApiError, notBuilt, parameterError } from "../../../rest/errors.ts";
import { type CallContext, defineMethod, type Method } from "../../../rest/method.ts";
import type { Storages } from "../../../storage/port.ts";
import type { Tasks } from "../../../tasks/port.ts";
import type { CloneArgs, VmCloner } from "../clone.ts";
import type { VmConfigFile } from "../config.ts";
import { namingParameter } from "../config-error.ts";
import type { VmConfigs } from "../config-store.ts";
import { DRIVE_KEYS, drivesOf, hasVolume } from "../drives.ts";
import type { Hotplug } from "../hotplug-port.ts";
import type { DiskMover, MoveDiskArgs } from "../move-disk.ts";
import { LAST_INDEX } from "../schema/options.ts";
import { callerOf } from "./config-methods.ts";
import { digest, node, refuseUnbuilt, vmid } from "./parameters.ts";
import { checkBridges } from "./resource-permissions.ts";

export interface CopyMethodsDeps {
  readonly nodeName: string;
  readonly configs: VmConfigs;
  readonly cloner: VmCloner;
  readonly mover: DiskMover;
  readonly hotplug: Pick<Hotplug, "isRunning">;
  readonly storages: Storages;
  readonly tasks: Tasks;
  readonly log: Logger;
}

export function copyMethods(deps: CopyMethodsDeps): Method[] {
  return [cloneVm(deps), moveDisk(deps)];
}

const format = {
  type: "string",
  enum: ["raw", "qcow2", "vmdk"],
  optional: 1,
  description: "Format of the new images.",
} as const;
const storage = {
  type: "string",
  format: "pve-storage-id",
  optional: 1,
  description: "Where the copy goes.",
} as const;

function cloneVm(deps: CopyMethodsDeps): Method {
  return defineMethod({
    path: "/nodes/{node}/qemu/{vmid}/clone",
    method: "POST",
    name: "clone_vm",
    description: "Copy a stopped VM with all its disks.",
    protected: 1,
    proxyto: "node",
    permissions: {
      check: [
        "and",
        ["perm", "/vms/{vmid}", ["VM.Clone"]],
        [
          "or",
          ["perm", "/vms/{newid}", ["VM.Allocate"]],
          ["perm", "/pool/{pool}", ["VM.Allocate"], "require_param", "pool"],
        ],
      ],
      extra_checks_in_code: {
        privs: ["Datastore.AllocateSpace", "SDN.Use", "VM.Allocate", "VM.Clone"],
        paths: ["/pool/{pool}", "/vms/{newid}", "/vms/{vmid}"],
      },
    },
    parameters: {
      node,
      vmid,
      newid: { ...vmid, description: "Id of the copy." },
      bwlimit: {
        type: "integer",
        minimum: 0,
        default: "clone limit from datacenter or storage config",
        optional: 1,
        description: "Most KiB/s.",
      },
      description: { type: "string", optional: 1, description: "Notes of the copy." },
      format,
      full: { type: "boolean", optional: 1, description: "Copy disks instead of linking to a template's." },
      name: { type: "string", format: "dns-name", optional: 1, description: "Name of the copy." },
      pool: { type: "string", format: "pve-poolid", optional: 1, description: "Pool that the copy joins." },
      snapname: {
        type: "string",
        format: "pve-configid",
        maxLength: 40,
        optional: 1,
        description: "Copy the state of this snapshot.",
      },
      storage,
      target: { type: "string", format: "pve-node", optional: 1, description: "Node of the copy." },
    },
    returns: { type: "string" },
    handler: async (params, call) => {
      const { vmid, newid, target, pool } = params;
      refuseUnbuilt(params, ["snapname", "bwlimit"], "cloning a VM");
      if (target !== undefined && target !== deps.nodeName) throw notBuilt("cloning to another node");
      if (pool !== undefined && call.access.poolMembers(pool) === undefined) {
        throw new ApiError(500, `pool '${pool}' does not exist`);
      }
      const file = await deps.configs.load(vmid);
      if (file.current.template === "1" && params.full !== true) throw notBuilt("a linked clone");
      await checkCopy(deps, file, params.storage, call);
      if (await deps.hotplug.isRunning(vmid)) throw notBuilt("cloning a running VM");
      await deps.cloner.check(vmid, file);
      const { name, description, storage, format } = params;
      const args: CloneArgs = { vmid, newid, ...definedOnly({ name, description, pool, storage, format }) };
      return startClone(deps, args, call);
    },
  });
}

/** Rights on what the copy will use: space for each disk, and the bridges of its cards. */
async function checkCopy(
  deps: CopyMethodsDeps,
  file: VmConfigFile,
  storage: string | undefined,
  call: CallContext,
): Promise<void> {
  if (storage !== undefined) await namingParameter("storage", () => deps.storages.entry(storage));
  for (const drive of drivesOf(file.current)) {
    if (!hasVolume(drive) || drive.isCdrom) continue;
    const target = storage ?? (await deps.storages.parse(drive.file)).storage;
    call.check(`/storage/${target}`, ["Datastore.AllocateSpace"]);
  }
  checkBridges(call, file.current);
}

async function startClone(deps: CopyMethodsDeps, args: CloneArgs, call: CallContext): Promise<string> {
  const { vmid, newid } = args;
  await deps.cloner.reserve(newid);
  try {
    return await deps.tasks.start({ type: "qmclone", id: String(vmid), authid: callerOf(call), args: { ...args } });
  } catch (error) {
    await deps.cloner.release(newid).catch((cause: unknown) => {
      deps.log.warn({ vmid: newid, reason: messageOf(cause) }, "the id of a clone that did not begin stays taken");
    });
    throw error;
  }
}

const unused = Array.from({ length: LAST_INDEX.unused + 1 }, (_, index) => `unused${index}`);
const movable = [...DRIVE_KEYS, ...unused];

function moveDisk(deps: CopyMethodsDeps): Method {
  return defineMethod({
    path: "/nodes/{node}/qemu/{vmid}/move_disk",
    method: "POST",
    name: "move_vm_disk",
    description: "Move a disk of a stopped VM to another storage or format.",
    protected: 1,
    proxyto: "node",
    permissions: {
      check: ["perm", "/vms/{vmid}", ["VM.Config.Disk"]],
      extra_checks_in_code: { privs: ["Datastore.AllocateSpace", "VM.Config.Disk"], paths: ["/vms/{vmid}"] },
    },
    parameters: {
      node,
      vmid,
      digest,
      format,
      storage,
      disk: { type: "string", enum: movable, description: "The drive." },
      delete: { type: "boolean", default: 0, optional: 1, description: "Remove the old volume." },
      bwlimit: {
        type: "integer",
        minimum: 0,
        default: "move limit from datacenter or storage config",
        optional: 1,
        description: "Most KiB/s.",
      },
      "target-vmid": { ...vmid, optional: 1, description: "VM that takes the disk over." },
      "target-disk": { type: "string", enum: movable, optional: 1, description: "Its drive there." },
      "target-digest": { ...digest, description: "Refuse when the other VM's config is not the one with this SHA-1." },
    },
    returns: { type: "string" },
    handler: async (params, call) => {
      const { vmid, disk, storage, format } = params;
      refuseUnbuilt(params, ["target-vmid", "target-disk", "target-digest", "bwlimit"], "moving a disk");
      if (disk.startsWith("unused")) throw notBuilt("moving an unused disk");
      if (storage === undefined) throw parameterError({ storage: "property is missing and it is not optional" });
      call.check(`/storage/${storage}`, ["Datastore.AllocateSpace"]);
      await namingParameter("storage", () => deps.storages.entry(storage));
      const base = { vmid, disk, storage, deletesOld: params.delete === true };
      const args: MoveDiskArgs = { ...base, ...definedOnly({ format, digest: params.digest }) };
      if (await deps.hotplug.isRunning(vmid)) throw notBuilt("moving a disk of a running VM");
      await deps.mover.check(args, await deps.configs.load(vmid));
      return deps.tasks.start({ type: "qmmove", id: String(vmid), authid: callerOf(call), args: { ...args } });
    },
  });
}

/** Without the members that are undefined. */
function definedOnly<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const defined = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(defined) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
