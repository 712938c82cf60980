/** `status/…` of a VM: what it does, and starting and stopping it. Everything that changes it is a task. */
import { ApiError, permissionError } from "../../../rest/errors.ts";
import { type CallContext, defineMethod, type Method } from "../../../rest/method.ts";
import type { Schema } from "../../../rest/schema.ts";
import type { Json, Tasks } from "../../../tasks/port.ts";
import type { GuestStatus } from "../../port.ts";
import { hasAgent } from "../builder/index.ts";
import { checkLock, type VmConfigs } from "../config-store.ts";
import { qmpCommand, withQmp } from "../qmp/index.ts";
import type { VmProcesses } from "../run/vm-process.ts";
import type { VmStatusReader } from "../run/vm-status.ts";
import { callerOf } from "./config-methods.ts";
import { isRoot } from "./option-permissions.ts";
import { node, refuseUnbuilt, skiplock, vmid } from "./parameters.ts";

export interface PowerMethodDeps {
  readonly tasks: Tasks;
  readonly configs: VmConfigs;
  readonly status: VmStatusReader;
  readonly processes: VmProcesses;
}

const PATH = "/nodes/{node}/qemu/{vmid}";
const POWER = { check: ["perm", "/vms/{vmid}", ["VM.PowerMgmt"]] } as const;
const UPID = { type: "string" } as const;
const timeout = { type: "integer", minimum: 0, optional: 1, description: "Seconds to wait." } as const;
/** No storage of this release is switched off after use, so that volumes always stay active. */
const keepActive = { type: "boolean", default: 0, optional: 1, description: "Leave the volumes activated." } as const;
const MACHINE_TYPE =
  "(pc|pc(-i440fx)?-\\d+(\\.\\d+)+(\\+pve\\d+)?(\\.pxe)?|q35|pc-q35-\\d+(\\.\\d+)+(\\+pve\\d+)?(\\.pxe)?|virt(?:-\\d+(\\.\\d+)+)?(\\+pve\\d+)?)";

const OF_MIGRATION = [
  ...["migratedfrom", "migration_network", "migration_type", "stateuri", "targetstorage"],
  ...["nets-host-mtu", "with-conntrack-state"],
];

function refuseSkiplock(skips: boolean | undefined, call: CallContext): void {
  if (skips === true && !isRoot(call)) throw new ApiError(500, "skiplock: Only root may use this option.");
}

export function powerMethods(deps: PowerMethodDeps): Method[] {
  return [currentMethod(deps), ...actionMethods(deps), monitorMethod(deps), sendKeyMethod(deps)];
}

function currentMethod({ status, configs }: PowerMethodDeps): Method {
  const number = { type: "number", optional: 1 } as const;
  const integer = { type: "integer", optional: 1 } as const;
  const text = { type: "string", optional: 1 } as const;
  const flag = { type: "boolean", optional: 1 } as const;
  return defineMethod({
    path: `${PATH}/status/current`,
    method: "GET",
    name: "vm_status",
    description: "What a VM does now.",
    protected: 1,
    proxyto: "node",
    permissions: { check: ["perm", "/vms/{vmid}", ["VM.Audit"]] },
    parameters: { node, vmid },
    returns: {
      type: "object",
      properties: {
        vmid,
        status: { type: "string", enum: ["stopped", "running"] },
        qmpstatus: text,
        name: text,
        pid: integer,
        uptime: integer,
        cpu: number,
        cpus: number,
        mem: integer,
        maxmem: integer,
        memhost: integer,
        maxdisk: integer,
        diskread: integer,
        diskwrite: integer,
        netin: integer,
        netout: integer,
        lock: text,
        tags: text,
        template: flag,
        agent: flag,
        spice: flag,
        serial: flag,
        clipboard: { type: "string", enum: ["vnc"], optional: 1 },
        ha: { type: "object" },
        "running-machine": text,
        "running-qemu": text,
      },
    },
    async handler(params) {
      const { current } = await configs.load(params.vmid);
      const row = await status.one(params.vmid);
      if (row === undefined) throw new ApiError(500, `VM ${params.vmid} is gone`);
      const hasSerial = Object.keys(current).some((key) => /^serial\d$/.test(key));
      return {
        ...describeStatus(row),
        ha: { managed: 0 },
        ...(hasAgent(current) ? { agent: 1 } : {}),
        ...(hasSerial ? { serial: 1 } : {}),
      };
    },
  });
}

