/** A graph with its title, legend, axes in text, and the same figures as a table for those who do not see it. */
import { lazy, type ReactNode, Suspense, useState } from "react";
import { useNow } from "../app-context.tsx";
import { formatAge, formatClock, formatMoment } from "../format/time.ts";
import { t } from "../text/t.ts";
import { endsOf, lastPoint, niceMaximum, type Series } from "./series.ts";

const Plot = lazy(async () => ({ default: (await import("./plot.tsx")).Plot }));

export interface FigureProps {
  readonly title: string;
  readonly series: Series | undefined;
  readonly lines: readonly { readonly name: string; readonly color: string }[];
  /** The end of the axis where there is one by nature: all cores, all memory. */
  readonly capacity?: number | undefined;
  readonly base: 10 | 1024;
  readonly format: (value: number) => { readonly value: string; readonly unit: string };
  /** Under the big figure: "of 4 cores". */
  readonly note?: string | undefined;
  /** Read from the live value instead of the last measured point. */
  readonly current?: number | undefined;
  /** What it is of does not answer: the last point is old, however near. */
  readonly isStale?: boolean;
  readonly height?: number;
  readonly group?: string;
}

const TICKS = [0, 0.25, 0.5, 0.75, 1];
const DAY_S = 24 * 3600;
const AGE_TICK_MS = 10_000;
// Kept, so that the graph is not made anew with each drawing of the page.
const colorLists = new Map<string, readonly string[]>();

export function Figure({
  title,
  series,
  lines,
  capacity,
  base,
  format,
  note,
  current,
  isStale = false,
  height = 144,
  group,
}: FigureProps): ReactNode {
  const [cursor, setCursor] = useState<number | undefined>(undefined);
  const largest = Math.max(0, ...(series?.columns ?? []).flatMap((column) => column.map((value) => value ?? 0)));
  const max = capacity !== undefined && capacity > 0 ? capacity : niceMaximum(largest, base);
  const key = lines.map(({ color }) => color).join();
  const colors = colorLists.get(key) ?? lines.map(({ color }) => color);
  colorLists.set(key, colors);
  const at = cursor === undefined ? undefined : series?.times[cursor];
  const now = useNow(AGE_TICK_MS);
  const last = current === undefined && series !== undefined ? lastPoint(series, now) : undefined;
  const pointed = cursor === undefined ? undefined : (series?.columns[0]?.[cursor] ?? undefined);
  const shown = cursor === undefined ? (current ?? last?.value) : pointed;
  const oldAge = cursor === undefined && last !== undefined && (isStale || last.isOld) ? now - last.at : undefined;
  const big = shown === undefined ? undefined : format(shown);
  const top = format(max);
  const half = format(max / 2);
  return (
    <figure className="fig">
      <figcaption>
        <b>{title}</b>
        {lines.map(({ name, color }, index) => (
          <span
            key={name}
            className={`lg${index === 0 ? "" : " d"}`}
            style={{ "--c": `var(${color})` } as React.CSSProperties}
          >
            {name}
          </span>
        ))}
        <span className={oldAge === undefined ? "now" : "now old"}>
          {big === undefined ? t("value.none") : big.value}
          <small>
            {big === undefined || big.unit === "" ? "" : ` ${big.unit}`}
            {oldAge !== undefined ? (
              ` ${t("value.ago", { age: formatAge(oldAge) })}`
            ) : at !== undefined ? (
              ` ${t("graph.at", { time: formatClock(at).slice(0, 5) })}`
            ) : note === undefined ? null : (
              <span className="of"> {note}</span>
            )}
          </small>
        </span>
      </figcaption>
      <div className="plot" style={{ height }}>
        {series === undefined ? (
          <span className="sk" style={{ height }} />
        ) : (
          <Suspense fallback={null}>
            <Plot series={series} colors={colors} max={max} height={height} group={group} onCursor={setCursor} />
          </Suspense>
        )}
        <span className="y" style={{ top: "0%" }}>{`${top.value} ${top.unit}`}</span>
        <span className="y" style={{ top: "50%" }}>
          {half.unit === top.unit ? half.value : `${half.value} ${half.unit}`}
        </span>
        <span className="y" style={{ top: "100%" }}>
          0
        </span>
      </div>
      <div className="x" aria-hidden="true">
        {series === undefined ? " " : axisLabels(series.times)}
      </div>
      {series === undefined ? null : <EndsTable title={title} series={series} lines={lines} format={format} />}
    </figure>
  );
}

function axisLabels(times: readonly number[]): ReactNode {
  const first = times[0];
  const last = times.at(-1);
  if (first === undefined || last === undefined) return " ";
  const isLong = last - first > 2 * DAY_S;
  return TICKS.map((share) => {
    const at = first + (last - first) * share;
    return (
      <span key={share}>
        {isLong ? formatMoment(at, last).replace(/ \d\d:\d\d$/, "") : formatClock(at).slice(0, 5)}
      </span>
    );
  });
}

function EndsTable({
  title,
  series,
  lines,
  format,
}: Pick<FigureProps, "title" | "lines" | "format"> & { readonly series: Series }): ReactNode {
  const show = (value: number | undefined): string => {
    if (value === undefined) return t("value.none");
    const { value: number, unit } = format(value);
    return `${number} ${unit}`;
  };
  return (
    <div className="sr">
      <table>
        <caption>{title}</caption>
        <thead>
          <tr>
            {[t("graph.line"), t("graph.now"), t("graph.min"), t("graph.average"), t("graph.max")].map((text) => (
              <th key={text} scope="col">
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map(({ name }, index) => {
            const ends = endsOf(series.columns[index] ?? []);
            return (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{show(ends.now)}</td>
                <td>{show(ends.min)}</td>
                <td>{show(ends.average)}</td>
                <td>{show(ends.max)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
