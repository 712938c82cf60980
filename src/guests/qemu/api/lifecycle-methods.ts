/** VMs come and go: list, create, destroy, and growing their disks. */
import { messageOf } from "../../../errors/quorate-error.ts";
import type { Logger } from "../../../log/logger.ts";
import { ApiError, parameterError, permissionError } from "../../../rest/errors.ts";
import { type CallContext, defineMethod, type Method } from "../../../rest/method.ts";
import type { Properties } from "../../../rest/schema.ts";
import type { Storages } from "../../../storage/port.ts";
import type { Tasks } from "../../../tasks/port.ts";
import type { GuestStatus, Guests } from "../../port.ts";
import { splitDrives } from "../complete-options.ts";
import { checkLock, type VmConfigs } from "../config-store.ts";
import type { CreateArgs, VmCreator } from "../create.ts";
import type { DestroyArgs, VmDestroyer } from "../destroy.ts";
import { DRIVE_KEYS, hasVolume, readRequestedDrive } from "../drives.ts";
import { resizableDrive } from "../resize.ts";
import { requestOptions } from "../schema/options.ts";
import { callerOf } from "./config-methods.ts";
import { checkOption, isRoot } from "./option-permissions.ts";
import { digest, node, refuseUnbuilt, skiplock, vmid } from "./parameters.ts";
import { checkBootOrder, optionsOf } from "./request-options.ts";
import { checkBridges, checkDrives } from "./resource-permissions.ts";

export interface LifecycleMethodsDeps {
  readonly configs: VmConfigs;
  readonly creator: VmCreator;
  readonly destroyer: VmDestroyer;
  readonly storages: Storages;
  readonly tasks: Tasks;
  readonly guests: Pick<Guests, "status">;
  readonly log: Logger;
}

export function lifecycleMethods(deps: LifecycleMethodsDeps): Method[] {
  return [listVms(deps), createVm(deps), destroyVm(deps), resizeDisk(deps)];
}

const number = (description: string) => ({ type: "number", optional: 1, description }) as const;
const integer = (description: string) => ({ type: "integer", optional: 1, description }) as const;
const text = (description: string) => ({ type: "string", optional: 1, description }) as const;

const statusRow: Properties = {
  vmid,
  status: { type: "string", enum: ["stopped", "running"], description: "Whether a process runs it." },
  name: text("Name of the VM."),
  cpu: number("Share of its CPUs in use, 0 to 1."),
  cpus: number("Number of CPUs."),
  mem: integer("Memory in use, bytes."),
  maxmem: integer("Memory of the guest, bytes."),
  memhost: integer("Memory of the process on the host, bytes."),
  maxdisk: integer("Size of the boot disk, bytes."),
  diskread: integer("Bytes read since its start."),
  diskwrite: integer("Bytes written since its start."),
  netin: integer("Bytes received since its start."),
  netout: integer("Bytes sent since its start."),
  uptime: integer("Seconds since its start."),
  pid: integer("Id of its process."),
  qmpstatus: text("State as QEMU says."),
  lock: text("What it is locked for."),
  tags: text("Labels."),
  template: { type: "boolean", default: 0, optional: 1, description: "Whether it is a template." },
  serial: { type: "boolean", optional: 1, description: "Whether it has a serial port." },
  "running-machine": text("Machine type of the running guest."),
  "running-qemu": text("QEMU's version of the running guest."),
  pressurecpusome: number("CPU pressure, some, percent."),
  pressurecpufull: number("CPU pressure, full, percent."),
  pressureiosome: number("Input/output pressure, some, percent."),
  pressureiofull: number("Input/output pressure, full, percent."),
  pressurememorysome: number("Memory pressure, some, percent."),
  pressurememoryfull: number("Memory pressure, full, percent."),
};

