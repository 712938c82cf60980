/** All methods, for descriptions of the API: nothing runs. */
import { memoryClusterFs } from "../../cfs/memory.ts";
import { assembleNode } from "../../daemons/services.ts";
import { silentLogger } from "../../log/logger.ts";
import type { Method } from "../../rest/method.ts";
import { layoutFor } from "./usage.ts";

export function declaredMethods(): readonly Method[] {
  const layout = layoutFor("/nonexistent");
  const cfs = memoryClusterFs({ nodeName: layout.nodeName });
  return assembleNode({ layout, log: silentLogger, role: "pveproxy", cfs }).methods;
}
