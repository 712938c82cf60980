/** Which bandwidth limit holds for an operation: the narrowest of the storages', the datacenter's and the asked one. Pure. */

/** KiB/s by operation, and `default`. */
export type Limits = Readonly<Record<string, number>>;

export interface LimitQuestion {
  readonly operation: string;
  /** Storages that take part; undefined entries stand for ones that are not known. */
  readonly storages: readonly (string | undefined)[];
  /** What the caller asked for; 0 is unlimited. */
  readonly override: number | undefined;
}

export interface LimitFacts {
  /** Of one storage; undefined when it sets none. */
  readonly limitsOf: (storage: string) => Limits | undefined;
  readonly datacenter: Limits | undefined;
  readonly hasPrivilege: (path: string, privilege: string) => boolean;
}

/** @returns KiB/s; 0 is unlimited, undefined when nothing is set anywhere. */
export function bandwidthLimit(question: LimitQuestion, facts: LimitFacts): number | undefined {
  const { operation, storages, override } = question;
  const isOverriding = override !== undefined;
  if (isOverriding && facts.hasPrivilege("/storage", "Datastore.Allocate")) return override;
  let current = override;
  const apply = (limits: Limits | undefined): boolean => {
    const limit = limits?.[operation] ?? limits?.default;
    if (limit === undefined) return false;
    // "Unlimited" is not the asker's to have here, so any limit is narrower.
    if (current === undefined || current === 0 || (limit !== 0 && limit < current)) current = limit;
    return true;
  };
  let needsDatacenter = storages.length === 0 || storages.includes(undefined);
  for (const storage of new Set(storages)) {
    if (storage === undefined) continue;
    if (isOverriding && facts.hasPrivilege(`/storage/${storage}`, "Datastore.Allocate")) continue;
    if (!apply(facts.limitsOf(storage))) needsDatacenter = true;
  }
  if (!needsDatacenter) return current;
  if (!(isOverriding && facts.hasPrivilege("/", "Sys.Modify"))) apply(facts.datacenter);
  return current;
}
