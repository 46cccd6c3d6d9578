import { useMemo, useState } from "react";
import type { DeploymentSeries, Series } from "../../api/types";
import { Chart } from "../../charts/Chart";
import { nice } from "../../charts/scale";
import { lastKnown, type Line } from "../../charts/series";
import { TimeSeries } from "../../charts/TimeSeries";
import { ms } from "../../lib/format";
import { lookOf } from "../../lib/colours";
import { chartNames } from "../../lib/names";
import { hourMinuteSecond, type Range, span, rangeName } from "../../lib/time";
import { bucketTimes, revisionMarks } from "./bucketed";

const QUANTILES = { p50: "Median", p95: "95th percentile" } as const;
type Quantile = keyof typeof QUANTILES;
const values = (row: DeploymentSeries, quantile: Quantile) => (quantile === "p50" ? row.p50_ms : row.p95_ms);

/** How long whole answers take, by deployment, over time. */
export function LatencySeries({ series, range }: { series: Series; range: Range }) {
  const [quantile, setQuantile] = useState<Quantile>("p95");
  const drawn = useMemo(() => {
    const name = chartNames(series.deployments.map((row) => row.deployment));
    const lines: Line[] = series.deployments
      .filter((row) => values(row, quantile).some((value) => value !== null))
      .map((row) => ({
        label: name(row.deployment),
        ...lookOf(row.deployment),
        values: values(row, quantile),
        pale: row.requests.map((n) => n < 20),
      }));
    const top = Math.max(1, ...lines.flatMap((line) => line.values.map((value) => value ?? 0)));
    return { lines, times: bucketTimes(series), marks: revisionMarks(series), range: [0, nice(0, top)[1]] as [number, number] };
  }, [series, quantile]);
  const latest = drawn.lines.map((line) => `${line.label} ${ms(lastKnown(line.values)?.value)}`);
  return (
    <Chart
      title="Latency over time"
      question={`Is anybody getting slower? ${QUANTILES[quantile]} of whole answers per ${span(series.step_s)}; pale under 20 requests.`}
      summary={
        latest.length > 0
          ? `${QUANTILES[quantile]} latency over the last ${rangeName(range)}, latest: ${latest.join(", ")}.`
          : `No answers in the last ${rangeName(range)}.`
      }
      height={290}
      tools={
        <div className="segmented" role="group" aria-label="Quantile">
          {(Object.keys(QUANTILES) as Quantile[]).map((each) => (
            <button key={each} type="button" className="btn" aria-pressed={each === quantile} onClick={() => setQuantile(each)}>
              {each}
            </button>
          ))}
        </div>
      }
      empty={drawn.lines.length === 0 ? "No answers in this range." : null}
      table={{
        header: ["Time", ...drawn.lines.map((line) => line.label)],
        rows: drawn.times.map((at, i) => [hourMinuteSecond(at), ...drawn.lines.map((line) => ms(line.values[i]))]),
      }}
    >
      <TimeSeries {...drawn} format={ms} height={270} partial labels />
    </Chart>
  );
}
