/**
 * Figures over time: what the cluster broadcasts goes into one file per node, guest and storage, and comes out as rows.
 * Without the daemon nothing is recorded, and what is already in the files can still be read.
 */
import { chown, mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Logger } from "../log/logger.ts";
import { readRrdColumns, readRrdFile } from "./rrd-file.ts";
import {
  type Consolidation,
  definitionsOf,
  RRD_SCHEMAS,
  RRD_STEP_SECONDS,
  type RrdKind,
  type RrdUpdate,
  readRrdEntry,
  TIMEFRAMES,
  type Timeframe,
} from "./rrd-schema.ts";
import { type RrdCachedClient, RrdCachedUnreachableError } from "./rrdcached.ts";

export interface RrdArchiveDeps {
  /** The database directory. */
  readonly directory: string;
  readonly daemon: RrdCachedClient;
  readonly log: Logger;
  /** Epoch seconds. */
  readonly now: () => number;
}

/** A row as clients get it: `time` and the columns that are known. */
export type RrdRow = Readonly<Record<string, number>>;

export interface RrdQuery {
  readonly kind: RrdKind;
  /** Node; vmid; node and storage. */
  readonly names: readonly string[];
  readonly timeframe: Timeframe;
  readonly consolidation?: Consolidation;
}

const DIRECTORY_MODE = 0o750;
/** Files made in one go; each is more than a megabyte. */
const MAX_NEW_FILES = 50;

export class RrdArchive {
  readonly #directory: string;
  readonly #daemon: RrdCachedClient;
  readonly #log: Logger;
  readonly #now: () => number;
  /** Files that exist. */
  readonly #known = new Set<string>();
  /** Files whose columns are not ours: an update would spoil what is queued for them. */
  readonly #foreign = new Set<string>();
  /** Time of the last update by file: a value that was not sent again is not written again. */
  readonly #written = new Map<string, number>();
  /** Files whose last update was refused: told once, not every ten seconds for as long as the clock was set back. */
  #refused: ReadonlySet<string> = new Set();
  #isReachable = true;

  constructor({ directory, daemon, log, now }: RrdArchiveDeps) {
    this.#directory = directory;
    this.#daemon = daemon;
    this.#log = log;
    this.#now = now;
  }

