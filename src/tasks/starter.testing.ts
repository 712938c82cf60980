/** A daemon for tests: starts one task (or as many as asked), prints each UPID and stays until it is killed. */
import { memoryClusterFs } from "../cfs/memory.ts";
import { silentLogger } from "../log/logger.ts";
import { decodeLayout, LAYOUT_ENV } from "../os/layout.ts";
import { TaskLauncher } from "./launcher.ts";

const [tableModule = "", type = "", args = "{}", count = "1"] = process.argv.slice(2);
const layout = decodeLayout(process.env[LAYOUT_ENV]);
const launcher = new TaskLauncher({
  layout,
  cfs: memoryClusterFs({ nodeName: layout.nodeName }),
  log: silentLogger,
  maxWorkers: () => 4,
  idleWorkers: 1,
  tableModule,
});
await launcher.open();
for (let index = 0; index < Number(count); index += 1) {
  process.stdout.write(`${await launcher.start({ type, authid: "root@pam", args: JSON.parse(args) })}\n`);
}
