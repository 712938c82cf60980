/** Measured series as graphs need them: gaps stay gaps, and axes end at round numbers. */
export interface Series {
  /** Epoch seconds, rising. */
  readonly times: readonly number[];
  readonly columns: readonly (readonly (number | null)[])[];
}

type Row = Readonly<Record<string, unknown>>;

/** @param fields one column each; a field that a row lacks is a gap. */
export function seriesOf(rows: readonly unknown[], fields: readonly string[]): Series {
  const list = rows as readonly Row[];
  return {
    times: list.map(({ time }) => Number(time)),
    columns: fields.map((field) =>
      list.map((row) => {
        const value = row[field];
        return typeof value === "number" && Number.isFinite(value) ? value : null;
      }),
    ),
  };
}

/** Cuts off where nothing was measured yet, so that a young guest's graph is not mostly empty. */
export function trimStart(series: Series, minPoints: number): Series {
  const first = series.times.findIndex((_time, index) => series.columns.some((column) => column[index] !== null));
  if (first <= 0) return series;
  const from = Math.min(first, Math.max(0, series.times.length - minPoints));
  return { times: series.times.slice(from), columns: series.columns.map((column) => column.slice(from)) };
}

export interface Gap {
  readonly from: number;
  readonly to: number;
}

/** Spans of more than two steps in which nothing was measured, between two points or at either end. */
export function gapsOf({ times, columns }: Series): readonly Gap[] {
  const gaps: Gap[] = [];
  let start: number | undefined;
  for (let index = 0; index <= times.length; index += 1) {
    const isEmpty = index < times.length && columns.every((column) => column[index] === null);
    if (isEmpty) start ??= index;
    else if (start !== undefined) {
      if (index - start > 2) {
        const from = times[Math.max(0, start - 1)];
        const to = times[Math.min(times.length - 1, index)];
        if (from !== undefined && to !== undefined) gaps.push({ from, to });
      }
      start = undefined;
    }
  }
  return gaps;
}

/** The next of 1, 2, 4, 5, 8, 10 × base^n: what an axis may end at. */
export function niceMaximum(largest: number, base: 10 | 1024): number {
  if (!(largest > 0)) return 1;
  const unit = base === 10 ? 1 : 1024 ** Math.max(0, Math.floor(Math.log(largest) / Math.log(1024)));
  const scaled = largest / unit;
  const power = 10 ** Math.floor(Math.log10(scaled));
  const step = [1, 2, 4, 5, 8, 10].find((candidate) => candidate * power >= scaled * 0.999) ?? 10;
  return step * power * unit;
}

/** A point may come this many steps late before the one before it is old. */
const RECENT_STEPS = 3;
const DEFAULT_STEP_S = 60;

export interface LastPoint {
  readonly value: number;
  readonly at: number;
  /** Nothing has been measured since, for longer than it takes. */
  readonly isOld: boolean;
}

/** The last point of the first line. */
export function lastPoint({ times, columns }: Series, now: number): LastPoint | undefined {
  const column = columns[0] ?? [];
  const index = column.findLastIndex((value) => value !== null);
  const value = column[index];
  const at = times[index];
  if (value === undefined || value === null || at === undefined) return undefined;
  const step = (times[1] ?? 0) - (times[0] ?? 0);
  return { value, at, isOld: now - at > RECENT_STEPS * (step > 0 ? step : DEFAULT_STEP_S) };
}

export interface Ends {
  readonly now: number | undefined;
  readonly min: number | undefined;
  readonly average: number | undefined;
  readonly max: number | undefined;
}

export function endsOf(column: readonly (number | null)[]): Ends {
  const values = column.filter((value) => value !== null);
  if (values.length === 0) return { now: undefined, min: undefined, average: undefined, max: undefined };
  return {
    now: values.at(-1),
    min: Math.min(...values),
    average: values.reduce((sum, value) => sum + value, 0) / values.length,
    max: Math.max(...values),
  };
}

/** For "Download CSV". */
export function seriesCsv({ times, columns }: Series, names: readonly string[]): string {
  const lines = times.map((time, index) =>
    [new Date(time * 1000).toISOString(), ...columns.map((column) => column[index] ?? "")].join(","),
  );
  return [["time", ...names].join(","), ...lines, ""].join("\n");
}