function describeStatus(row: GuestStatus): Record<string, unknown> {
  const { type: _, template, pressure, runningQemu, balloonMin, freemem, shares, ...rest } = row;
  return {
    ...rest,
    ...(template ? { template: 1 } : {}),
    ...(runningQemu === undefined ? {} : { "running-qemu": runningQemu }),
    ...(balloonMin === undefined ? {} : { balloon_min: balloonMin }),
    ...(freemem === undefined ? {} : { freemem }),
    ...(shares === undefined ? {} : { shares }),
    ...Object.fromEntries(Object.entries(pressure ?? {}).map(([key, value]) => [`pressure${key}`, value])),
  };
}

function actionMethods({ tasks, configs }: PowerMethodDeps): Method[] {
  /** The VM has to exist; whether it may be done is decided in the task, under its lock. */
  const begin = async (
    type: string,
    id: number,
    call: CallContext,
    args: Readonly<Record<string, Json>> = {},
  ): Promise<string> => {
    refuseSkiplock(args.skiplock === true, call);
    await configs.load(id);
    return await tasks.start({ type, id: String(id), authid: callerOf(call), args: { vmid: id, ...args } });
  };
  const common = {
    method: "POST",
    protected: 1,
    proxyto: "node",
    permissions: POWER,
    returns: UPID satisfies Schema,
  } as const;
  return [
    defineMethod({
      ...common,
      path: `${PATH}/status/start`,
      name: "vm_start",
      description: "Start a VM.",
      parameters: {
        node,
        vmid,
        skiplock,
        timeout: { ...timeout, default: "max(30, vm memory in GiB)" },
        machine: {
          type: "string",
          optional: 1,
          description: "Machine type instead of the config's.",
          format: {
            type: { type: "string", pattern: MACHINE_TYPE, maxLength: 40, default_key: 1, optional: 1 },
            viommu: { type: "string", enum: ["intel", "virtio"], optional: 1 },
            "aw-bits": { type: "number", minimum: 32, maximum: 64, optional: 1 },
            "enable-s3": { type: "boolean", optional: 1 },
            "enable-s4": { type: "boolean", optional: 1 },
          },
        },
        "force-cpu": {
          type: "string",
          optional: 1,
          description: "CPU argument instead of the config's; for root only.",
        },
        migratedfrom: { type: "string", format: "pve-node", optional: 1, description: "Node that sends the VM." },
        migration_network: { type: "string", format: "CIDR", optional: 1, description: "Network of the migration." },
        migration_type: {
          type: "string",
          enum: ["secure", "insecure"],
          optional: 1,
          description: "How it is protected.",
        },
        stateuri: { type: "string", maxLength: 128, optional: 1, description: "Where the state comes from." },
        targetstorage: {
          type: "string",
          format: "storage-pair-list",
          optional: 1,
          description: "Storages of moved disks.",
        },
        "nets-host-mtu": {
          type: "string",
          pattern: "net\\d+=\\d+(,net\\d+=\\d+)*",
          optional: 1,
          description: "MTUs of the cards.",
        },
        "with-conntrack-state": {
          type: "boolean",
          default: 0,
          optional: 1,
          description: "Bring the connections along.",
        },
      },
      async handler(params, call) {
        refuseUnbuilt(params, OF_MIGRATION, "starting a VM");
        if (params["force-cpu"] !== undefined && !isRoot(call))
          throw permissionError("force-cpu: only root may use this option");
        return await begin("qmstart", params.vmid, call, {
          skiplock: params.skiplock,
          timeout: params.timeout,
          machine: params.machine,
          forceCpu: params["force-cpu"],
        });
      },
    }),
    defineMethod({
      ...common,
      path: `${PATH}/status/stop`,
      name: "vm_stop",
      description: "Cut a VM's power: unsaved data is lost.",
      parameters: {
        node,
        vmid,
        skiplock,
        timeout,
        keepActive,
        migratedfrom: { type: "string", format: "pve-node", optional: 1, description: "Node that sends the VM." },
        "overrule-shutdown": {
          type: "boolean",
          default: 0,
          optional: 1,
          description: "End a shutdown that is under way.",
        },
      },
      async handler(params, call) {
        refuseUnbuilt(params, ["migratedfrom"], "stopping a VM");
        // `overrule-shutdown` needs nothing: a shutdown waits without the VM's lock, so that every stop ends it.
        return await begin("qmstop", params.vmid, call, { skiplock: params.skiplock, timeout: params.timeout });
      },
    }),
    defineMethod({
      ...common,
      path: `${PATH}/status/shutdown`,
      name: "vm_shutdown",
      description: "Ask a VM to power off.",
      parameters: {
        node,
        vmid,
        skiplock,
        timeout,
        keepActive,
        forceStop: {
          type: "boolean",
          default: 0,
          optional: 1,
          description: "Cut the power when it does not go in time.",
        },
      },
      handler: (params, call) =>
        begin("qmshutdown", params.vmid, call, {
          skiplock: params.skiplock,
          timeout: params.timeout,
          forceStop: params.forceStop,
        }),
    }),
    defineMethod({
      ...common,
      path: `${PATH}/status/reboot`,
      name: "vm_reboot",
      description: "Shut a VM down and start it again; pending changes take effect.",
      parameters: { node, vmid, timeout },
      handler: (params, call) => begin("qmreboot", params.vmid, call, { timeout: params.timeout }),
    }),
    defineMethod({
      ...common,
      path: `${PATH}/status/reset`,
      name: "vm_reset",
      description: "Press a VM's reset button.",
      parameters: { node, vmid, skiplock },
      handler: (params, call) => begin("qmreset", params.vmid, call, { skiplock: params.skiplock }),
    }),
    defineMethod({
      ...common,
      path: `${PATH}/status/suspend`,
      name: "vm_suspend",
      description: "Pause a VM in memory.",
      permissions: {
        ...POWER,
        extra_checks_in_code: {
          privs: ["Datastore.AllocateSpace", "VM.Config.Disk", "VM.PowerMgmt"],
          paths: ["/vms/{vmid}"],
        },
      },
      parameters: {
        node,
        vmid,
        skiplock,
        todisk: { type: "boolean", default: 0, optional: 1, description: "Save the memory and stop." },
        statestorage: {
          type: "string",
          format: "pve-storage-id",
          optional: 1,
          requires: "todisk",
          description: "Where the memory is saved.",
        },
      },
      async handler(params, call) {
        refuseUnbuilt(params, ["todisk", "statestorage"], "suspending a VM");
        return await begin("qmsuspend", params.vmid, call, { skiplock: params.skiplock });
      },
    }),
    defineMethod({
      ...common,
      path: `${PATH}/status/resume`,
      name: "vm_resume",
      description: "Continue a paused VM.",
      parameters: {
        node,
        vmid,
        skiplock,
        nocheck: { type: "boolean", optional: 1, description: "Do not wait for the config to arrive (migration)." },
      },
      handler: async (params, call) => {
        refuseUnbuilt(params, ["nocheck"], "resuming a VM");
        return await begin("qmresume", params.vmid, call, { skiplock: params.skiplock });
      },
    }),
  ];
}

