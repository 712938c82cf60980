/** The TLS identity of a node and the addresses of the others, as the cluster file system knows them. */
import { X509Certificate } from "node:crypto";
import type { ClusterFs } from "../cfs/port.ts";
import type { Logger } from "../log/logger.ts";
import { DEFAULT_PROXY_PORT } from "../os/layout.ts";
import type { NodeAddress } from "../rest/http/forwarder.ts";
import type { TlsIdentity } from "../rest/http/server.ts";

/** What of the cluster file system is needed here. */
export type IdentityFiles = Pick<ClusterFs, "nodeName" | "read" | "watch" | "info">;

/** An uploaded certificate goes before the node's own. */
const PAIRS = ["pveproxy-ssl", "pve-ssl"];

/** @returns undefined while the node has no certificate. */
export async function readIdentity(cfs: IdentityFiles): Promise<TlsIdentity | undefined> {
  for (const name of PAIRS) {
    const [cert, key] = await Promise.all([
      cfs.read(`nodes/${cfs.nodeName}/${name}.pem`),
      cfs.read(`nodes/${cfs.nodeName}/${name}.key`),
    ]);
    if (cert !== undefined && key !== undefined) return { cert: cert.data, key: key.data };
  }
  return undefined;
}

/** Waits for the first start to make the certificate. @throws Error after `timeoutMs`. */
export async function waitForIdentity(cfs: IdentityFiles, timeoutMs: number): Promise<TlsIdentity> {
  const changed = Promise.withResolvers<TlsIdentity>();
  const look = (): void => {
    readIdentity(cfs).then((identity) => identity && changed.resolve(identity), changed.reject);
  };
  const unwatch = watchIdentity(cfs, look);
  const timer = setTimeout(() => {
    changed.reject(new Error(`node '${cfs.nodeName}' has no certificate (nodes/${cfs.nodeName}/pve-ssl.pem)`));
  }, timeoutMs);
  look();
  try {
    return await changed.promise;
  } finally {
    clearTimeout(timer);
    unwatch();
  }
}

/** Calls `onChange` when a certificate or key of this node may have changed. @returns the function that ends it. */
export function watchIdentity(cfs: IdentityFiles, onChange: () => void): () => void {
  const directory = `nodes/${cfs.nodeName}/`;
  return cfs.watch((event) => {
    const isOurs =
      event.kind === "resync" ||
      ((event.kind === "file" || event.kind === "entry") &&
        event.path.startsWith(directory) &&
        event.path.includes("-ssl."));
    if (isOurs) onChange();
  });
}

/** Where another node's proxy listens, and the certificate it must show. */
export async function resolveNode(cfs: IdentityFiles, node: string, log: Logger): Promise<NodeAddress> {
  const { cluster } = await cfs.info();
  const member = cluster?.members.find(({ name }) => name === node);
  if (member?.ip === undefined) throw new Error(`hostname lookup '${node}' failed - no such node in the cluster`);
  const uploaded = await cfs.read(`nodes/${node}/pveproxy-ssl.pem`);
  const pem = uploaded ?? (await cfs.read(`nodes/${node}/pve-ssl.pem`));
  if (pem === undefined) throw new Error(`node '${node}' has no certificate in the cluster file system`);
  const { fingerprint256 } = new X509Certificate(pem.data);
  log.debug({ node, ip: member.ip }, "looked up a node");
  return { host: member.ip, port: DEFAULT_PROXY_PORT, fingerprint: fingerprint256 };
}
