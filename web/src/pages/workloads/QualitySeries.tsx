import { useMemo } from "react";
import type { Series } from "../../api/types";
import { Chart } from "../../charts/Chart";
import { nice } from "../../charts/scale";
import { lastKnown } from "../../charts/series";
import { TimeSeries } from "../../charts/TimeSeries";
import { count, grade } from "../../lib/format";
import { hourMinuteSecond, span, type Range, rangeName } from "../../lib/time";
import { bucketTimes, qualityLines, revisionMarks } from "./bucketed";

/** Bands wider than this do not set the axis. */
const WIDE = 0.25;
const format = (value: number) => value.toFixed(2);

/** Mean grade of each deployment over time, with its bounds and the floor. */
export function QualitySeries({ series, floor, range }: { series: Series; floor: number | null; range: Range }) {
  const drawn = useMemo(() => {
    const lines = qualityLines(series);
    // Wide bands of thin buckets may leave the picture; otherwise they would flatten all others.
    const known = lines.flatMap((line) =>
      line.values.flatMap((value, i) => {
        const [low, high] = [line.band?.lower[i] ?? null, line.band?.upper[i] ?? null];
        const narrow = low !== null && high !== null && high - low <= WIDE ? [low, high] : [];
        return value === null ? [] : [value, ...narrow];
      }),
    );
    const ends = floor === null ? known : [...known, floor];
    const [low, high] = ends.length > 0 ? nice(Math.min(...ends), Math.max(...ends)) : [0, 1];
    return {
      lines,
      times: bucketTimes(series),
      marks: revisionMarks(series),
      range: [Math.max(0, low), Math.min(1, high)] as [number, number],
    };
  }, [series, floor]);
  const floors = useMemo(() => (floor === null ? [] : [{ at: floor, label: `floor ${floor}`, variable: "--warn-text" }]), [floor]);
  const latest = drawn.lines.map((line) => `${line.label} ${grade(lastKnown(line.values)?.value)}`);
  const n = series.deployments.reduce((sum, row) => sum + row.quality_n.reduce((a, b) => a + b, 0), 0);
  return (
    <Chart
      title="Quality over time"
      question={`Is any deployment getting worse? Mean grade per ${span(series.step_s)} with bounds, ${count(n)} scores in ${rangeName(range)}; pale under 5.`}
      summary={
        latest.length > 0
          ? `Quality over the last ${rangeName(range)}, latest: ${latest.join(", ")}.`
          : `No scores in the last ${rangeName(range)}.`
      }
      height={310}
      empty={
        drawn.lines.length === 0 ? "No scores in this range. Each scored answer adds to a point; buckets without scores stay gaps." : null
      }
      table={{
        header: ["Time", ...drawn.lines.map((line) => line.label)],
        rows: drawn.times.map((at, i) => [hourMinuteSecond(at), ...drawn.lines.map((line) => grade(line.values[i]))]),
      }}
    >
      <TimeSeries {...drawn} floors={floors} format={format} height={290} partial labels />
    </Chart>
  );
}
