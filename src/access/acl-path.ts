/** Paths that rights are given on: how they are normalised, walked, and which ones the API accepts. */

/**
 * `vms//100/` → `/vms/100`.
 * @returns undefined for an empty path or one with characters that no path has.
 */
export function normalizeAclPath(path: string): string | undefined {
  if (path === "" || !/^[A-Za-z0-9._/-]+$/.test(path)) return undefined;
  const parts = aclPathParts(path);
  return `/${parts.join("/")}`;
}

/** Components below the root; none for `/`. */
export function aclPathParts(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

const NAME = "[A-Za-z0-9._-]+";
const ACCEPTED = [
  "",
  "access",
  `access/groups(?:/${NAME})?`,
  `access/realm(?:/${NAME})?`,
  `nodes(?:/${NAME})?`,
  `pool(?:/${NAME}){0,3}`,
  "sdn",
  `sdn/(?:controllers|dns|fabrics|ipams|prefix-lists|route-maps)(?:/${NAME})?`,
  `sdn/zones(?:/${NAME}(?:/${NAME}(?:/[1-9][0-9]{0,3})?)?)?`,
  `storage(?:/${NAME})?`,
  "vms(?:/[1-9][0-9]{2,})?",
  `mapping(?:/${NAME}(?:/${NAME})?)?`,
];
const ACCEPTED_PATH = new RegExp(`^/(?:${ACCEPTED.join("|")})$`);

/** Whether rights may be given on a path; it is normalised first. */
export function isAcceptedAclPath(path: string): boolean {
  const normalized = normalizeAclPath(path);
  return normalized !== undefined && ACCEPTED_PATH.test(normalized);
}
