/** Which tasks a list shows. Pure. */
import { classOfStatus, type OutcomeClass } from "./outcome.ts";
import type { TaskRecord } from "./records.ts";

export interface TaskFilter {
  /** Part of the user or token id, in any case. */
  readonly userfilter?: string | undefined;
  readonly typefilter?: string | undefined;
  readonly vmid?: number | undefined;
  /** Only tasks that ended with an error. */
  readonly errors?: boolean | undefined;
  readonly statuses?: ReadonlySet<OutcomeClass> | undefined;
  /** Start of the task, epoch seconds, both ends included. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** Only tasks of which this says true. */
  readonly isVisible?: ((record: TaskRecord) => boolean) | undefined;
}

export function matchesFilter(record: TaskRecord, filter: TaskFilter): boolean {
  const { parsed, status } = record;
  if (filter.userfilter !== undefined && !parsed.authid.toLowerCase().includes(filter.userfilter.toLowerCase())) {
    return false;
  }
  if (filter.typefilter !== undefined && parsed.type !== filter.typefilter) return false;
  if (filter.vmid !== undefined && parsed.id !== String(filter.vmid)) return false;
  if (filter.since !== undefined && parsed.starttime < filter.since) return false;
  if (filter.until !== undefined && parsed.starttime > filter.until) return false;
  const outcome = status === undefined ? undefined : classOfStatus(status);
  // A running task has no outcome yet, so a question for outcomes leaves it out.
  if (filter.errors && (outcome === undefined || outcome === "ok" || outcome === "warning")) return false;
  if (filter.statuses !== undefined && (outcome === undefined || !filter.statuses.has(outcome))) return false;
  return filter.isVisible?.(record) ?? true;
}