function listVms({ guests }: LifecycleMethodsDeps): Method {
  return defineMethod({
    path: "/nodes/{node}/qemu",
    method: "GET",
    name: "vmlist",
    description: "The VMs of a node that the caller may see.",
    protected: 1,
    proxyto: "node",
    permissions: { user: "all", extra_checks_in_code: { privs: ["VM.Audit"], paths: ["/vms/<vmid>"] } },
    parameters: {
      node,
      full: { type: "boolean", optional: 1, description: "Also what QEMU says of the running ones." },
    },
    returns: {
      type: "array",
      items: { type: "object", properties: statusRow },
      links: [{ rel: "child", href: "{vmid}" }],
    },
    handler: async ({ full }, call) => {
      const all = await guests.status({ asksGuests: full === true });
      return all
        .filter((guest) => guest.type === "qemu" && call.can(`/vms/${guest.vmid}`, ["VM.Audit"]))
        .map((guest) => rowOf(guest, full === true));
    },
  });
}

function rowOf(guest: GuestStatus, isFull: boolean): Record<string, unknown> {
  const { type: _type, template, pressure, qmpstatus, runningQemu, ...figures } = guest;
  const { balloon: _balloon, balloonMin: _balloonMin, freemem: _freemem, shares: _shares, ...row } = figures;
  const pressures = Object.entries(pressure ?? {}).map(([name, value]) => [`pressure${name}`, value] as const);
  return {
    ...row,
    ...(template ? { template: 1 } : {}),
    ...Object.fromEntries(pressures),
    ...(isFull && qmpstatus !== undefined ? { qmpstatus } : {}),
    ...(runningQemu === undefined ? {} : { "running-qemu": runningQemu }),
  };
}

const createControl = {
  node,
  vmid,
  archive: text("Backup to restore from."),
  bwlimit: {
    type: "integer",
    minimum: 0,
    default: "restore limit from datacenter or storage config",
    optional: 1,
    description: "Most KiB/s in a restore.",
  },
  force: { type: "boolean", requires: "archive", optional: 1, description: "Restore over an existing VM." },
  "ha-managed": { type: "boolean", default: 0, optional: 1, description: "Make it a resource of the HA manager." },
  "import-working-storage": {
    type: "string",
    format: "pve-storage-id",
    optional: 1,
    description: "Where disks are unpacked on their way in.",
  },
  "live-restore": { type: "boolean", optional: 1, description: "Start while the restore still runs." },
  pool: { type: "string", format: "pve-poolid", optional: 1, description: "Pool that the VM joins." },
  start: { type: "boolean", default: 0, optional: 1, description: "Start it afterwards." },
  storage: { type: "string", format: "pve-storage-id", optional: 1, description: "Where a restore puts disks." },
  unique: { type: "boolean", requires: "archive", optional: 1, description: "New addresses in a restore." },
} as const;

function createVm(deps: LifecycleMethodsDeps): Method {
  return defineMethod({
    path: "/nodes/{node}/qemu",
    method: "POST",
    name: "create_vm",
    description: "Create a VM.",
    protected: 1,
    proxyto: "node",
    permissions: {
      user: "all",
      extra_checks_in_code: {
        privs: ["Datastore.AllocateSpace", "SDN.Use", "VM.Allocate", "VM.Backup"],
        paths: ["/pool/{pool}", "/vms/{vmid}"],
      },
    },
    parameters: {
      ...requestOptions,
      ...createControl,
      archive: { ...createControl.archive, maxLength: 255 },
    },
    returns: { type: "string" },
    handler: async (params, call) => {
      const args = await creationOf(deps, params, call);
      const { vmid } = args;
      await deps.creator.check(args);
      await deps.creator.reserve(vmid);
      try {
        return await deps.tasks.start({
          type: "qmcreate",
          id: String(vmid),
          authid: callerOf(call),
          args: { ...args },
        });
      } catch (error) {
        await deps.creator.release(vmid).catch((cause: unknown) => {
          deps.log.warn({ vmid, reason: messageOf(cause) }, "the id of a VM whose creation did not begin stays taken");
        });
        throw error;
      }
    },
  });
}

/** What belongs to a restore, an import or the HA manager. */
const NOT_BUILT = ["archive", "storage", "bwlimit", "live-restore", "import-working-storage", "ha-managed"];

