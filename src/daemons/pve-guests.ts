/**
 * `pve-guests start`: once a boot, starts a task that starts the guests which are to start at boot, and ends.
 * `pve-guests stop`: stops all guests and waits for it, showing the task's log. Both need a running pmxcfs.
 */
import { connectClusterFs } from "../cfs/ipc/client.ts";
import type { Logger } from "../log/logger.ts";
import { createLogger } from "../log/pino-logger.ts";
import { forgetGuestsStarted, rememberGuestsStarted, wereGuestsStarted } from "../node/boot-marker.ts";
import { decodeLayout, LAYOUT_ENV, type Layout } from "../os/layout.ts";
import { followTask, TaskLauncher } from "../tasks/index.ts";

/** Every guest has its own limit; this one is for all of them together. */
const STOP_TIMEOUT_MS = 3_600_000;

const log = createLogger("pve-guests");
const layout = decodeLayout(process.env[LAYOUT_ENV]);
// `startall` and `stopall` are the task names, by which older scripts call it.
const action = /^(start|stop)(?:all)?$/.exec(process.argv[2] ?? "")?.[1];

try {
  if (action === undefined) throw new Error("usage: pve-guests start|stop");
  process.exit(await (action === "start" ? startGuests(layout, log) : stopGuests(layout, log)));
} catch (error) {
  log.error({ err: error, action }, "guests are left as they are");
  process.exit(1);
}

async function startGuests(layout: Layout, log: Logger): Promise<number> {
  if (wereGuestsStarted(layout)) {
    log.info({}, "guests were started at this boot already");
    return 0;
  }
  const cfs = connectClusterFs({ socketPath: layout.cfsSocket, nodeName: layout.nodeName, log });
  const [guests, properties] = await Promise.all([cfs.guests(), cfs.guestProperties(["onboot"])]);
  const isWanted = [...guests.values()].some(
    ({ vmid, node }) => node === layout.nodeName && properties.get(vmid)?.onboot === "1",
  );
  if (isWanted) {
    const launcher = new TaskLauncher({ layout, cfs, log, maxWorkers: () => 1, tag: "pve-guests" });
    const upid = await launcher.start({ type: "startall", authid: "root@pam", args: {} });
    await launcher.broadcast.refresh();
    log.info({ upid }, "guests are being started");
  }
  rememberGuestsStarted(layout);
  await cfs.close();
  return 0;
}

async function stopGuests(layout: Layout, log: Logger): Promise<number> {
  forgetGuestsStarted(layout);
  const cfs = connectClusterFs({ socketPath: layout.cfsSocket, nodeName: layout.nodeName, log });
  const launcher = new TaskLauncher({ layout, cfs, log, maxWorkers: () => 1, tag: "pve-guests" });
  const upid = await launcher.start({ type: "stopall", authid: "root@pam", args: {} });
  const show = (line: string): boolean => process.stdout.write(`${line}\n`);
  const status = await followTask(launcher.store, upid, show, AbortSignal.timeout(STOP_TIMEOUT_MS));
  await launcher.ended(upid);
  await cfs.close();
  return status === "OK" ? 0 : 1;
}
