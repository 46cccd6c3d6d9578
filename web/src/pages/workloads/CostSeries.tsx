import { useMemo } from "react";
import type { Series } from "../../api/types";
import { Chart } from "../../charts/Chart";
import { nice } from "../../charts/scale";
import { stackSums } from "../../charts/series";
import { TimeSeries } from "../../charts/TimeSeries";
import { usd, usdTicks } from "../../lib/format";
import { lookOf } from "../../lib/colours";
import { chartNames } from "../../lib/names";
import { hourMinuteSecond, type Range, span, rangeName } from "../../lib/time";
import { bucketTimes, revisionMarks } from "./bucketed";

/** What the workload's answers cost over time, by who answered. */
export function CostSeries({ series, range }: { series: Series; range: Range }) {
  const drawn = useMemo(() => {
    const name = chartNames(series.deployments.map((row) => row.deployment));
    const paid = series.deployments.filter((row) => row.cost_usd.some((value) => value > 0));
    const stacked = stackSums(paid.map((row) => row.cost_usd));
    const top = Math.max(0, ...(stacked.at(-1) ?? []).map((value) => value ?? 0));
    const range: [number, number] = [0, top > 0 ? nice(0, top)[1] : 1];
    return {
      paid,
      lines: paid.map((row, i) => ({ label: name(row.deployment), variable: lookOf(row.deployment).variable, values: stacked[i] ?? [] })),
      times: bucketTimes(series),
      marks: revisionMarks(series),
      range,
      format: usdTicks(range[1]),
    };
  }, [series]);
  const totals = drawn.paid.map((row) => [row.deployment, row.cost_usd.reduce((sum, value) => sum + value, 0)] as const);
  const all = totals.reduce((sum, [, value]) => sum + value, 0);
  return (
    <Chart
      title="Spend over time"
      question={`Where does the money go? US dollars per ${span(series.step_s)}, ${usd(all)} in ${rangeName(range)}.`}
      summary={
        all > 0
          ? `Spend over the last ${rangeName(range)}: ${totals.map(([id, value]) => `${id} ${usd(value)}`).join(", ")}.`
          : `Nothing was spent in the last ${rangeName(range)}.`
      }
      height={318}
      empty={all === 0 ? "No request with a known cost in this range." : null}
      table={{
        header: ["Time", ...drawn.paid.map((row) => row.deployment)],
        rows: drawn.times.map((at, i) => [hourMinuteSecond(at), ...drawn.paid.map((row) => usd(row.cost_usd[i]))]),
      }}
    >
      <TimeSeries {...drawn} height={300} stacked labels />
    </Chart>
  );
}
