/** What the user may do, from `/access/permissions`: path → privilege → 1 when it also holds below the path. */
export type Permissions = ReadonlyMap<string, ReadonlyMap<string, boolean>>;

export function parsePermissions(value: unknown): Permissions {
  if (typeof value !== "object" || value === null) return new Map();
  return new Map(
    Object.entries(value as Record<string, Record<string, unknown>>).map(([path, privileges]) => [
      path,
      new Map(Object.entries(privileges).map(([name, propagates]) => [name, propagates === 1])),
    ]),
  );
}

/** The nearest path that has entries decides; entries of a path above count only where they propagate. */
export function may(permissions: Permissions, path: string, privilege: string): boolean {
  const exact = permissions.get(path);
  if (exact !== undefined) return exact.has(privilege);
  let above = path;
  while (above !== "/") {
    above = above.slice(0, Math.max(1, above.lastIndexOf("/")));
    const entries = permissions.get(above);
    if (entries !== undefined) return entries.get(privilege) === true;
  }
  return false;
}

/** Whether there is any object of a kind on which the privilege holds: for whole areas of the interface. */
export function mayAnywhere(permissions: Permissions, prefix: string, privilege: string): boolean {
  if (may(permissions, prefix, privilege)) return true;
  const below = prefix === "/" ? "/" : `${prefix}/`;
  return [...permissions].some(([path, privileges]) => path.startsWith(below) && privileges.has(privilege));
}