/** What only looks; anything else changes the guest or the host and needs more. */
const READING_COMMANDS = /^(?:info|help|\?)(?:\s|$)/;

function monitorMethod({ processes, configs }: PowerMethodDeps): Method {
  return defineMethod({
    path: `${PATH}/monitor`,
    method: "POST",
    name: "monitor",
    description: "Run a command of QEMU's human monitor.",
    protected: 1,
    proxyto: "node",
    permissions: {
      check: ["perm", "/vms/{vmid}", ["Sys.Audit", "Sys.Modify"], "any", 1],
      extra_checks_in_code: { privs: ["Sys.Modify"] },
    },
    parameters: { node, vmid, command: { type: "string", description: "The command." } },
    returns: { type: "string" },
    async handler(params, call) {
      if (!READING_COMMANDS.test(params.command)) call.check("/", ["Sys.Modify"]);
      await configs.load(params.vmid);
      await requireRunning(processes, params.vmid);
      const options = { path: processes.socket(params.vmid, "qmp"), peer: `VM ${params.vmid}` };
      return await withQmp(options, (qmp) => qmp.human(params.command));
    },
  });
}

function sendKeyMethod({ processes, configs }: PowerMethodDeps): Method {
  return defineMethod({
    path: `${PATH}/sendkey`,
    method: "PUT",
    name: "vm_sendkey",
    description: "Press a key, or keys joined by dashes, in a VM.",
    protected: 1,
    proxyto: "node",
    permissions: { check: ["perm", "/vms/{vmid}", ["VM.Console"]] },
    parameters: { node, vmid, skiplock, key: { type: "string", description: "e.g. `ctrl-alt-delete`." } },
    returns: { type: "null" },
    async handler(params, call) {
      refuseSkiplock(params.skiplock, call);
      checkLock(await configs.load(params.vmid), params.skiplock === true);
      await requireRunning(processes, params.vmid);
      const keys = params.key.split("-").map((data) => ({ type: "qcode", data: KEY_NAMES[data] ?? data }));
      await qmpCommand({ path: processes.socket(params.vmid, "qmp"), peer: `VM ${params.vmid}` }, "send-key", { keys });
      return undefined;
    },
  });
}

/** Names of the human monitor that the machine protocol spells otherwise. */
const KEY_NAMES: Readonly<Record<string, string>> = { del: "delete", enter: "ret", escape: "esc" };

async function requireRunning(processes: VmProcesses, id: number): Promise<void> {
  if ((await processes.find(id)) === undefined) throw new ApiError(500, `VM ${id} not running`);
}
