/** Reading and changing the config of a VM. */
import { ApiError, parameterError } from "../../../rest/errors.ts";
import { type CallContext, defineMethod, type Method, type MethodPermissions } from "../../../rest/method.ts";
import type { Properties } from "../../../rest/schema.ts";
import { splitList } from "../../../rest/split-list.ts";
import type { Storages } from "../../../storage/port.ts";
import type { Tasks } from "../../../tasks/port.ts";
import { splitDrives } from "../complete-options.ts";
import type { VmConfigFile } from "../config.ts";
import { HotplugProblemsError } from "../config-error.ts";
import type { VmConfigs } from "../config-store.ts";
import { DRIVE_KEYS, readDrive, readRequestedDrive } from "../drives.ts";
import { requestOptions, storedOption, storedOptions } from "../schema/options.ts";
import type { UpdateArgs, VmUpdater } from "../update.ts";
import { configView, pendingRows, snapshotView, withPending } from "../views.ts";
import { checkOption, type GuestScope, isRoot } from "./option-permissions.ts";
import { changeControl, node, refuseUnbuilt, vmid } from "./parameters.ts";
import { checkBootOrder, optionsOf } from "./request-options.ts";
import { checkBridges, checkDrives, checkUnused } from "./resource-permissions.ts";

export interface ConfigMethodsDeps {
  readonly configs: VmConfigs;
  readonly updater: VmUpdater;
  readonly storages: Storages;
  readonly tasks: Tasks;
  /** Waits for a task. @returns its status, or undefined when it still runs after `timeoutMs`. */
  readonly waitForTask?: (upid: string, timeoutMs: number) => Promise<string | undefined>;
}

const CONFIG_PATH = "/nodes/{node}/qemu/{vmid}/config";

const mayAudit: MethodPermissions = { check: ["perm", "/vms/{vmid}", ["VM.Audit"]] };
const mayConfigure: MethodPermissions = {
  check: [
    "perm",
    "/vms/{vmid}",
    [
      "VM.Config.Disk",
      "VM.Config.CDROM",
      "VM.Config.CPU",
      "VM.Config.Memory",
      "VM.Config.Network",
      "VM.Config.HWType",
      "VM.Config.Options",
      "VM.Config.Cloudinit",
    ],
    "any",
    1,
  ],
};

/** The result's properties carry no index: the names of a family are open there. */
const returnedOptions: Properties = Object.fromEntries(
  Object.entries(storedOptions).map(([name, { index: _, ...schema }]) => [name, schema]),
);

const pendingRow: Properties = {
  key: { type: "string", description: "Name of the option." },
  value: { type: "string", optional: 1, description: "Its value now." },
  pending: { type: "string", optional: 1, description: "Its value after the next cold start." },
  delete: {
    type: "integer",
    minimum: 0,
    maximum: 2,
    optional: 1,
    description: "1 when it will go, 2 when its volume goes too.",
  },
};

export function configMethods(deps: ConfigMethodsDeps): Method[] {
  return [readConfig(deps), readPending(deps), changeNow(deps), changeInTask(deps), unlink(deps)];
}

function readConfig({ configs }: ConfigMethodsDeps): Method {
  return defineMethod({
    path: CONFIG_PATH,
    method: "GET",
    name: "vm_config",
    description: "The VM's config, with the changes that wait for the next start unless asked otherwise.",
    proxyto: "node",
    permissions: mayAudit,
    parameters: {
      node,
      vmid,
      current: { type: "boolean", default: 0, optional: 1, description: "Without pending changes." },
      snapshot: {
        type: "string",
        format: "pve-configid",
        maxLength: 40,
        optional: 1,
        description: "The config as this snapshot has it.",
      },
    },
    returns: {
      type: "object",
      properties: { ...returnedOptions, digest: { type: "string", description: "SHA-1 of the config file." } },
    },
    handler: ({ vmid, current, snapshot }) => {
      if (snapshot !== undefined && current === true) {
        throw parameterError({ snapshot: "cannot use 'snapshot' parameter with 'current'" });
      }
      const view = (file: VmConfigFile) =>
        snapshot === undefined ? configView(file, current === true) : snapshotView(file, snapshot);
      const file = configs.load(vmid);
      return file instanceof Promise ? file.then(view) : view(file);
    },
  });
}

function readPending({ configs }: ConfigMethodsDeps): Method {
  return defineMethod({
    path: "/nodes/{node}/qemu/{vmid}/pending",
    method: "GET",
    name: "vm_pending",
    description: "Each option with its value now and after the next cold start.",
    proxyto: "node",
    permissions: mayAudit,
    parameters: { node, vmid },
    returns: { type: "array", items: { type: "object", properties: pendingRow } },
    handler: async ({ vmid }) => pendingRows(await configs.load(vmid)),
  });
}

function changeNow(deps: ConfigMethodsDeps): Method {
  return defineMethod({
    path: CONFIG_PATH,
    method: "PUT",
    name: "update_vm",
    description: "Change options and wait until it is done. Prefer the other way for what may take long.",
    protected: 1,
    proxyto: "node",
    permissions: mayConfigure,
    parameters: { ...requestOptions, ...changeControl },
    returns: { type: "null" },
    handler: async (params, call) => {
      const args = await changeOf(deps, params, call);
      await runUpdate(deps, args);
    },
  });
}

