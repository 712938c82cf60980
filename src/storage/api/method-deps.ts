/** What the storage methods work with. */
import type { AccessRecords } from "../../access/port.ts";
import type { ClusterFs } from "../../cfs/port.ts";
import type { Logger } from "../../log/logger.ts";
import type { Layout } from "../../os/layout.ts";
import type { Tasks } from "../../tasks/port.ts";
import type { NodeStorages } from "../node-storages.ts";

export interface StorageMethodDeps {
  readonly storages: NodeStorages;
  readonly cfs: ClusterFs;
  readonly tasks: Tasks;
  readonly layout: Layout;
  readonly log: Logger;
  /** Waits for a task. @returns its status, or undefined when it still runs after `timeoutMs`. */
  readonly waitForTask?: (upid: string, timeoutMs: number) => Promise<string | undefined>;
  /** Told of storages that are removed. */
  readonly accessRecords?: Pick<AccessRecords, "forgetStorage">;
}
