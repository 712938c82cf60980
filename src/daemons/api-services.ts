/** What the two API daemons are given: every method with what its handlers need, made but not started. */
import type { AccessControl } from "../access/port.ts";
import type { ClusterFs } from "../cfs/port.ts";
import type { Logger } from "../log/logger.ts";
import type { Layout } from "../os/layout.ts";
import type { EvaluatePermission } from "../rest/call.ts";
import type { Method } from "../rest/method.ts";

/** Whose services they are: the proxy has the reader's connection to the cluster file system, the others root's. */
export type ServiceRole = "pveproxy" | "pvedaemon" | "cli";

export interface ServiceOptions {
  readonly layout: Layout;
  readonly log: Logger;
  readonly role: ServiceRole;
}

export interface ApiServices {
  readonly methods: readonly Method[];
  readonly access: AccessControl;
  readonly evaluatePermission: EvaluatePermission;
  readonly cfs: ClusterFs;
  close(): Promise<void>;
}

/** What `services.ts` exports. */
export interface ServicesModule {
  createServices(options: ServiceOptions): ApiServices | Promise<ApiServices>;
}
