import type { Figure, Run } from "../../api/types";
import { Interval } from "../../charts/Interval";
import { nice } from "../../charts/scale";
import { MIN_N } from "../../lib/bounds";
import { count, grade, ms, NONE, percent, usd } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Grade } from "../../ui/Figure";
import { Scroll } from "../../ui/Scroll";

/** Who answers down, who grades across: each cell a mean with its interval, on one scale. */
export function Matrix({ detail }: { detail: Run }) {
  const { arms } = detail;
  const metrics = [...new Set(arms.flatMap((arm) => arm.metrics.map((metric) => metric.name)))];
  const figures = arms.flatMap((arm) => arm.metrics.flatMap((metric) => metric.grade ?? []));
  const domain: [number, number] =
    figures.length > 0 ? nice(Math.min(...figures.map((f) => f.lower)), Math.max(...figures.map((f) => f.upper))) : [0, 1];
  return (
    <Card
      title="Answers by grade"
      question="Who is best, by which scorer, how dear and how fast? Means over items with anytime-valid intervals."
    >
      {arms.every((arm) => arm.asked === 0) ? <p className="muted">The first answers are on their way.</p> : null}
      <Scroll label="Answers by grade">
        <table aria-label="Answers by grade">
          <thead>
            <tr>
              <th scope="col">Who answers</th>
              {metrics.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
              <th scope="col" className="n">
                Cost / 1 k
              </th>
              <th scope="col" className="n widest">
                p50
              </th>
              <th scope="col" className="n widest">
                p95
              </th>
              <th scope="col" className="n wide">
                No answer
              </th>
            </tr>
          </thead>
          <tbody>
            {arms.map((arm) => (
              <tr key={arm.name}>
                <th scope="row">
                  <span className="mono">{arm.name}</span> {arm.is_baseline ? <span className="muted small">baseline</span> : null}
                </th>
                {metrics.map((name) => {
                  const metric = arm.metrics.find((each) => each.name === name);
                  return (
                    <td key={name}>
                      <Cell figure={metric?.grade ?? null} coverage={metric?.coverage ?? null} domain={domain} />
                    </td>
                  );
                })}
                <td className="n">{usd(arm.cost_usd ? arm.cost_usd.value * 1000 : null)}</td>
                <td className="n widest">{ms(arm.p50_ms)}</td>
                <td className="n widest">{ms(arm.p95_ms)}</td>
                <td className="n wide">{arm.errors > 0 ? <span className="bad">{count(arm.errors)}</span> : "0"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Card>
  );
}

function Cell({ figure, coverage, domain }: { figure: Figure | null; coverage: number | null; domain: [number, number] }) {
  if (!figure) return <span className="muted">{NONE}</span>;
  return (
    <span
      className="row nowrap"
      style={{ flexWrap: "nowrap" }}
      title={`${grade(figure.lower)} to ${grade(figure.upper)}, ${count(figure.n)} items`}
    >
      <Grade figure={figure} />
      <span className="wide">
        <Interval {...figure} domain={domain} pale={figure.n < MIN_N} width={90} />
      </span>
      {coverage !== null && coverage < 0.995 ? <span className="warn small">{percent(coverage, 0)} graded</span> : null}
    </span>
  );
}
