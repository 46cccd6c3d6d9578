import type { ReactNode } from "react";
import type { Overview } from "../../api/types";
import { Spark } from "../../charts/Spark";
import { count, grade, halfWidth, ms, percent, usd } from "../../lib/format";
import css from "./Kpis.module.css";

/** The four numbers: quality, cost against the best model only, p95 latency, share served by a fallback. */
export function Kpis({ overview }: { overview: Overview }) {
  const { quality, cost_usd_24h: cost, cost_best_usd_24h: best, sparks, totals } = overview;
  const saved = cost !== null && best !== null && best > 0 ? 1 - cost / best : null;
  const failed = overview.fallback_share === null ? null : Math.round(overview.fallback_share * totals.requests_24h);
  return (
    <div className="grid k4">
      <Kpi title="Quality" value={grade(quality?.value)} spark={<Spark values={sparks.quality} />}>
        {quality && quality.n > 0 ? `${halfWidth(quality)}, n ${count(quality.n)}` : "no scores yet"}
      </Kpi>
      <Kpi title="Cost, 24 h" value={usd(cost)} spark={<Spark values={sparks.cost} zero />}>
        {saved === null ? (
          totals.requests_24h === 0 ? (
            "no requests yet"
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
      <Kpi title="p95 latency" value={ms(overview.p95_ms)} spark={<Spark values={sparks.p95} zero />}>
        {overview.p95_ms === null ? "no requests yet" : "over 24 h"}
      </Kpi>
      <Kpi title="Served by fallback" value={percent(overview.fallback_share)} spark={<Spark values={sparks.fallback} zero />}>
        {failed === null ? "no requests yet" : `${count(failed)} of ${count(totals.requests_24h)}`}
      </Kpi>
    </div>
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
