/**
 * The two lists of tasks as text: `active` (running ones and a few that ended lately) and `index` (everything that
 * ended). One task a line: `<UPID>` while it runs, `<UPID> <endtime, 8 hex digits> <status>` afterwards.
 */
import { parseUpid, type Upid } from "./upid.ts";

export interface TaskRecord {
  readonly upid: string;
  readonly parsed: Upid;
  /** Absent while it runs. Epoch seconds. */
  readonly endtime?: number;
  readonly status?: string;
}

/** Ended tasks that stay in `active`. */
export const RECENT_LIMIT = 25;
/** Bytes of `index` above which it becomes `index.1`. */
export const INDEX_LIMIT = 50_000;

/** Lines that are not records are skipped: a line cut by a full disk must not hide the others. */
export function parseRecords(text: string): TaskRecord[] {
  const records: TaskRecord[] = [];
  for (const line of text.split("\n")) {
    const match = /^(UPID:\S+:)(?: ([0-9A-F]{8}) (.+))?$/.exec(line);
    const upid = match?.[1];
    const parsed = upid === undefined ? undefined : parseUpid(upid);
    if (upid === undefined || parsed === undefined) continue;
    const [endtime, status] = [match?.[2], match?.[3]];
    records.push(
      endtime === undefined || status === undefined
        ? { upid, parsed }
        : { upid, parsed, endtime: Number.parseInt(endtime, 16), status },
    );
  }
  return records;
}

export function printRecord(record: TaskRecord): string {
  if (record.endtime === undefined) return `${record.upid}\n`;
  const endtime = record.endtime.toString(16).toUpperCase().padStart(8, "0");
  return `${record.upid} ${endtime} ${record.status ?? ""}\n`;
}

/** Running tasks first, then those that ended, each newest first. */
export function newestFirst(records: readonly TaskRecord[]): TaskRecord[] {
  return [...records].sort((a, b) => {
    if ((a.endtime === undefined) !== (b.endtime === undefined)) return a.endtime === undefined ? -1 : 1;
    return b.parsed.starttime - a.parsed.starttime || (b.endtime ?? 0) - (a.endtime ?? 0);
  });
}

/** What stays in `active`: all running ones and the newest ended ones. */
export function trimActive(records: readonly TaskRecord[]): TaskRecord[] {
  const running = records.filter((record) => record.endtime === undefined);
  const ended = records
    .filter((record) => record.endtime !== undefined)
    .sort((a, b) => (b.endtime ?? 0) - (a.endtime ?? 0))
    .slice(0, RECENT_LIMIT);
  return newestFirst([...running, ...ended]);
}

/** One task as `/cluster/tasks` and the task list show it. */
export interface TaskRow {
  readonly upid: string;
  readonly node: string;
  readonly pid: number;
  readonly pstart: number;
  readonly starttime: number;
  readonly type: string;
  readonly id: string;
  readonly user: string;
  readonly tokenid?: string;
  readonly endtime?: number;
  readonly status?: string;
}

export function rowOfRecord({ upid, parsed, endtime, status }: TaskRecord): TaskRow {
  const { node, pid, pstart, starttime, type, id, authid } = parsed;
  const mark = authid.indexOf("!");
  return {
    upid,
    node,
    pid,
    pstart,
    starttime,
    type,
    id,
    user: mark < 0 ? authid : authid.slice(0, mark),
    ...(mark < 0 ? {} : { tokenid: authid.slice(mark + 1) }),
    ...(endtime === undefined ? {} : { endtime }),
    ...(status === undefined ? {} : { status }),
  };
}

/** The list that a node broadcasts, shortened from its old end until it is below `maxBytes` (a status value's limit). */
export function printTaskList(records: readonly TaskRecord[], maxBytes: number): string {
  const rows: string[] = [];
  let size = 2;
  for (const record of records) {
    const row = JSON.stringify(rowOfRecord(record));
    size += Buffer.byteLength(row) + 1;
    if (size >= maxBytes) break;
    rows.push(row);
  }
  return `[${rows.join(",")}]`;
}
