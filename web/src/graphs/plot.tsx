/** One graph on a canvas. Graphs with the same `group` share the cursor. This module brings the drawing library. */
import { type ReactNode, useEffect, useRef } from "react";
import uPlot from "uplot";
import { useValue } from "../app-context.tsx";
import { shownTheme } from "../shell/theme.ts";
import { gapsOf, type Series } from "./series.ts";

export interface PlotProps {
  readonly series: Series;
  /** CSS variables of the lines' colours; from the second on lines are dashed. */
  readonly colors: readonly string[];
  readonly max: number;
  readonly height: number;
  readonly group: string | undefined;
  /** The point under the cursor of this group, or undefined when there is none. */
  readonly onCursor: ((index: number | undefined) => void) | undefined;
}

const DASH = [4, 3];
const FILL_ALPHA = "1c";

function cssColor(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function Plot({ series, colors, max, height, group, onCursor }: PlotProps): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const theme = useValue(shownTheme);
  const latest = useRef({ series, max, onCursor });
  latest.current = { series, max, onCursor };

  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme changes the colours that are read from the page
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const lines = colors.map((name, index): uPlot.Series => {
      const color = cssColor(name);
      return {
        stroke: color,
        width: 1.6,
        points: { show: false },
        spanGaps: false,
        ...(index === 0 ? { fill: color + FILL_ALPHA } : { dash: DASH }),
      };
    });
    const made = new uPlot(
      {
        width: element.clientWidth,
        height,
        padding: [0, 0, 0, 0],
        legend: { show: false },
        axes: [{ show: false }, { show: false }],
        // Two pixels below nothing: a line along the axis would be cut off.
        scales: { x: { time: true }, y: { range: () => [(-2 / height) * latest.current.max, latest.current.max] } },
        series: [{}, ...lines],
        cursor: {
          y: false,
          points: { size: 6, fill: (_self, index) => cssColor(colors[index - 1] ?? "--s1") },
          ...(group === undefined ? {} : { sync: { key: group, setSeries: false } }),
        },
        hooks: {
          drawClear: [(self) => drawGround(self, gapsOf(latest.current.series))],
          setCursor: [
            (self) => {
              const index = self.cursor.idx;
              latest.current.onCursor?.(
                index === null || index === undefined || (self.cursor.left ?? -1) < 0 ? undefined : index,
              );
            },
          ],
        },
      },
      dataOf(latest.current.series),
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [colors, height, group, theme]);

  useEffect(() => {
    plot.current?.setData(dataOf(series));
  }, [series]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the scale reads the new end itself
  useEffect(() => {
    plot.current?.setData(dataOf(latest.current.series));
  }, [max]);

  return <div ref={box} style={{ height }} aria-hidden="true" />;
}

function dataOf({ times, columns }: Series): uPlot.AlignedData {
  return [times as number[], ...columns.map((column) => column as (number | null)[])];
}

/** Lines at nothing, the half and the whole; hatching where nothing was measured. */
function drawGround(self: uPlot, gaps: readonly { readonly from: number; readonly to: number }[]): void {
  const { ctx } = self;
  const { left, top, width, height } = self.bbox;
  const line = cssColor("--line");
  ctx.save();
  ctx.strokeStyle = line;
  ctx.lineWidth = devicePixelRatio;
  for (const share of [0, 0.5, 1]) {
    const y = share === 1 ? Math.round(self.valToPos(0, "y", true)) + 0.5 : Math.round(top + height * share) + 0.5;
    ctx.beginPath();
    ctx.moveTo(left, y);
    ctx.lineTo(left + width, y);
    ctx.stroke();
  }
  for (const { from, to } of gaps) {
    const x0 = Math.max(left, self.valToPos(from, "x", true));
    const x1 = Math.min(left + width, self.valToPos(to, "x", true));
    if (x1 - x0 < 2) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(x0, top, x1 - x0, height);
    ctx.clip();
    const step = 6 * devicePixelRatio;
    for (let x = x0 - height; x < x1; x += step) {
      ctx.beginPath();
      ctx.moveTo(x, top + height);
      ctx.lineTo(x + height, top);
      ctx.stroke();
    }
    ctx.restore();
  }
  ctx.restore();
}
