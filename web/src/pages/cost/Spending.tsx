import { useMemo } from "react";
import type { CostSeries } from "../../api/types";
import { Chart } from "../../charts/Chart";
import { TimeSeries } from "../../charts/TimeSeries";
import { usd, usdTicks } from "../../lib/format";
import { hourMinute, type Range, span, rangeName } from "../../lib/time";
import { columns, type Split } from "./split";

/** Spending over time, the dearest groups by name. */
export function Spending({ series, split, range }: { series: CostSeries; split: Split; range: Range }) {
  const drawn = useMemo(() => {
    const drawn = columns(series, split);
    return { ...drawn, format: usdTicks(drawn.range[1]) };
  }, [series, split]);
  const total = (values: number[]) => values.reduce((sum, value) => sum + value, 0);
  const all = total(drawn.parts.map((part) => total(part.values)));
  const said = drawn.parts.map((part) => `${part.label} ${usd(total(part.values))}`).join(", ");
  return (
    <Chart
      title="Spending over time"
      question={`Where does the money go? US dollars per ${span(series.step_s)}, ${usd(all)} in ${rangeName(range)}.`}
      summary={all > 0 ? `Spending over the last ${rangeName(range)}: ${said}.` : `Nothing was spent in the last ${rangeName(range)}.`}
      height={250}
      empty={all === 0 ? "Nothing with a known price in this range. Choose a longer one, or send a request." : null}
      table={{
        header: ["Time", ...drawn.parts.map((part) => part.label)],
        rows: drawn.times.map((at, i) => [
          hourMinute(new Date(at * 1000).toISOString()),
          ...drawn.parts.map((part) => usd(part.values[i])),
        ]),
      }}
    >
      <TimeSeries times={drawn.times} lines={drawn.lines} range={drawn.range} format={drawn.format} height={230} stacked labels />
    </Chart>
  );
}
