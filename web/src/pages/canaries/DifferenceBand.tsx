import { useMemo } from "react";
import type { CanaryDetail } from "../../api/types";
import { Chart } from "../../charts/Chart";
import type { Line, Mark } from "../../charts/series";
import { TimeSeries } from "../../charts/TimeSeries";
import { count, difference, percent } from "../../lib/format";
import { hourMinuteSecond } from "../../lib/time";
import { axis } from "./axis";

const format = (value: number) => difference(value, 2);

/** Candidate − control over time, with its anytime-valid band, the margin, and where each step began. */
export function DifferenceBand({ canary }: { canary: CanaryDetail }) {
  const { series, margin, steps } = canary;
  const drawn = useMemo(() => {
    const times = series.map((point) => Date.parse(point.at) / 1000);
    const lines: Line[] = [
      {
        label: "difference",
        variable: "--s1",
        values: series.map((point) => (point.pairs > 0 ? point.delta : null)),
        band: { lower: series.map((point) => point.lower), upper: series.map((point) => point.upper) },
        pale: series.map((point) => point.pairs < 30),
      },
    ];
    const marks: Mark[] = series.flatMap((point, i) => {
      if (i > 0 && series[i - 1]?.step === point.step) return [];
      return [{ at: times[i] ?? 0, label: percent(steps[point.step] ?? 0, 0), variable: "--text" }];
    });
    const floors: Mark[] = [
      {
        at: -margin,
        label: `roll back when the whole band is below ${difference(-margin, 2)}`,
        short: `margin ${difference(-margin, 2)}`,
        variable: "--bad-text",
      },
    ];
    return { times, lines, marks, floors, range: axis(series, margin) };
  }, [series, margin, steps]);
  const { evidence } = canary;
  return (
    <Chart
      title="Grade difference, candidate − stable"
      question={`Is it worse? Anytime-valid 95 % band: looking early does not make it lie. n ${count(evidence.pairs)} pairs.`}
      summary={`Difference of mean grade ${difference(evidence.delta)}, band from ${difference(evidence.lower)} to ${difference(evidence.upper)} after ${count(evidence.pairs)} pairs; the margin is ${difference(-margin)}.`}
      height={270}
      empty={series.length < 2 ? "The band draws itself once pairs of scored answers come in. A pair is one answer of each arm." : null}
      table={{
        header: ["Time", "Pairs", "Difference", "Lower", "Upper", "Step"],
        rows: series.map((point) => [
          hourMinuteSecond(Date.parse(point.at) / 1000),
          count(point.pairs),
          difference(point.delta),
          difference(point.lower),
          difference(point.upper),
          percent(steps[point.step] ?? 0, 0),
        ]),
      }}
    >
      <TimeSeries {...drawn} below={-margin} format={format} height={250} />
    </Chart>
  );
}
