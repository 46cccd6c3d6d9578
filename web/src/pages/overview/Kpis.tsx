import type { ReactNode } from "react";
import type { Overview } from "../../api/types";
import { Spark } from "../../charts/Spark";
import { count, grade, halfWidth, ms, percent, usd } from "../../lib/format";
import { span } from "../../lib/time";
import css from "./Kpis.module.css";

/** The four numbers over a range, such as `24 h`: quality, cost against the best model only, p95 latency, share served by a fallback. */
export function Kpis({ overview, range }: { overview: Overview; range: string }) {
  const { quality, cost_usd: cost, cost_best_usd: best, sparks, totals } = overview;
  const saved = cost !== null && best !== null && best > 0 ? 1 - cost / best : null;
  const per = `per ${span(sparks.step_s)}`;
  const failed = overview.fallback_share === null ? null : Math.round(overview.fallback_share * totals.requests);
  return (
    <div className="grid k4">
      <Kpi title="Quality" value={grade(quality?.value)} spark={<Spark values={sparks.quality} title={per} />}>
        {quality && quality.n > 0 ? (
          <Since by={overview.change.quality} say={grade} small={0.0005} better="more" range={range}>
            {`${halfWidth(quality)}, n ${count(quality.n)}`}
          </Since>
        ) : (
          "no scores yet"
        )}
      </Kpi>
      <Kpi title={`Cost, ${range}`} value={usd(cost)} spark={<Spark values={sparks.cost} zero title={per} />}>
        {saved === null ? (
          totals.requests === 0 ? (
            `no requests in ${range}`
          ) : (
            "no price known"
          )
        ) : saved >= 0.005 ? (
          <span className="ok" title={`${usd(best)} with the best model only`}>
            ▼ {percent(saved, 0)} under best
          </span>
        ) : (
          `${usd(best)} best only`
        )}
      </Kpi>
      <Kpi title="p95 latency" value={ms(overview.p95_ms)} spark={<Spark values={sparks.p95} zero title={per} />}>
        {overview.p95_ms === null ? (
          `no requests in ${range}`
        ) : (
          <Since by={overview.change.p95_ms} say={ms} small={0.5} better="less" range={range}>
            {`over ${range}`}
          </Since>
        )}
      </Kpi>
      <Kpi title="Served by fallback" value={percent(overview.fallback_share)} spark={<Spark values={sparks.fallback} zero title={per} />}>
        {failed === null ? `no requests in ${range}` : `${count(failed)} of ${count(totals.requests)}`}
      </Kpi>
    </div>
  );
}

interface SinceProps {
  /** The range less the same time before it; `null` where there was nothing before. */
  by: number | null | undefined;
  say: (by: number) => string;
  /** Less than this is no change. */
  small: number;
  better: "more" | "less";
  range: string;
  /** Said where there was nothing before, and where it is pointed at. */
  children: string;
}

/** By how much a figure has moved since the same time before: the arrow tells which way, the colour whether that is good. */
function Since({ by, say, small, better, range, children }: SinceProps) {
  if (by === null || by === undefined) return children;
  const title = `${children}. Against the ${range} before`;
  if (Math.abs(by) < small) return <span title={title}>as the time before</span>;
  return (
    <span className={by > 0 === (better === "more") ? "ok" : "warn"} title={title}>
      {by > 0 ? "▲" : "▼"} {say(Math.abs(by))} in {range}
    </span>
  );
}

function Kpi({ title, value, spark, children }: { title: string; value: string; spark: ReactNode; children: ReactNode }) {
  return (
    <section className="card" aria-label={title}>
      <h2>{title}</h2>
      <div className="num">{value}</div>
      <div className={css.foot}>
        <span className="muted small">{children}</span>
        {spark}
      </div>
    </section>
  );
}
