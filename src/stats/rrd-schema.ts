/** Which figures are kept over time, in which order and for how long. Pure. */

export type RrdKind = "node" | "vm" | "storage";

export interface RrdColumn {
  readonly name: string;
  /** GAUGE: a level. DERIVE: a counter, kept as its rate per second. */
  readonly type: "GAUGE" | "DERIVE";
}

export interface RrdSchema {
  /** Folder of the files and beginning of the keys. */
  readonly prefix: string;
  /** The keys of older releases, whose data lack the newer columns at the end. */
  readonly oldPrefix: string;
  /** Fields before the time, which are shown live and not kept. */
  readonly liveFieldCount: number;
  readonly columns: readonly RrdColumn[];
}

const gauges = (...names: string[]): RrdColumn[] => names.map((name) => ({ name, type: "GAUGE" }));
const counters = (...names: string[]): RrdColumn[] => names.map((name) => ({ name, type: "DERIVE" }));

export const RRD_SCHEMAS: Readonly<Record<RrdKind, RrdSchema>> = {
  node: {
    prefix: "pve-node-9.0",
    oldPrefix: "pve2-node",
    liveFieldCount: 2,
    columns: [
      ...gauges("loadavg", "maxcpu", "cpu", "iowait", "memtotal", "memused", "swaptotal", "swapused"),
      ...gauges("roottotal", "rootused"),
      ...counters("netin", "netout"),
      ...gauges("memavailable", "arcsize", "pressurecpusome", "pressureiosome", "pressureiofull"),
      ...gauges("pressurememorysome", "pressurememoryfull"),
    ],
  },
  vm: {
    prefix: "pve-vm-9.0",
    oldPrefix: "pve2.3-vm",
    liveFieldCount: 4,
    columns: [
      ...gauges("maxcpu", "cpu", "maxmem", "mem", "maxdisk", "disk"),
      ...counters("netin", "netout", "diskread", "diskwrite"),
      ...gauges("memhost", "pressurecpusome", "pressurecpufull", "pressureiosome", "pressureiofull"),
      ...gauges("pressurememorysome", "pressurememoryfull"),
    ],
  },
  storage: {
    prefix: "pve-storage-9.0",
    oldPrefix: "pve2-storage",
    liveFieldCount: 0,
    columns: gauges("total", "used"),
  },
};

export const RRD_STEP_SECONDS = 60;
const HEARTBEAT_SECONDS = 120;

/** Rows of each archive, kept for the average and the maximum. */
export const RRD_ARCHIVES = [
  { stepCount: 1, rowCount: 1440 },
  { stepCount: 30, rowCount: 1440 },
  { stepCount: 360, rowCount: 1440 },
  { stepCount: 10080, rowCount: 570 },
] as const;

export const CONSOLIDATIONS = ["AVERAGE", "MAX"] as const;
export type Consolidation = (typeof CONSOLIDATIONS)[number];

/** The definitions of a file, as rrdcached's CREATE takes them. */
export function definitionsOf(kind: RrdKind): string[] {
  const sources = RRD_SCHEMAS[kind].columns.map(({ name, type }) => `DS:${name}:${type}:${HEARTBEAT_SECONDS}:0:U`);
  const archives = CONSOLIDATIONS.flatMap((cf) =>
    RRD_ARCHIVES.map(({ stepCount, rowCount }) => `RRA:${cf}:0.5:${stepCount}:${rowCount}`),
  );
  return [...sources, ...archives];
}

/** Spans that can be asked for. */
export const TIMEFRAMES = {
  hour: { resolutionSeconds: 60, rowCount: 60 },
  day: { resolutionSeconds: 60, rowCount: 1440 },
  week: { resolutionSeconds: 1800, rowCount: 336 },
  month: { resolutionSeconds: 1800, rowCount: 1440 },
  year: { resolutionSeconds: 21_600, rowCount: 1440 },
  decade: { resolutionSeconds: 604_800, rowCount: 570 },
} as const;
export type Timeframe = keyof typeof TIMEFRAMES;

/** What to write where: `time` and exactly the columns of the file. */
export interface RrdUpdate {
  /** Below the database directory. */
  readonly file: string;
  readonly kind: RrdKind;
  /** Epoch seconds. */
  readonly time: number;
  readonly values: readonly string[];
}

const PLAIN_NAME = /^(?!\.\.?$)[A-Za-z0-9_.-]+$/;

/**
 * Reads one entry of the `.rrd` dump, of any release: missing columns become unknown, later ones are cut.
 * @returns undefined for a key or data that is none of ours.
 */
export function readRrdEntry(key: string, fields: readonly string[]): RrdUpdate | undefined {
  const [folder = "", ...names] = key.split("/");
  const kind = kindOf(folder);
  if (kind === undefined || names.length !== (kind === "storage" ? 2 : 1)) return undefined;
  if (!names.every((name) => PLAIN_NAME.test(name))) return undefined;
  const { prefix, liveFieldCount, columns } = RRD_SCHEMAS[kind];
  const time = Number(fields[liveFieldCount]);
  if (!Number.isSafeInteger(time) || time <= 0) return undefined;
  const given = fields.slice(liveFieldCount + 1);
  // A wrong column count would be taken by the daemon and spoil the file's later updates.
  const values = columns.map(({ type }, index) => cleanValue(given[index], type));
  return { file: [prefix, ...names].join("/"), kind, time, values };
}

function kindOf(folder: string): RrdKind | undefined {
  const [, current] = /^pve-(node|vm|storage)-\d[\d.]*$/.exec(folder) ?? [];
  if (current === "node" || current === "vm" || current === "storage") return current;
  const old = Object.entries(RRD_SCHEMAS).find(([, { oldPrefix }]) => oldPrefix === folder);
  return old === undefined ? undefined : (old[0] as RrdKind);
}

const UNKNOWN = "U";

/** Counters are whole numbers; anything that is no number is unknown. */
function cleanValue(text: string | undefined, type: RrdColumn["type"]): string {
  if (text === undefined || text.trim() === "") return UNKNOWN;
  const value = Number(text);
  if (!Number.isFinite(value)) return UNKNOWN;
  return type === "DERIVE" ? String(BigInt(Math.trunc(value))) : String(value);
}
