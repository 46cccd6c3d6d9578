import type { Trace } from "../../api/types";
import { count, NONE, usd } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Scroll } from "../../ui/Scroll";

const NANO = 1e9;

/** What the request cost, call by call, and what grading it cost on top. */
export function CostCard({ trace }: { trace: Trace }) {
  const { usage } = trace;
  const scoring = trace.scores.reduce((sum, score) => sum + score.cost_usd, 0);
  const rows: [string, string, string][] = [
    ...trace.attempts.map((attempt, i): [string, string, string] => [
      `Call ${i + 1}: ${attempt.deployment}`,
      attempt.error ?? "served",
      attempt.cost === null ? "price unknown" : usd(attempt.cost / NANO),
    ]),
    ...trace.scores
      .filter((score) => score.cost_usd > 0)
      .map((score): [string, string, string] => [`Grading: ${score.scorer}`, score.source, usd(score.cost_usd)]),
  ];
  const parts = [
    `${count(usage.input)} tokens in`,
    usage.cached_input ? `${count(usage.cached_input)} of them from cache` : "",
    usage.cache_write ? `${count(usage.cache_write)} written to it` : "",
    `${count(usage.output)} out`,
    usage.reasoning ? `${count(usage.reasoning)} of them reasoning` : "",
    usage.estimated ? "counted by weir" : "",
  ];
  return (
    <Card title="Cost" question={`What did it take? ${parts.filter(Boolean).join(", ")}.`}>
      <Scroll label="Cost of the request">
        <table aria-label="Cost of the request">
          <tbody>
            {rows.map(([what, how, cost]) => (
              <tr key={what}>
                <th scope="row">{what}</th>
                <td className="muted">{how}</td>
                <td className="n">{cost}</td>
              </tr>
            ))}
            <tr>
              <th scope="row">All together</th>
              <td className="muted">{scoring > 0 ? "the answer and its grades" : "the answer"}</td>
              <td className="n">{trace.cost_usd === null ? NONE : usd(trace.cost_usd + scoring)}</td>
            </tr>
          </tbody>
        </table>
      </Scroll>
    </Card>
  );
}
