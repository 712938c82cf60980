/** The cloud-init drive: what it has, what it would have, and making it anew. */
import { defineMethod, type Method, type MethodPermissions } from "../../../rest/method.ts";
import type { Properties } from "../../../rest/schema.ts";
import { cloudinitRows, withoutChanges } from "../cloudinit/changes.ts";
import { type CloudinitDrives, cloudinitDriveOf } from "../cloudinit/drive.ts";
import { VmRefusedError } from "../config-error.ts";
import { checkLock, type VmConfigs } from "../config-store.ts";
import { withPending } from "../views.ts";
import { node, vmid } from "./parameters.ts";

export interface CloudinitMethodsDeps {
  readonly configs: VmConfigs;
  readonly cloudinit: CloudinitDrives;
}

const CLOUDINIT_PATH = "/nodes/{node}/qemu/{vmid}/cloudinit";
const mayAudit: MethodPermissions = { check: ["perm", "/vms/{vmid}", ["VM.Audit"]] };

export function cloudinitMethods(deps: CloudinitMethodsDeps): Method[] {
  return [readChanges(deps), writeDrive(deps), dump(deps)];
}

const row: Properties = {
  key: { type: "string", description: "Name of the option." },
  value: { type: "string", optional: 1, description: "What the drive has." },
  pending: { type: "string", optional: 1, description: "What it will have when it is made anew." },
  delete: { type: "integer", minimum: 0, maximum: 1, optional: 1, description: "1 when it will be gone." },
};

function readChanges({ configs }: CloudinitMethodsDeps): Method {
  return defineMethod({
    path: CLOUDINIT_PATH,
    method: "GET",
    name: "cloudinit_pending",
    description: "Cloud-init options as the drive has them, and as the next one will.",
    proxyto: "node",
    permissions: mayAudit,
    parameters: { node, vmid },
    returns: { type: "array", items: { type: "object", properties: row } },
    handler: async ({ vmid }) => {
      const { current, special } = await configs.load(vmid);
      return cloudinitRows(current, special.cloudinit ?? {});
    },
  });
}

function writeDrive({ configs, cloudinit }: CloudinitMethodsDeps): Method {
  return defineMethod({
    path: CLOUDINIT_PATH,
    method: "PUT",
    name: "cloudinit_update",
    description: "Make the cloud-init drive anew from the options as they are.",
    protected: 1,
    proxyto: "node",
    permissions: { check: ["perm", "/vms/{vmid}", ["VM.Config.Cloudinit"]] },
    parameters: { node, vmid },
    returns: { type: "null" },
    handler: ({ vmid }) =>
      configs.locked(vmid, async () => {
        const file = await configs.loadFresh(vmid);
        checkLock(file);
        if (!(await cloudinit.write(vmid, file.current))) throw noDrive(vmid);
        await configs.write(vmid, withoutChanges(file), file.digest);
      }),
  });
}

function noDrive(vmid: number): VmRefusedError {
  return new VmRefusedError(`VM ${vmid} has no cloud-init drive`);
}

/** Where a hash stands in the user data, and in the meta data of Windows. */
const PASSWORD = /^(password: |\s*"admin_pass": ").*?("?,?)$/m;

function dump({ configs, cloudinit }: CloudinitMethodsDeps): Method {
  return defineMethod({
    path: `${CLOUDINIT_PATH}/dump`,
    method: "GET",
    name: "cloudinit_generated_config_dump",
    description: "One of the texts that the drive would have now.",
    proxyto: "node",
    permissions: mayAudit,
    parameters: {
      node,
      vmid,
      type: { type: "string", enum: ["user", "network", "meta"], description: "Which text." },
    },
    returns: { type: "string" },
    handler: async ({ vmid, type }) => {
      const file = await configs.load(vmid);
      if (cloudinitDriveOf(file.current) === undefined) throw noDrive(vmid);
      const parts = await cloudinit.parts(vmid, withPending(file));
      return parts[type].replace(PASSWORD, "$1**********$2");
    },
  });
}
