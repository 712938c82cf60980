/** `startall` and `stopall` of a node. */
import { permissionError } from "../rest/errors.ts";
import { type CallContext, defineMethod, type Method } from "../rest/method.ts";
import { splitList } from "../rest/split-list.ts";
import type { Tasks } from "../tasks/port.ts";
import { NODE } from "./node-parameter.ts";

const PERMISSIONS = {
  user: "all",
  extra_checks_in_code: { privs: ["VM.PowerMgmt"], paths: ["/vms/<ID>"] },
} as const;
const VMS = { type: "string", format: "pve-vmid-list", optional: 1, description: "Only these guests." } as const;
const WORKERS = { type: "integer", minimum: 1, maximum: 64, optional: 1, description: "So many at a time." } as const;

/** All guests of the node need the right on all guests; named ones the right on each. */
function checkedVmids(vms: string | undefined, call: CallContext): number[] | undefined {
  if (vms === undefined) {
    call.check("/vms", ["VM.PowerMgmt"]);
    return undefined;
  }
  const vmids = splitList(vms).map(Number);
  for (const vmid of vmids) call.check(`/vms/${vmid}`, ["VM.PowerMgmt"]);
  return vmids;
}

function authidOf({ authid }: CallContext): string {
  if (authid === undefined) throw permissionError("user != null");
  return authid;
}

export function bootMethods({ tasks }: { readonly tasks: Tasks }): Method[] {
  return [
    defineMethod({
      path: "/nodes/{node}/startall",
      method: "POST",
      name: "startall",
      description: "Start the guests that start at boot, in their order.",
      protected: 1,
      proxyto: "node",
      permissions: PERMISSIONS,
      parameters: {
        node: NODE,
        force: { type: "boolean", default: "off", optional: 1, description: "Guests that do not start at boot too." },
        vms: VMS,
        "max-workers": WORKERS,
      },
      returns: { type: "string" },
      handler({ force, vms, "max-workers": maxWorkers }, call) {
        const vmids = checkedVmids(vms, call);
        return tasks.start({ type: "startall", authid: authidOf(call), args: { force, vmids, maxWorkers } });
      },
    }),
    defineMethod({
      path: "/nodes/{node}/stopall",
      method: "POST",
      name: "stopall",
      description: "Stop all guests, in the reverse order of their start.",
      protected: 1,
      proxyto: "node",
      permissions: PERMISSIONS,
      parameters: {
        node: NODE,
        "force-stop": { type: "boolean", default: 1, optional: 1, description: "Cut the power when the time is over." },
        timeout: {
          type: "integer",
          minimum: 0,
          maximum: 7200,
          default: 180,
          optional: 1,
          description: "Seconds for each guest.",
        },
        vms: VMS,
        "max-workers": WORKERS,
      },
      returns: { type: "string" },
      handler({ "force-stop": forceStop, timeout, vms, "max-workers": maxWorkers }, call) {
        const vmids = checkedVmids(vms, call);
        return tasks.start({
          type: "stopall",
          authid: authidOf(call),
          args: { forceStop, timeoutS: timeout, vmids, maxWorkers },
        });
      },
    }),
  ];
}