async function creationOf(
  deps: LifecycleMethodsDeps,
  params: Readonly<Record<string, unknown>>,
  call: CallContext,
): Promise<CreateArgs> {
  const vmid = Number(params.vmid);
  const pool = typeof params.pool === "string" ? params.pool : undefined;
  const scope = { vmid, ...(pool === undefined ? {} : { pool }) };
  checkMayCreate(call, vmid, pool);
  refuseUnbuilt(params, NOT_BUILT, "creating a VM");
  const options = optionsOf(params);
  checkBootOrder(options.boot, options);
  for (const [key, value] of Object.entries(options)) {
    const drive = DRIVE_KEYS.has(key) ? readRequestedDrive(key, value) : undefined;
    checkOption(call, scope, { key, value, ...(drive === undefined ? {} : { drive }) });
    if (/^unused\d+$/.test(key)) throw parameterError({ [key]: "a new VM has no unused disks" });
  }
  const { drives, plain } = splitDrives(options);
  await checkDrives(call, deps.storages, drives, vmid);
  checkBridges(call, plain);
  return { vmid, options, start: params.start === true, ...(pool === undefined ? {} : { pool }) };
}

function checkMayCreate(call: CallContext, vmid: number, pool: string | undefined): void {
  if (pool !== undefined && call.access.poolMembers(pool) === undefined) {
    throw new ApiError(500, `pool '${pool}' does not exist`);
  }
  if (pool !== undefined && call.can(`/pool/${pool}`, ["VM.Allocate"])) return;
  if (!call.can(`/vms/${vmid}`, ["VM.Allocate"])) throw permissionError(`/vms/${vmid}, VM.Allocate`);
}

function destroyVm(deps: LifecycleMethodsDeps): Method {
  return defineMethod({
    path: "/nodes/{node}/qemu/{vmid}",
    method: "DELETE",
    name: "destroy_vm",
    description: "Remove a stopped VM with its own disks.",
    protected: 1,
    proxyto: "node",
    permissions: { check: ["perm", "/vms/{vmid}", ["VM.Allocate"]] },
    parameters: {
      node,
      vmid,
      skiplock,
      purge: { type: "boolean", optional: 1, description: "Also from jobs that name it." },
      "destroy-unreferenced-disks": {
        type: "boolean",
        default: 0,
        optional: 1,
        description: "Also disks that belong to it by name only.",
      },
    },
    returns: { type: "string" },
    handler: async (params, call) => {
      const { vmid } = params;
      checkSkiplock(params.skiplock, call);
      const args: DestroyArgs = {
        vmid,
        skipLock: params.skiplock === true,
        purges: params.purge === true,
        removesUnreferenced: params["destroy-unreferenced-disks"] === true,
      };
      await deps.destroyer.check(args, await deps.configs.load(vmid));
      return deps.tasks.start({ type: "qmdestroy", id: String(vmid), authid: callerOf(call), args: { ...args } });
    },
  });
}

function checkSkiplock(value: boolean | undefined, call: CallContext): void {
  if (value === true && !isRoot(call)) throw parameterError({ skiplock: "Only root may use this option." });
}

const resizable = [...DRIVE_KEYS];

function resizeDisk(deps: LifecycleMethodsDeps): Method {
  return defineMethod({
    path: "/nodes/{node}/qemu/{vmid}/resize",
    method: "PUT",
    name: "resize_vm",
    description: "Grow a disk.",
    protected: 1,
    proxyto: "node",
    permissions: { check: ["perm", "/vms/{vmid}", ["VM.Config.Disk"]] },
    parameters: {
      node,
      vmid,
      skiplock,
      digest,
      disk: { type: "string", enum: resizable, description: "The drive." },
      size: {
        type: "string",
        pattern: "\\+?\\d+(\\.\\d+)?[KMGT]?",
        description: "New size, or with `+` how much it grows.",
      },
    },
    returns: { type: "string" },
    handler: async (params, call) => {
      const { vmid, disk, size } = params;
      checkSkiplock(params.skiplock, call);
      const file = await deps.configs.load(vmid);
      checkLock(file, params.skiplock === true);
      const drive = resizableDrive(file.current, disk);
      if (hasVolume(drive)) {
        const { storage } = await deps.storages.parse(drive.file);
        call.check(`/storage/${storage}`, ["Datastore.AllocateSpace"]);
      }
      const args = { vmid, disk, size, skipLock: params.skiplock === true };
      const more = params.digest === undefined ? {} : { digest: params.digest };
      return deps.tasks.start({ type: "resize", id: String(vmid), authid: callerOf(call), args: { ...args, ...more } });
    },
  });
}
