import type { ReactNode } from "react";
import type { Workload } from "../../api/types";
import { Chart } from "../../charts/Chart";
import { Frontier } from "../../charts/Frontier";
import { frontier } from "../../charts/pareto";
import { grade, usd } from "../../lib/format";
import { chartNames } from "../../lib/names";

/** Quality against cost: each candidate's window, the router's own mix, and the floor. */
export function WorkloadFrontier({ workload, tools }: { workload: Workload; tools?: ReactNode }) {
  const name = chartNames(workload.candidates.map((row) => row.deployment));
  const drawn = workload.candidates.flatMap(({ deployment, quality, cost_per_1k_usd: cost }) =>
    quality && quality.n > 0 && cost !== null && cost > 0 ? [{ label: name(deployment), cost, ...quality }] : [],
  );
  const left = workload.candidates.filter(({ deployment }) => !drawn.some((point) => point.label === name(deployment)));
  const { quality, cost_per_1k_usd: cost } = workload.router;
  const router = quality && quality.n > 0 && cost !== null && cost > 0 ? { value: quality.value, cost } : null;
  const best = frontier(drawn).map((point) => point.label);
  const summary =
    drawn.length === 0
      ? `Quality against cost of ${workload.id}: no candidate has both scores and a price.`
      : `Quality against cost of ${workload.id}: on the frontier are ${best.join(", ")}. ` +
        (router ? `The router reaches ${grade(router.value)} at ${usd(router.cost)} per 1 000 requests.` : "");
  return (
    <Chart
      title="Quality against cost"
      question={
        <>
          Are we on the frontier? Workload <strong>{workload.id}</strong>, mean grade, bounds at 90 % each side.
        </>
      }
      summary={summary}
      height={300}
      tools={tools}
      empty={
        drawn.length === 0
          ? "No candidate has both scores and a price yet. Scores come from the workload's scorers, or from anybody through POST /api/v1/scores."
          : null
      }
      table={{
        header: ["Deployment", "Grade", "Lower", "Upper", "Scores", "Cost / 1 k"],
        rows: workload.candidates.map((c) => [
          c.deployment,
          grade(c.quality?.value),
          grade(c.quality?.lower),
          grade(c.quality?.upper),
          c.quality?.n ?? 0,
          usd(c.cost_per_1k_usd),
        ]),
      }}
    >
      <Frontier points={drawn} router={router} floor={workload.floor} />
      {left.length > 0 ? (
        <p className="muted small">Not drawn, without scores or price: {left.map((c) => name(c.deployment)).join(", ")}.</p>
      ) : null}
    </Chart>
  );
}
