import type { ReactNode } from "react";
import { useSearchParam } from "../route/navigation.tsx";
import { type MessageKey, t } from "../text/t.ts";

export const RANGES = ["hour", "day", "week", "month", "year"] as const;
export type Range = (typeof RANGES)[number];

const LABELS: Readonly<Record<Range, MessageKey>> = {
  hour: "range.hour",
  day: "range.day",
  week: "range.week",
  month: "range.month",
  year: "range.year",
};

/** How often new points come. */
export const REFRESH_MS: Readonly<Record<Range, number>> = {
  hour: 30_000,
  day: 60_000,
  week: 300_000,
  month: 600_000,
  year: 3_600_000,
};

/** The range is in the address. */
export function useRange(): [Range, (range: Range) => void] {
  const [value, setValue] = useSearchParam("range");
  const range = RANGES.find((one) => one === value) ?? "hour";
  return [range, (next) => setValue(next === "hour" ? undefined : next)];
}

export function RangeButtons({
  range,
  onChange,
}: {
  readonly range: Range;
  readonly onChange: (range: Range) => void;
}): ReactNode {
  return (
    <div className="seg" role="toolbar" aria-label={t("range.title")}>
      {RANGES.map((one) => (
        <button key={one} type="button" aria-pressed={one === range} onClick={() => onChange(one)}>
          {t(LABELS[one])}
        </button>
      ))}
    </div>
  );
}
