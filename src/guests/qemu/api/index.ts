/** All methods of VMs. Apart from what does the work, which tasks have without them. */
import type { AccessControl } from "../../../access/port.ts";
import type { ClusterFs } from "../../../cfs/port.ts";
import type { Layout } from "../../../os/layout.ts";
import type { Method } from "../../../rest/method.ts";
import type { Tasks } from "../../../tasks/port.ts";
import type { QemuConfigDeps, QemuConfigSide } from "../config-side.ts";
import { consoleMethods } from "../console/methods.ts";
import type { QemuServices } from "../services.ts";
import { agentMethods } from "./agent-methods.ts";
import { cloudinitMethods } from "./cloudinit-methods.ts";
import { configMethods } from "./config-methods.ts";
import { copyMethods } from "./copy-methods.ts";
import { lifecycleMethods } from "./lifecycle-methods.ts";
import { powerMethods } from "./power-methods.ts";
import { snapshotMethods } from "./snapshot-methods.ts";

export interface QemuMethodDeps {
  readonly layout: Layout;
  readonly cfs: ClusterFs;
  readonly tasks: Tasks;
  readonly access: AccessControl;
}

export function qemuMethods({ layout, cfs, tasks, access }: QemuMethodDeps, { parts }: QemuServices): Method[] {
  const { configDeps, side, processes, status } = parts;
  const { configs } = side;
  return [
    ...qemuConfigMethods(configDeps, side),
    ...powerMethods({ tasks, configs, status, processes }),
    ...agentMethods({ configs, processes }),
    ...consoleMethods({ layout, tasks, configs, processes, access, cfs }),
  ];
}

export function qemuConfigMethods(deps: QemuConfigDeps, side: QemuConfigSide): Method[] {
  const parts = { ...deps, ...side, nodeName: deps.layout.nodeName };
  return [
    ...configMethods(parts),
    ...lifecycleMethods(parts),
    ...copyMethods(parts),
    ...snapshotMethods(parts),
    ...cloudinitMethods(parts),
  ];
}
