/** Which backups a retention rule keeps. Pure; periods are of local time. */
import { archiveInfo } from "./backup-names.ts";
import { matchVolumeId } from "./volume-names.ts";

export interface PrunableBackup {
  readonly volid: string;
  readonly ctime: number;
  readonly vmid?: number;
  readonly isProtected: boolean;
}

export type PruneMark = "keep" | "remove" | "protected" | "renamed";

export interface PruneVerdict {
  readonly volid: string;
  readonly ctime: number;
  readonly type: string;
  readonly vmid?: number;
  readonly mark: PruneMark;
}

/** Counts by rule name: `keep-last`, `keep-hourly` …; `keep-all` is 0 or 1. */
export type PruneRules = Readonly<Record<string, number>>;

const PERIODS: readonly (readonly [rule: string, idOf: (time: Date, ctime: number) => string])[] = [
  ["keep-last", (_, ctime) => String(ctime)],
  ["keep-hourly", (time) => `${time.getHours()}/${dayOf(time)}`],
  ["keep-daily", (time) => dayOf(time)],
  ["keep-weekly", (time) => isoWeekOf(time)],
  ["keep-monthly", (time) => `${time.getMonth()}/${time.getFullYear()}`],
  ["keep-yearly", (time) => String(time.getFullYear())],
];

interface Candidate {
  readonly backup: PrunableBackup;
  readonly type: string;
  mark?: PruneMark;
}

/** Marks every backup, sorted by volume id. Backups are grouped by guest; only standard names join a group. */
export function planPruning(backups: readonly PrunableBackup[], rules: PruneRules): PruneVerdict[] {
  const groups = new Map<string, Candidate[]>();
  const candidates = backups.map((backup): Candidate => {
    const { type, vmid, isStandardName } = archiveInfo(matchVolumeId(backup.volid)?.volname ?? backup.volid);
    const candidate: Candidate = { backup, type };
    if (backup.isProtected) candidate.mark = "protected";
    else if (!isStandardName || vmid === undefined) candidate.mark = "renamed";
    else {
      const key = `${type}/${vmid}`;
      groups.set(key, [...(groups.get(key) ?? []), candidate]);
    }
    return candidate;
  });
  for (const group of groups.values()) markGroup(group, rules);
  return candidates
    .map(({ backup: { volid, ctime, vmid }, type, mark }) => ({
      volid,
      ctime,
      type,
      ...(vmid === undefined ? {} : { vmid }),
      mark: mark ?? "keep",
    }))
    .sort((a, b) => (a.volid < b.volid ? -1 : 1));
}

function markGroup(group: Candidate[], rules: PruneRules): void {
  const isRestricted = PERIODS.some(([rule]) => (rules[rule] ?? 0) > 0);
  if (rules["keep-all"] === 1 || !isRestricted) {
    for (const candidate of group) candidate.mark = "keep";
    return;
  }
  group.sort((a, b) => b.backup.ctime - a.backup.ctime);
  for (const [rule, idOf] of PERIODS) {
    const count = rules[rule] ?? 0;
    if (count > 0) markPeriod(group, count, ({ ctime }) => idOf(new Date(ctime * 1000), ctime));
  }
  for (const candidate of group) candidate.mark ??= "remove";
}

function markPeriod(group: readonly Candidate[], count: number, idOf: (backup: PrunableBackup) => string): void {
  const covered = new Set(group.filter(({ mark }) => mark === "keep").map(({ backup }) => idOf(backup)));
  const taken = new Set<string>();
  for (const candidate of group) {
    const id = idOf(candidate.backup);
    if (candidate.mark !== undefined || covered.has(id)) continue;
    if (taken.has(id)) candidate.mark = "remove";
    else if (taken.size >= count) return;
    else {
      taken.add(id);
      candidate.mark = "keep";
    }
  }
}

function dayOf(time: Date): string {
  return `${time.getDate()}/${time.getMonth()}/${time.getFullYear()}`;
}

/** ISO 8601: the week of a day is that of its Thursday. */
function isoWeekOf(time: Date): string {
  const thursday = new Date(time.getFullYear(), time.getMonth(), time.getDate() + 3 - ((time.getDay() + 6) % 7));
  const firstDay = new Date(thursday.getFullYear(), 0, 1);
  const dayCount = Math.round((thursday.getTime() - firstDay.getTime()) / 86_400_000);
  return `${Math.floor(dayCount / 7)}/${thursday.getFullYear()}`;
}
