import type { Run } from "../../api/types";
import { Chart } from "../../charts/Chart";
import { Frontier } from "../../charts/Frontier";
import { frontier } from "../../charts/pareto";
import { grade, usd } from "../../lib/format";
import { chartNames } from "../../lib/names";

/** Quality against cost of the run's own answers. */
export function RunFrontier({ detail: { arms } }: { detail: Run }) {
  const name = chartNames(arms.map((arm) => arm.name));
  const drawn = arms.flatMap((arm) => {
    const quality = arm.metrics.find((metric) => metric.name === "quality")?.grade ?? arm.metrics[0]?.grade;
    const cost = arm.cost_usd?.value ?? 0;
    return quality && quality.n > 0 && cost > 0 ? [{ label: name(arm.name), cost: cost * 1000, ...quality }] : [];
  });
  const best = frontier(drawn).map((point) => point.label);
  return (
    <Chart
      title="Quality against cost"
      question="Who is worth the money? Mean grade of this run, cost per 1 000 answers."
      summary={drawn.length === 0 ? "No arm has both grades and a price." : `On the frontier are ${best.join(", ")}.`}
      height={300}
      empty={drawn.length === 0 ? "No arm has both grades and a known price yet." : null}
      table={{
        header: ["Who", "Grade", "Lower", "Upper", "Cost / 1 k"],
        rows: drawn.map((point) => [point.label, grade(point.value), grade(point.lower), grade(point.upper), usd(point.cost)]),
      }}
    >
      <Frontier points={drawn} router={null} floor={null} />
    </Chart>
  );
}
