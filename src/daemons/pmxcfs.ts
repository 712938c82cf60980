/** The cluster file system's daemon: `/etc/pve` by FUSE, and the two sockets through which the other daemons use it. */
import { Pmxcfs } from "../cfs/pmxcfs.ts";
import { messageOf } from "../errors/quorate-error.ts";
import { createLogger } from "../log/pino-logger.ts";
import { accountIds } from "../os/account-ids.ts";
import { decodeLayout, LAYOUT_ENV, type Layout } from "../os/layout.ts";
import { superviseSelf } from "./daemon-process.ts";

/** Exit code of a start that failed, as the reference's. */
const START_FAILED = 255;
/** Milliseconds that every commit is made to take longer: to try out how the node does with a slow disk. */
const COMMIT_DELAY_ENV = "QUORATE_COMMIT_DELAY_MS";

function ownerOf(layout: Layout): { uid: number; gid: number } {
  const caller = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  if (!layout.dropsPrivileges) return caller;
  // Without www-data there is nobody to share with: the files are root's alone.
  return { uid: caller.uid, gid: accountIds("www-data")?.gid ?? caller.gid };
}

async function main(): Promise<void> {
  const layout = decodeLayout(process.env[LAYOUT_ENV]);
  const log = createLogger("pmxcfs");
  process.umask(0o027);
  let hasStarted = false;
  const pmxcfs = new Pmxcfs({
    layout,
    log,
    owner: ownerOf(layout),
    commitDelayMs: Number(process.env[COMMIT_DELAY_ENV] ?? 0),
    onFailure(error) {
      // A start that fails is told by its promise, with an exit code of its own.
      if (!hasStarted) return;
      log.error({ error: messageOf(error) }, "the file system thread failed");
      process.exit(1);
    },
  });
  try {
    await pmxcfs.start();
    hasStarted = true;
  } catch (error) {
    log.error({ error: messageOf(error) }, "exit proxmox configuration filesystem (-1)");
    process.exit(START_FAILED);
  }
  superviseSelf({ log, stop: () => pmxcfs.stop() });
}

if (import.meta.main) await main();
