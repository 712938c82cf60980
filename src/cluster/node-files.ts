/** What a node needs in the cluster file system before it serves: its directories, keys and certificates. */
import type { ClusterFs } from "../cfs/port.ts";
import type { Logger } from "../log/logger.ts";
import { domainName } from "../os/domain-name.ts";
import { nodeAddress } from "../os/node-address.ts";
import {
  AuthorityExpiresError,
  isLeafDue,
  type LeafRequest,
  makeAuthority,
  makeLeaf,
  type PemPair,
} from "./certificates.ts";

const CA_CERT = "pve-root-ca.pem";
const CA_KEY = "priv/pve-root-ca.key";
/** Made with the directories below which they are kept, as parents of files that come later. */
const DIRECTORIES = [
  "priv",
  "priv/lock",
  "priv/acme",
  "priv/realm",
  "priv/storage",
  "ha",
  "sdn",
  "firewall",
  "mapping",
  "virtual-guest",
];
const NODE_DIRECTORIES = ["lxc", "qemu-server", "openvz", "priv"];
const LOCK = "certificates";
/** Making the authority's key may take a while on a slow machine. */
const LOCK_TIMEOUT_MS = 60_000;

export interface NodeFilesRequest {
  readonly cfs: ClusterFs;
  readonly fqdn: string;
  readonly address: string;
  readonly now: Date;
  readonly log: Logger;
}

/** What the machine says now of the names that a certificate holds. */
export function machineNames(nodeName: string): Pick<NodeFilesRequest, "fqdn" | "address"> {
  const domain = domainName();
  return { fqdn: domain === undefined ? nodeName : `${nodeName}.${domain}`, address: nodeAddress() };
}

/** Idempotent: makes what is missing and renews what is about to end. */
export async function ensureNodeFiles(request: NodeFilesRequest): Promise<void> {
  const { cfs } = request;
  for (const path of DIRECTORIES) await cfs.mkdir(path);
  for (const name of NODE_DIRECTORIES) await cfs.mkdir(`nodes/${cfs.nodeName}/${name}`);
  await ensureCertificate(request);
}

/** Makes the node's certificate, and the authority that signs it, where they are missing or about to end. */
export async function ensureCertificate({ cfs, fqdn, address, now, log }: NodeFilesRequest): Promise<void> {
  const { nodeName } = cfs;
  if (!(await isDue(cfs, now))) return;
  await cfs.lock(
    LOCK,
    async () => {
      const ca = (await readPair(cfs, CA_CERT, CA_KEY)) ?? (await makeCa(cfs, now, log));
      const [certPath, keyPath] = leafPaths(nodeName);
      const leaf = await readPair(cfs, certPath, keyPath);
      if (leaf !== undefined && !isLeafDue(leaf, ca, now)) return;
      const made = await renewed({ nodeName, fqdn, address, ca, now }, leaf, log);
      if (made === undefined) return;
      await cfs.write(keyPath, made.key);
      await cfs.write(certPath, made.cert);
      log.info({ fqdn, address }, "made the node's certificate");
    },
    { timeoutMs: LOCK_TIMEOUT_MS },
  );
}

async function isDue(cfs: ClusterFs, now: Date): Promise<boolean> {
  const ca = await readPair(cfs, CA_CERT, CA_KEY);
  const leaf = await readPair(cfs, ...leafPaths(cfs.nodeName));
  return ca === undefined || leaf === undefined || isLeafDue(leaf, ca, now);
}

/** @returns undefined when the authority ends too soon to sign, while the present certificate still serves. */
async function renewed(request: LeafRequest, present: PemPair | undefined, log: Logger): Promise<PemPair | undefined> {
  try {
    return await makeLeaf(request);
  } catch (error) {
    if (!(error instanceof AuthorityExpiresError) || present === undefined) throw error;
    log.error({ err: error }, "cannot renew the node's certificate, keeping the present one");
    return undefined;
  }
}

async function makeCa(cfs: ClusterFs, now: Date, log: Logger): Promise<PemPair> {
  const ca = await makeAuthority(now);
  await cfs.write(CA_KEY, ca.key);
  await cfs.write(CA_CERT, ca.cert);
  log.info({}, "made the certificate authority");
  return ca;
}

function leafPaths(nodeName: string): [string, string] {
  return [`nodes/${nodeName}/pve-ssl.pem`, `nodes/${nodeName}/pve-ssl.key`];
}

async function readPair(cfs: ClusterFs, certPath: string, keyPath: string): Promise<PemPair | undefined> {
  const [cert, key] = await Promise.all([cfs.read(certPath), cfs.read(keyPath)]);
  return cert && key && { cert: cert.data.toString("utf8"), key: key.data.toString("utf8") };
}
