import type { ReactNode } from "react";
import { change, compact, count, difference, grade, ms, NONE, percent, usd } from "../../lib/format";
import { Card } from "../../ui/Card";
import { Grade } from "../../ui/Figure";
import { Scroll } from "../../ui/Scroll";
import { duration, type Maths, type Side } from "./maths";

/** The numbers: what changes with its interval, and what is known of both sides. */
export function MathsTables({ maths }: { maths: Maths }) {
  const { traffic, quality, cost, latency, errors, plan } = maths;
  const points = (value: number) => `${difference(value * 100, 2)} pt`;
  const rows: [string, ReactNode, ReactNode, ReactNode][] = [
    [
      "Quality, mean grade",
      difference(quality.delta),
      range(quality.ci95, difference),
      `${percent(quality.good, 0)} likely within the margin of ${grade(quality.margin)}; ${count(quality.n)} grades by ${quality.judge}`,
    ],
    [
      "Cost per request",
      usd(cost.per_req_delta_usd),
      cost.per_req_ci95 ? range(cost.per_req_ci95, usd) : "",
      "at prices and tokens as they are",
    ],
    ["Saved in 30 days", usd(cost.monthly_saving_usd), range(cost.ci95, usd), `over ${compact(traffic.req_30d)} requests`],
    ["Traffic in 30 days", compact(traffic.req_30d), range(traffic.req_30d_ci, compact), `${percent(traffic.share, 0)} of the workload`],
    [
      "p95 latency",
      latency ? change(latency.p95_ratio - 1) : NONE,
      latency?.ci95 ? range(latency.ci95, (ratio) => change(ratio - 1)) : "",
      latency ? "new against present" : "not both have been seen",
    ],
    [
      "Failure rate",
      errors ? points(errors.delta) : NONE,
      errors ? range(errors.ci95, points) : "",
      errors ? "" : "not both have been seen",
    ],
    [
      "To prove it",
      `${count(plan.n_needed)} pairs`,
      "",
      `about ${duration(plan.eta)}; costs at most ${plan.max_expected_loss_pts.toFixed(2)} points of quality meanwhile`,
    ],
  ];
  return (
    <div className="grid k2">
      <Card title="The maths" question="What changes, with 95 % intervals.">
        <Scroll label="The maths">
          <table aria-label="The maths">
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col" className="n">
                  Change
                </th>
                <th scope="col">95 % interval</th>
                <th scope="col" className="wide">
                  From
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map(([what, value, interval, from]) => (
                <tr key={what}>
                  <th scope="row">{what}</th>
                  <td className="n">{value}</td>
                  <td className="muted nowrap">{interval}</td>
                  <td className="muted wide">{from}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </Card>
      <Card title="Both sides" question="What was known when it was proposed.">
        <Sides from={maths.evidence.from} to={maths.evidence.to} />
      </Card>
    </div>
  );
}

function range([lower, upper]: [number, number], say: (value: number) => string): string {
  return `${say(lower)} to ${say(upper)}`;
}

function Sides({ from, to }: { from: Side; to: Side }) {
  const rows: [string, (side: Side) => ReactNode][] = [
    ["Quality", ({ quality }) => <Grade figure={quality ? { ...quality, value: quality.mean } : null} n />],
    ["Cost / request", (side) => usd(side.cost_usd)],
    ["Requests", (side) => count(side.requests)],
    ["Failed", (side) => count(side.failed)],
    ["p95", (side) => ms(side.p95_us === null ? null : side.p95_us / 1000)],
  ];
  return (
    <Scroll label="Both sides">
      <table aria-label="Both sides">
        <thead>
          <tr>
            <th scope="col">Figure</th>
            <th scope="col" className="n">
              {from.deployment}
            </th>
            <th scope="col" className="n">
              {to.deployment}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, say]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td className="n">{say(from)}</td>
              <td className="n">{say(to)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
