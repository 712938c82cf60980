/** Changes that wait for the next start, from `…/pending`. */
export interface PendingChange {
  readonly key: string;
  readonly current: string | undefined;
  /** Absent when the key goes. */
  readonly pending: string | undefined;
}

export function pendingKeys(rows: readonly unknown[] | undefined): readonly PendingChange[] {
  return (rows ?? []).flatMap((row) => {
    const { key, value, pending, delete: goes } = row as Readonly<Record<string, unknown>>;
    if (typeof key !== "string" || (pending === undefined && goes !== 1 && goes !== 2)) return [];
    return [
      {
        key,
        current: value === undefined || value === null ? undefined : String(value),
        pending: pending === undefined ? undefined : String(pending),
      },
    ];
  });
}
