import { useMemo } from "react";
import type { Series } from "../../api/types";
import { Chart } from "../../charts/Chart";
import { TimeSeries } from "../../charts/TimeSeries";
import { count, percent } from "../../lib/format";
import { hourMinuteSecond, type Range, span, rangeName } from "../../lib/time";
import { bucketTimes, revisionMarks, shareLines } from "./bucketed";

const WHOLE: [number, number] = [0, 1];
const format = (value: number) => percent(value, 0);

/** Which deployment served how much of the traffic over time. */
export function ShareSeries({ series, range }: { series: Series; range: Range }) {
  const drawn = useMemo(() => ({ lines: shareLines(series), times: bucketTimes(series), marks: revisionMarks(series) }), [series]);
  const totals = series.deployments.map((row) => [row.deployment, row.requests.reduce((sum, n) => sum + n, 0)] as const);
  const all = totals.reduce((sum, [, n]) => sum + n, 0);
  const said = totals.filter(([, n]) => n > 0).map(([id, n]) => `${id} ${percent(n / all)}`);
  return (
    <Chart
      title="Route share"
      question={`Who serves? Share of requests per ${span(series.step_s)}, ${count(all)} requests in ${rangeName(range)}.`}
      summary={
        all > 0
          ? `Share of requests over the last ${rangeName(range)}: ${said.join(", ")}.`
          : `No requests in the last ${rangeName(range)}.`
      }
      height={230}
      empty={all === 0 ? "No requests in this range." : null}
      table={{
        header: ["Time", ...series.deployments.map((row) => row.deployment)],
        rows: drawn.times.map((at, i) => [hourMinuteSecond(at), ...series.deployments.map((row) => count(row.requests[i]))]),
      }}
    >
      <TimeSeries {...drawn} range={WHOLE} format={format} height={210} stacked labels />
    </Chart>
  );
}
