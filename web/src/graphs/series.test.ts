import { describe, expect, test } from "vitest";
import { endsOf, gapsOf, lastPoint, niceMaximum, seriesCsv, seriesOf, trimStart } from "./series.ts";

const rows = [{ time: 60 }, { time: 120, cpu: 0.5 }, { time: 180, cpu: "x" }, { time: 240, cpu: 0.25 }];

describe("series", () => {
  test("what was not measured is a gap, never a zero", () => {
    expect(seriesOf(rows, ["cpu"])).toEqual({ times: [60, 120, 180, 240], columns: [[null, 0.5, null, 0.25]] });
  });

  test("gaps longer than two steps are told, with the points around them", () => {
    const times = [0, 1, 2, 3, 4, 5, 6, 7];
    expect(gapsOf({ times, columns: [[1, null, null, null, 5, null, null, 7]] })).toEqual([{ from: 0, to: 4 }]);
    expect(gapsOf({ times, columns: [[1, null, null, null, null, null, null, null]] })).toEqual([{ from: 0, to: 7 }]);
    expect(
      gapsOf({
        times,
        columns: [
          [1, null, null, null, 1, 1, 1, 1],
          [1, 1, 1, 1, 1, 1, 1, 1],
        ],
      }),
    ).toEqual([]);
  });

  test("an empty beginning is cut, but some of it is kept", () => {
    const series = seriesOf([{ time: 1 }, { time: 2 }, { time: 3 }, { time: 4, a: 1 }], ["a"]);
    expect(trimStart(series, 2).times).toEqual([3, 4]);
    expect(trimStart(series, 4).times).toEqual([1, 2, 3, 4]);
  });

  test.each([
    [0, 10, 1],
    [0.7, 10, 0.8],
    [7, 10, 8],
    [430, 10, 500],
    [1000, 10, 1000],
    [3 * 1024 ** 2, 1024, 4 * 1024 ** 2],
    [900 * 1024 ** 2, 1024, 1000 * 1024 ** 2],
  ] as const)("an axis for %d (base %d) ends at %d", (largest, base, want) =>
    expect(niceMaximum(largest, base)).toBeCloseTo(want),
  );

  test("ends leave gaps out", () => {
    expect(endsOf([null, 2, 4, null])).toEqual({ now: 4, min: 2, average: 3, max: 4 });
    expect(endsOf([null]).now).toBeUndefined();
  });

  test("the last point is old when nothing came after it for three steps", () => {
    const series = { times: [0, 60, 120, 180], columns: [[1, 2, null, null]] };
    expect(lastPoint(series, 240)).toEqual({ value: 2, at: 60, isOld: false });
    expect(lastPoint(series, 241)).toEqual({ value: 2, at: 60, isOld: true });
    expect(lastPoint({ times: [0, 60], columns: [[null, null]] }, 60)).toBeUndefined();
  });

  test("as a table", () => {
    expect(seriesCsv({ times: [0], columns: [[1], [null]] }, ["a", "b"])).toBe(
      "time,a,b\n1970-01-01T00:00:00.000Z,1,\n",
    );
  });
});