function changeInTask(deps: ConfigMethodsDeps): Method {
  return defineMethod({
    path: CONFIG_PATH,
    method: "POST",
    name: "update_vm_async",
    description: "Change options in a task.",
    protected: 1,
    proxyto: "node",
    permissions: mayConfigure,
    parameters: {
      ...requestOptions,
      ...changeControl,
      background_delay: {
        type: "integer",
        minimum: 1,
        maximum: 30,
        optional: 1,
        description: "Seconds to wait for the end of the task, which is then not answered.",
      },
      "import-working-storage": {
        type: "string",
        format: "pve-storage-id",
        optional: 1,
        description: "Where disks are unpacked on their way in.",
      },
    },
    returns: { type: "string", optional: 1 },
    handler: async (params, call) => {
      refuseUnbuilt(params, ["import-working-storage"], "changing a VM");
      const args = await changeOf(deps, params, call);
      const spec = { type: "qmconfig", id: String(args.vmid), authid: callerOf(call), args: { ...args } };
      const upid = await deps.tasks.start(spec);
      const { background_delay: delay } = params;
      const status = delay === undefined ? undefined : await deps.waitForTask?.(upid, delay * 1000);
      // Ended in time: nothing is left to follow.
      if (status === "OK") return undefined;
      if (status !== undefined && !status.startsWith("WARNINGS")) throw new ApiError(500, status);
      return upid;
    },
  });
}

function unlink(deps: ConfigMethodsDeps): Method {
  return defineMethod({
    path: "/nodes/{node}/qemu/{vmid}/unlink",
    method: "PUT",
    name: "unlink",
    description: "Detach disks; they stay as unused, or go with force.",
    protected: 1,
    proxyto: "node",
    permissions: { check: ["perm", "/vms/{vmid}", ["VM.Config.Disk"]] },
    parameters: {
      node,
      vmid,
      idlist: { type: "string", format: "pve-configid-list", description: "Drives to detach." },
      force: { type: "boolean", optional: 1, description: "Remove their volumes too." },
    },
    returns: { type: "null" },
    handler: async ({ node, vmid, idlist, force }, call) => {
      const args = await changeOf(deps, { node, vmid, delete: idlist, force }, call);
      await runUpdate(deps, args);
    },
  });
}

async function runUpdate({ updater }: ConfigMethodsDeps, args: UpdateArgs): Promise<void> {
  const silent = { log: () => {}, warn: () => {} };
  try {
    await updater.update(args, silent);
  } catch (error) {
    if (!(error instanceof HotplugProblemsError)) throw error;
    const texts = [...error.problems].map(([key, why]) => [key, `hotplug problem - ${why}`]);
    throw parameterError(Object.fromEntries(texts));
  }
}

export function callerOf(call: CallContext): string {
  if (call.authid === undefined) throw new TypeError("this method needs a login");
  return call.authid;
}

/** The checked change of a request. @throws ApiError 400 and 403. */
async function changeOf(
  deps: ConfigMethodsDeps,
  params: Readonly<Record<string, unknown>>,
  call: CallContext,
): Promise<UpdateArgs> {
  const vmid = Number(params.vmid);
  const set = optionsOf(params);
  const remove = keyList(params.delete);
  const revert = keyList(params.revert);
  const errors: Record<string, string> = {};
  if (params.skiplock === true && !isRoot(call)) errors.skiplock = "Only root may use this option.";
  for (const key of [...remove, ...revert]) {
    if (storedOption(key) === undefined) errors[remove.includes(key) ? "delete" : "revert"] = `unknown option '${key}'`;
    if (Object.hasOwn(set, key)) errors[key] = conflict(key, remove.includes(key) ? "delete" : "revert");
  }
  if (Object.keys(errors).length > 0) throw parameterError(errors);
  const file = await deps.configs.load(vmid);
  const future = Object.fromEntries(
    Object.entries({ ...withPending(file), ...set }).filter(([key]) => !remove.includes(key)),
  );
  checkBootOrder(set.boot, future);
  await checkChange(deps, { vmid, set, touched: [...remove, ...revert] }, file, call);
  return {
    vmid,
    set,
    remove,
    revert,
    isForced: params.force === true,
    skipLock: params.skiplock === true,
    ...(typeof params.digest === "string" ? { digest: params.digest } : {}),
  };
}

function conflict(key: string, parameter: string): string {
  return `you can't use '-${key}' and -${parameter} ${key} at the same time`;
}

function keyList(value: unknown): string[] {
  if (value === undefined) return [];
  return [...new Set(splitList(String(value)).map((key) => (key === "cdrom" ? "ide2" : key)))];
}

/** Rights on a value that is there now. */
function checkValue(call: CallContext, scope: GuestScope, key: string, value: string | undefined): void {
  const isDrive = DRIVE_KEYS.has(key) && value !== undefined;
  checkOption(call, scope, { key, value, ...(isDrive ? { drive: readDrive(key, value) } : {}) });
}

async function checkChange(
  deps: ConfigMethodsDeps,
  change: {
    readonly vmid: number;
    readonly set: Readonly<Record<string, string>>;
    readonly touched: readonly string[];
  },
  file: VmConfigFile,
  call: CallContext,
): Promise<void> {
  const scope = { vmid: change.vmid };
  const now = withPending(file);
  for (const [key, value] of Object.entries(change.set)) {
    if (DRIVE_KEYS.has(key)) {
      const drive = readRequestedDrive(key, value);
      checkOption(call, scope, { key, value, drive });
    } else checkOption(call, scope, { key, value });
    // Taking a disk out of its place to put a CD there is a change of the disk; likewise for devices of the host.
    if (now[key] !== undefined) checkValue(call, scope, key, now[key]);
  }
  for (const key of change.touched) checkValue(call, scope, key, file.pending[key] ?? file.current[key]);
  const { drives, plain } = splitDrives(change.set);
  await checkDrives(call, deps.storages, drives, change.vmid);
  await checkUnused(call, deps.storages, plain, change.vmid);
  checkBridges(call, plain);
}
