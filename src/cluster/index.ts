/** The cluster as everyone sees it: what the rest of the program may use. */

export { CertificateUpkeep } from "./certificate-upkeep.ts";
export { AuthorityExpiresError, fingerprintOf } from "./certificates.ts";
export { DATACENTER_CONFIG, decodeComment, encodeComment, parseDatacenter } from "./datacenter-config.ts";
export { type ClusterMethodDeps, clusterMethods } from "./methods.ts";
export { ensureNodeFiles, machineNames } from "./node-files.ts";
export { ClusterResources, type ResourceRow } from "./resources.ts";
