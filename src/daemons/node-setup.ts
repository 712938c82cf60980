/**
 * Runs once at each start, after pmxcfs: makes what a node needs in its cluster file system, and the first account.
 * Everything is idempotent; a later start finds it all there and takes milliseconds.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { ADMINISTRATOR, ensureKeys, generatePassword, makeAdministrator } from "../access/index.ts";
import { connectClusterFs } from "../cfs/ipc/client.ts";
import type { ClusterFs } from "../cfs/port.ts";
import { ensureNodeFiles, machineNames } from "../cluster/index.ts";
import { createLogger } from "../log/pino-logger.ts";
import { decodeLayout, LAYOUT_ENV } from "../os/layout.ts";

const log = createLogger("node-setup");
const layout = decodeLayout(process.env[LAYOUT_ENV]);
const cfs = connectClusterFs({ socketPath: layout.cfsSocket, nodeName: layout.nodeName, log });
try {
  const now = new Date();
  const { fqdn, address } = machineNames(layout.nodeName);
  await ensureNodeFiles({ cfs, fqdn, address, now, log });
  await ensureKeys(cfs, Math.floor(now.getTime() / 1000));
  await cfs.publish("nodeip", `${address}\0`);
  await ensureFirstAccount(cfs);
  await cfs.close();
} catch (error) {
  log.error({ err: error }, "the node cannot be set up");
  process.exit(1);
}
process.exit(0);

/**
 * The first administrator, once in the life of a node: who removes the account does not get it back. The password is
 * kept before the account is made and gets its final name afterwards, so a start that is cut off is completed by the next.
 */
async function ensureFirstAccount(fs: ClusterFs): Promise<void> {
  const { adminPasswordFile } = layout;
  const draft = `${adminPasswordFile}.new`;
  if (existsSync(adminPasswordFile)) return;
  if (!existsSync(draft)) {
    const users = (await fs.read("user.cfg"))?.data.toString("utf8") ?? "";
    // A database that was brought along has its accounts already.
    if (users.includes(`user:${ADMINISTRATOR}:`)) return;
    writeFileSync(draft, `${generatePassword()}\n`, { mode: 0o600 });
  }
  await makeAdministrator(fs, log, readFileSync(draft, "utf8").trim());
  renameSync(draft, adminPasswordFile);
  log.info({}, "made the first administrator");
}
