/**
 * The task files of this node: `active`, `index`, `index.1` and the logs. Changes to the lists happen under one file
 * lock; readers need none, since every list is replaced by rename or only appended to. Who finds a running task dead
 * records its outcome (`reconcile`), so no outcome depends on any one process staying alive.
 */
import {
  appendFileSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { messageOf, QuorateError } from "../errors/quorate-error.ts";
import { type AccountIds, accountIds } from "../os/account-ids.ts";
import { withFileLock } from "../os/file-lock.ts";
import type { Layout } from "../os/layout.ts";
import { isProcessAlive } from "../os/process-identity.ts";
import { findLog, logBucket, logPath, readLogEnd } from "./log-file.ts";
import { UNEXPECTED_STATUS } from "./outcome.ts";
import { INDEX_LIMIT, newestFirst, parseRecords, printRecord, type TaskRecord, trimActive } from "./records.ts";
import { parseUpid } from "./upid.ts";

const LOCK_TIMEOUT_MS = 10_000;
/** Logs that are not touched for longer are removed when the index is rotated. */
const LOG_RETENTION_DAYS = 90;
const SECONDS_PER_DAY = 86_400;

/** The lists of tasks cannot be written: the disk is full, or refuses. */
export class TaskListError extends QuorateError {
  readonly code = "task-list";

  constructor(path: string, cause: unknown) {
    super(`cannot write ${path}: ${messageOf(cause)}`, { cause });
  }
}

/** Errors of writing, unlike those of opening, do not say which file it was. @throws TaskListError */
function naming(path: string, write: () => void): void {
  try {
    write();
  } catch (cause) {
    throw new TaskListError(path, cause);
  }
}

export interface TaskState {
  readonly isRunning: boolean;
  /** How it ended. */
  readonly status?: string;
  /** Epoch seconds. */
  readonly endtime?: number;
}

export class TaskStore {
  readonly #layout: Layout;
  #owner: AccountIds | undefined;
  #isReady = false;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** Makes the directories; needs the right to write them. */
  prepare(): void {
    if (this.#isReady) return;
    // Logs belong to www-data, so that the unprivileged front can read them without asking.
    if (this.#layout.dropsPrivileges) this.#owner = accountIds("www-data");
    mkdirSync(this.#layout.taskDir, { recursive: true, mode: 0o755 });
    for (let bucket = 0; bucket < 16; bucket += 1) {
      mkdirSync(join(this.#layout.taskDir, logBucket(bucket)), { recursive: true, mode: 0o755 });
    }
    this.#isReady = true;
  }

  /** Gives a file the owner that task files have. */
  adopt(path: string): void {
    if (this.#owner !== undefined) chownSync(path, this.#owner.uid, this.#owner.gid);
  }

  logPathOf(upid: string): string {
    const parsed = parseUpid(upid);
    if (parsed === undefined) throw new RangeError(`cannot find the log of '${upid}': not a task id`);
    return logPath(this.#layout, upid, parsed);
  }

  /** Enters a task that has just started. */
  async add(upid: string): Promise<void> {
    const parsed = parseUpid(upid);
    if (parsed === undefined) throw new RangeError(`cannot record '${upid}': not a task id`);
    await this.#underLock(() => this.#writeActive(trimActive([{ upid, parsed }, ...this.#readActive()])));
  }

  /**
   * Moves every task that ended meanwhile to the index.
   * @param ending a worker's own task, which has written its last line and is about to exit.
   * @returns those tasks, once: each is returned to exactly one caller on the node.
   */
  async reconcile(ending?: string): Promise<TaskRecord[]> {
    const isOpen = (record: TaskRecord): boolean =>
      record.endtime === undefined && (record.upid === ending || !isAlive(record));
    if (!this.#readActive().some(isOpen)) return [];
    return await this.#underLock(() => {
      const ended: TaskRecord[] = [];
      const records = this.#readActive().map((record) => {
        if (!isOpen(record)) return record;
        const closed = this.#outcome(record);
        ended.push(closed);
        return closed;
      });
      if (ended.length === 0) return ended;
      // Index first: a crash in between repeats an index line, which readers drop, instead of losing it.
      this.#appendToIndex(ended);
      this.#writeActive(trimActive(records));
      return ended;
    });
  }

  /** Running tasks and those that ended lately, newest first; ended ones are shown as such before they are recorded. */
  active(): TaskRecord[] {
    return newestFirst(
      this.#readActive().map((record) =>
        record.endtime !== undefined || isAlive(record) ? record : this.#outcome(record),
      ),
    );
  }

  /** Tasks whose process lives. */
  running(): TaskRecord[] {
    return this.active().filter((record) => record.endtime === undefined);
  }

  /** Everything that ended and is still listed, newest first. */
  archive(): TaskRecord[] {
    const seen = new Map<string, TaskRecord>();
    for (const record of [...this.#read("index.1"), ...this.#read("index")]) seen.set(record.upid, record);
    // Ended, but not yet recorded by anybody.
    for (const record of this.active()) {
      if (record.endtime !== undefined && !seen.has(record.upid)) seen.set(record.upid, record);
    }
    return newestFirst([...seen.values()].filter((record) => record.endtime !== undefined));
  }

  /** @returns undefined when this node knows no such task. */
  state(upid: string): TaskState | undefined {
    const found = findLog(this.#layout, upid);
    if (found === undefined) return undefined;
    // The process decides, not the log: a line that looks like a last one may come from a program the task runs.
    if (isProcessAlive(found.parsed.pid, found.parsed.pstart)) return { isRunning: true };
    const end = readLogEnd(found.path);
    return {
      isRunning: false,
      status: end?.status ?? UNEXPECTED_STATUS,
      endtime: end?.mtime ?? found.parsed.starttime,
    };
  }

  #outcome(record: TaskRecord): TaskRecord {
    const end = readLogEnd(logPath(this.#layout, record.upid, record.parsed));
    return {
      ...record,
      endtime: Math.max(end?.mtime ?? record.parsed.starttime, record.parsed.starttime),
      status: end?.status ?? UNEXPECTED_STATUS,
    };
  }

  #underLock<T>(work: () => T): Promise<T> {
    this.prepare();
    return withFileLock(join(this.#layout.taskDir, ".active.lock"), LOCK_TIMEOUT_MS, work);
  }

  #readActive(): TaskRecord[] {
    return this.#read("active");
  }

  #read(name: string): TaskRecord[] {
    try {
      return parseRecords(readFileSync(join(this.#layout.taskDir, name), "utf8"));
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
      throw error;
    }
  }

  #writeActive(records: readonly TaskRecord[]): void {
    const path = join(this.#layout.taskDir, "active");
    naming(`${path}.tmp`, () => writeFileSync(`${path}.tmp`, records.map(printRecord).join(""), { mode: 0o640 }));
    this.adopt(`${path}.tmp`);
    renameSync(`${path}.tmp`, path);
  }

  #appendToIndex(records: readonly TaskRecord[]): void {
    const path = join(this.#layout.taskDir, "index");
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size > INDEX_LIMIT) {
      renameSync(path, `${path}.1`);
      this.#removeOldLogs();
    }
    naming(path, () => appendFileSync(path, records.map(printRecord).join(""), { mode: 0o640 }));
    this.adopt(path);
  }

  #removeOldLogs(): void {
    const now = statSync(join(this.#layout.taskDir, "index.1")).mtimeMs / 1000;
    for (let bucket = 0; bucket < 16; bucket += 1) {
      const directory = join(this.#layout.taskDir, logBucket(bucket));
      for (const name of readdirSync(directory)) {
        const parsed = parseUpid(name);
        if (parsed === undefined || parsed.starttime > now - LOG_RETENTION_DAYS * SECONDS_PER_DAY) continue;
        if (!isProcessAlive(parsed.pid, parsed.pstart)) rmSync(join(directory, name), { force: true });
      }
    }
  }
}

function isAlive(record: TaskRecord): boolean {
  return isProcessAlive(record.parsed.pid, record.parsed.pstart);
}
