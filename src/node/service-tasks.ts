/** The tasks that start, stop, restart and reload the node's services. */
import type { TaskContext, TaskTable } from "../tasks/port.ts";
import type { ServiceControl } from "./service-control.ts";
import type { ServiceAction } from "./service-facts.ts";

export function serviceTasks({ control }: { readonly control: ServiceControl }): TaskTable {
  const carryOut =
    (action: ServiceAction) =>
    async ({ service }: { readonly service: string }, task: TaskContext): Promise<void> =>
      await control.act(service, action, (line) => task.log(line));
  return {
    srvstart: carryOut("start"),
    srvstop: carryOut("stop"),
    srvrestart: carryOut("restart"),
    srvreload: carryOut("reload"),
  };
}
