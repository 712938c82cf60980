/**
 * Runs once at each start, after pmxcfs: makes what a node needs in its cluster file system, and the first account.
 * Everything is idempotent; a later start finds it all there and takes milliseconds.
 */
import { writeFileSync } from "node:fs";
import { ensureAdministrator, ensureKeys } from "../access/index.ts";
import { connectClusterFs } from "../cfs/ipc/client.ts";
import { ensureNodeFiles } from "../cluster/index.ts";
import { createLogger } from "../log/pino-logger.ts";
import { domainName } from "../os/domain-name.ts";
import { decodeLayout, LAYOUT_ENV } from "../os/layout.ts";
import { nodeAddress } from "../os/node-address.ts";

const log = createLogger("node-setup");
const layout = decodeLayout(process.env[LAYOUT_ENV]);
const cfs = connectClusterFs({ socketPath: layout.cfsSocket, nodeName: layout.nodeName, log });
try {
  const now = new Date();
  const address = nodeAddress();
  const domain = domainName();
  const fqdn = domain === undefined ? layout.nodeName : `${layout.nodeName}.${domain}`;
  await ensureNodeFiles({ cfs, fqdn, address, now, log });
  await ensureKeys(cfs, Math.floor(now.getTime() / 1000));
  await cfs.publish("nodeip", `${address}\0`);
  const password = await ensureAdministrator(cfs);
  if (password !== undefined) {
    writeFileSync(layout.adminPasswordFile, `${password}\n`, { mode: 0o600 });
    log.info({}, "made the first administrator");
  }
  await cfs.close();
} catch (error) {
  log.error({ err: error }, "the node cannot be set up");
  process.exit(1);
}
process.exit(0);