  /** Records what is new of a `.rrd` dump. Without the daemon: logs that once, and nothing else. */
  async record(dump: ReadonlyMap<string, readonly string[]>): Promise<void> {
    const updates: RrdUpdate[] = [];
    for (const [key, fields] of dump) {
      const update = readRrdEntry(key, fields);
      if (update === undefined) this.#log.warn({ key }, "RRD update error: unknown/wrong key");
      else if (!this.#foreign.has(update.file) && (this.#written.get(update.file) ?? 0) < update.time) {
        updates.push(update);
      }
    }
    this.#forgetAllBut(dump);
    if (updates.length === 0) return;
    try {
      await this.#create(updates.filter(({ file }) => !this.#known.has(file)));
      const usable = updates.filter(({ file }) => this.#known.has(file));
      const lines = usable.map(({ file, time, values }) => `UPDATE ${file} ${time}:${values.join(":")}`);
      const refused = await this.#daemon.batch(lines);
      for (const update of usable) this.#written.set(update.file, update.time);
      this.#noteRefusals(refused, usable);
      this.#noteReachable();
    } catch (error) {
      if (!(error instanceof RrdCachedUnreachableError)) throw error;
      if (this.#isReachable) this.#log.warn({ err: error }, "no figures are recorded");
      this.#isReachable = false;
      // A file may be gone when the daemon comes back.
      this.#known.clear();
    }
  }

  #noteReachable(): void {
    if (!this.#isReachable) this.#log.info({}, "figures are recorded again");
    this.#isReachable = true;
  }

  #noteRefusals(refused: readonly string[], updates: readonly RrdUpdate[]): void {
    const now = new Set<string>();
    for (const line of refused) {
      const number = Number(/^\d+/.exec(line)?.[0]);
      const file = updates[number - 1]?.file;
      // Made again next time if it was removed under us.
      if (file !== undefined) {
        this.#known.delete(file);
        now.add(file);
        if (this.#refused.has(file)) continue;
      }
      this.#log.warn({ file, refusal: line }, "RRD update error");
    }
    this.#refused = now;
  }

  /** What is no longer broadcast needs no memory. */
  #forgetAllBut(dump: ReadonlyMap<string, readonly string[]>): void {
    if (this.#written.size <= 2 * dump.size + 64) return;
    this.#written.clear();
    this.#known.clear();
    this.#foreign.clear();
  }

  async #create(updates: readonly RrdUpdate[]): Promise<void> {
    const missing: RrdUpdate[] = [];
    for (const update of updates) {
      const state = await this.#look(update);
      if (state === "usable") this.#known.add(update.file);
      else if (state === "foreign") this.#foreign.add(update.file);
      else missing.push(update);
    }
    // The others' turn comes with the next dumps: a node with a thousand guests must not wait for as many files at once.
    missing.splice(MAX_NEW_FILES);
    await this.#makeFolders(missing.map(({ file }) => dirname(file)));
    // Data must be later than the beginning, at midnight too.
    const begin = Math.min(localMidnight(this.#now()), this.#now() - RRD_STEP_SECONDS);
    const commands = missing.map(
      ({ file, kind }) => `CREATE ${file} -s ${RRD_STEP_SECONDS} -b ${begin} -O ${definitionsOf(kind).join(" ")}`,
    );
    const replies = await this.#daemon.run(commands);
    replies.forEach(({ status, text }, index) => {
      const file = missing[index]?.file;
      if (file === undefined) return;
      if (status >= 0) this.#known.add(file);
      else this.#log.warn({ file, refusal: text }, "cannot create RRD file");
    });
  }

  /** They belong to whom the database belongs: the daemon may be another user than we are. */
  async #makeFolders(folders: readonly string[]): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    const { uid, gid } = await stat(this.#directory);
    for (const folder of new Set(folders)) {
      const made = await mkdir(join(this.#directory, folder), { recursive: true, mode: DIRECTORY_MODE });
      if (made === undefined || process.geteuid?.() === uid) continue;
      // Of `a/b` both may be new; `made` is the first of them.
      for (let path = join(this.#directory, folder); path.length >= made.length; path = dirname(path)) {
        await chown(path, uid, gid);
      }
    }
  }

  async #look({ file, kind }: RrdUpdate): Promise<"usable" | "missing" | "foreign"> {
    try {
      const columns = await readRrdColumns(join(this.#directory, file));
      if (columns === undefined) return "missing";
      if (columns.join() === RRD_SCHEMAS[kind].columns.map(({ name }) => name).join()) return "usable";
      this.#log.warn({ file, columns }, "RRD file has other columns and is left alone");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      this.#log.warn({ file, err: error }, "RRD file is damaged and is left alone");
    }
    return "foreign";
  }

  /**
   * The rows of a span, oldest first; columns that are not known are left out.
   * @returns an empty list when nothing has been recorded.
   */
  async query({ kind, names, timeframe, consolidation = "AVERAGE" }: RrdQuery): Promise<RrdRow[]> {
    const file = [RRD_SCHEMAS[kind].prefix, ...names].join("/");
    await this.#flush(file);
    const { resolutionSeconds, rowCount } = TIMEFRAMES[timeframe];
    const series = await readRrdFile(join(this.#directory, file), { consolidation, resolutionSeconds });
    if (series === undefined) return [];
    const byTime = new Map(series.rows.map(({ time, values }) => [time, values]));
    const end = Math.floor(this.#now() / resolutionSeconds) * resolutionSeconds;
    const rows: RrdRow[] = [];
    for (let age = rowCount; age >= 0; age -= 1) {
      const time = end - age * resolutionSeconds;
      const row: Record<string, number> = { time };
      byTime.get(time)?.forEach((value, index) => {
        const name = series.columns[index];
        if (name !== undefined && Number.isFinite(value)) row[name] = value;
      });
      rows.push(row);
    }
    // The newest span has often not ended yet.
    if (Object.keys(rows.at(-1) ?? {}).length === 1) rows.pop();
    return rows;
  }

  /** Makes the daemon write what it holds back; without the daemon the file is as new as it gets. */
  async #flush(file: string): Promise<void> {
    try {
      await this.#daemon.run([`FLUSH ${file}`]);
    } catch (error) {
      if (!(error instanceof RrdCachedUnreachableError)) throw error;
      this.#log.debug({ file, err: error }, "figures are read without the daemon");
    }
  }
}

function localMidnight(epochSeconds: number): number {
  const time = new Date(epochSeconds * 1000);
  time.setHours(0, 0, 0, 0);
  return Math.floor(time.getTime() / 1000);
}
